// SPDX-License-Identifier: Apache-2.0
// The --sim option: names, places, refusals. Options of the devices are in sim_set_option_test.c.
#include "tests/unit/set_rig.h"

#include <string.h>

#define WHOLE_SET "1-1=disk 1-2=hub 1-2.1=keyboard 1-2.2=serial 1-3=zero 1-4=audio"

// --- places --------------------------------------------------------------------------------------

TEST(sim_set_default)
{
    set_check(NULL, WHOLE_SET);
    set_check("", WHOLE_SET);
    set_check("default", WHOLE_SET);
}

// Its places are taken by what comes first.
TEST(sim_set_default_and_others)
{
    set_check("default,camera", WHOLE_SET " 1-5=camera");
    set_check(
        "zero:speed=full,default,serial",
        "1-3=zero 1-1=disk 1-2=hub 1-2.1=keyboard 1-2.2=serial 1-5=zero 1-4=audio 1-6=serial");
    set_check_refused("default:size=1M", BASE_ERR_INVALID, "default: it has no options");
    set_check_unknown("default,tape:size=1M", "tape");
}

TEST(sim_set_none)
{
    set_check("none", "");
}

TEST(sim_set_of_single_devices)
{
    set_check("disk", "1-1=disk");
    set_check("keyboard", "1-2=hub 1-2.1=keyboard");
    set_check("serial", "1-2=hub 1-2.2=serial");
    set_check("zero", "1-3=zero");
    set_check("audio", "1-4=audio");
    set_check("camera", "1-5=camera");
    set_check("multi", "1-5=multi");
    set_check("faulty", "1-5=faulty");
    set_check("zero,serial,keyboard", "1-3=zero 1-2=hub 1-2.2=serial 1-2.1=keyboard");
}

TEST(sim_set_of_several_of_a_kind)
{
    set_check("zero,zero:speed=full,keyboard,zero,keyboard,faulty:late",
              "1-3=zero 1-5=zero 1-2=hub 1-2.1=keyboard 1-6=zero 1-7=keyboard 1-8=faulty");
}

// The firmware has real devices on buses 1 and 2.
SET_TEST(sim_set_on_another_bus, set_begin(s))
{
    sim_bus_destroy(s->rig.bus);
    s->rig.bus = sim_bus_create(&s->rig.heap.alloc, 3);
    s->rig.backend = sim_bus_backend(s->rig.bus);
    CHECK_EQ(set_plug(s, "zero,serial,camera"), BASE_OK);
    set_check_plugged(s, "3-3=zero 3-2=hub 3-2.2=serial 3-5=camera");
}

SET_TEST(sim_set_plugged_again, set_begin(s))
{
    CHECK_EQ(set_plug(s, "zero,keyboard"), BASE_OK);
    CHECK_EQ(sim_unplug(s->rig.bus, "1-3"), BASE_OK); // pulled, but its place is kept
    CHECK_EQ(set_plug(s, "serial,zero"), BASE_OK);
    set_check_plugged(s, "1-2=hub 1-2.1=keyboard 1-2.2=serial 1-5=zero");
}

// "zero" so many times, then `last`.
static void repeat(char *spec, size_t size, unsigned zeros, const char *last)
{
    struct base_text t;
    base_text_init(&t, spec, size);
    while (zeros--)
        base_text_str(&t, "zero,");
    base_text_str(&t, last);
    CHECK(!t.cut);
}

// How many devices the bus announces: more than the rig keeps.
static unsigned announced(struct set_rig *s)
{
    struct backend_event ev;
    unsigned count = 0;
    while (s->rig.backend->take_event(s->rig.backend, s->rig.now_us, &ev))
        count += ev.type == BACKEND_PLUGGED;
    return count;
}

SET_TEST(sim_set_of_64_devices, set_begin(s))
{
    char spec[400];
    repeat(spec, sizeof spec, 63, "zero");
    CHECK_EQ(set_plug(s, spec), BASE_OK);
    CHECK_EQ(announced(s), 64);
    CHECK(sim_find(s->rig.bus, "1-3") && sim_find(s->rig.bus, "1-5") &&
          sim_find(s->rig.bus, "1-67"));
    CHECK(!sim_find(s->rig.bus, "1-68"));
}

// A bus has 125 devices, and a hub is one of them.
TEST(sim_set_full)
{
    struct set_rig s;
    char spec[700];
    set_begin(&s);
    repeat(spec, sizeof spec, 123, "zero");
    CHECK_EQ(set_plug(&s, spec), BASE_OK);
    CHECK(sim_find(s.rig.bus, "1-127") && !sim_find(s.rig.bus, "1-128"));
    CHECK_EQ(set_plug(&s, "disk:size=1M,zero"), BASE_ERR_LIMIT);
    CHECK_STR(s.why, "too many devices, there is no port for one more zero");
    CHECK(!sim_find(s.rig.bus, "1-1"));
    CHECK_EQ(set_plug(&s, "keyboard"), BASE_ERR_LIMIT); // it would come with its hub
    CHECK_EQ(set_plug(&s, "disk:size=1M"), BASE_OK);
    CHECK(sim_find(s.rig.bus, "1-1"));
    CHECK_EQ(set_plug(&s, "serial"), BASE_ERR_LIMIT);
    CHECK_STR(s.why, "too many devices, there is no port for one more serial");
    CHECK_EQ(announced(&s), 125);
    set_end(&s);
    repeat(spec, sizeof spec, 125, "zero");
    set_check_refused(spec, BASE_ERR_LIMIT, "too many devices, there is no port for one more zero");
}

// --- refusals ------------------------------------------------------------------------------------

TEST(sim_set_unknown_words)
{
    set_check_unknown("tape", "tape");
    set_check_unknown("zero,", "");
    set_check_unknown("zero,none", "none");
    set_check_unknown("Disk", "Disk");
    set_check_refused("disk:size=1M,zero,serial:baud=4", BASE_ERR_INVALID,
                      "serial: unknown option 'baud'");
    set_check_refused("multi:speed=full", BASE_ERR_INVALID, "multi: unknown option 'speed'");
    set_check_refused("disk:ro=1", BASE_ERR_INVALID, "disk: 'ro' takes no value");
    set_check_refused("disk:", BASE_ERR_INVALID, "disk: unknown option ''");
    set_check_refused("keyboard:layout=de", BASE_ERR_INVALID, "keyboard: unknown option 'layout'");
}

SET_TEST(sim_set_why_is_cut_to_fit, set_begin(s))
{
    char why[8];
    CHECK_EQ(sim_set_plug(s->rig.bus, "tape", &s->files, why, sizeof why), BASE_ERR_INVALID);
    CHECK_STR(why, "unknown");
}

TEST(sim_set_out_of_memory_at_each_step)
{
    unsigned n = 1;
    for (enum base_err err = BASE_ERR_NOMEM; err != BASE_OK; n++) {
        struct set_rig s;
        struct backend_event ev;
        set_begin(&s);
        s.rig.heap.fail_at = s.rig.heap.calls + n;
        err = set_plug(
            &s, "disk:size=1M,keyboard:text=x,serial,zero,disk:file=a:uas,multi,audio:record=b,"
                "camera,faulty:stall");
        if (err != BASE_OK) {
            CHECK_EQ(err, BASE_ERR_NOMEM);
            CHECK(strstr(s.why, "there is not enough memory"));
            while (rig_take(&s.rig, &ev))
                CHECK_EQ(ev.type, BACKEND_UNPLUGGED); // nothing is announced
        }
        set_end(&s);
        CHECK(n < 1000);
    }
    CHECK(n > 18); // at least the list, nine devices with their ports
}

static void check_shown(const char *help, const char *before, const char *name, const char *behind)
{
    char want[64];
    struct base_text t;
    base_text_init(&t, want, sizeof want);
    base_text_str(&t, before);
    base_text_str(&t, name);
    base_text_str(&t, behind);
    CHECK(!t.cut);
    if (!strstr(help, want))
        check_fail(__FILE__, __LINE__, "the help does not say '%s'", want);
}

TEST(sim_set_help_names_everything)
{
    char help[SIM_SET_HELP_SIZE];
    struct base_text t;
    base_text_init(&t, help, sizeof help);
    sim_set_help(&t);
    CHECK(!t.cut);
    for (unsigned i = 0; sim_set_kinds[i]; i++) {
        const struct sim_option *o = sim_set_kinds[i]->options;
        check_shown(help, "  ", sim_set_kinds[i]->name, "  ");
        for (unsigned j = 0; j < SIM_OPTIONS_MAX && o[j].name; j++)
            check_shown(help, "    :", o[j].name, o[j].value ? "=" : "  ");
    }
    CHECK(
        strstr(help, "\n    :size=N         its size: bytes, or with K, M or G; from 1M to 4G\n"));
    CHECK(strstr(help, "\n  default         disk, keyboard, serial, zero, audio\n"));
    CHECK(strstr(help, "\n  none            no device\n"));
    size_t column = 0;
    for (const char *c = help; *c; c++) {
        column = *c == '\n' ? 0 : column + 1;
        CHECK(column <= 80);
    }
}

// What a kind says of itself makes sense.
TEST(sim_set_kinds_are_whole)
{
    for (unsigned i = 0; sim_set_kinds[i]; i++) {
        const struct sim_option *o = sim_set_kinds[i]->options;
        CHECK(sim_set_kinds[i]->name && sim_set_kinds[i]->help && sim_set_kinds[i]->create);
        for (unsigned j = 0; j < i; j++)
            CHECK(strcmp(sim_set_kinds[i]->name, sim_set_kinds[j]->name) != 0);
        for (unsigned j = 0; j < SIM_OPTIONS_MAX && o[j].name; j++) {
            CHECK(o[j].help);
            CHECK(!o[j].wants == (o[j].max == 0 && !o[j].words));
            CHECK(o[j].value || !o[j].wants);
        }
    }
}
