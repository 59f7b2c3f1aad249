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
TEST(sim_set_on_another_bus)
{
    struct set_rig s;
    set_begin(&s);
    sim_bus_destroy(s.rig.bus);
    s.rig.bus = sim_bus_create(&s.rig.heap.alloc, 3);
    s.rig.backend = sim_bus_backend(s.rig.bus);
    CHECK_EQ(set_plug(&s, "zero,serial,camera"), BASE_OK);
    set_check_plugged(&s, "3-3=zero 3-2=hub 3-2.2=serial 3-5=camera");
    set_end(&s);
}

TEST(sim_set_plugged_again)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(set_plug(&s, "zero,keyboard"), BASE_OK);
    CHECK_EQ(sim_unplug(s.rig.bus, "1-3"), BASE_OK); // pulled, but its place is kept
    CHECK_EQ(set_plug(&s, "serial,zero"), BASE_OK);
    set_check_plugged(&s, "1-2=hub 1-2.1=keyboard 1-2.2=serial 1-5=zero");
    set_end(&s);
}

TEST(sim_set_full)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(set_plug(&s, "zero,zero,zero,zero,zero,zero,zero,zero,zero,zero,zero,zero"), BASE_OK);
    CHECK(sim_find(s.rig.bus, "1-15") && !sim_find(s.rig.bus, "1-16"));
    CHECK_EQ(set_plug(&s, "disk:size=1M,zero"), BASE_ERR_LIMIT);
    CHECK_STR(s.why, "too many devices, there is no port for one more zero");
    CHECK(!sim_find(s.rig.bus, "1-1"));
    set_end(&s);
    set_check_refused(
        "faulty,faulty,faulty,faulty,faulty,faulty,faulty,faulty,faulty,faulty,faulty,"
        "serial,keyboard,zero,disk:size=1M,zero",
        BASE_ERR_LIMIT, "too many devices, there is no port for one more zero");
}

// --- refusals ------------------------------------------------------------------------------------

TEST(sim_set_unknown_words)
{
    set_check_refused(
        "tape", BASE_ERR_INVALID,
        "unknown device 'tape', there are disk, keyboard, serial, zero, audio, camera, "
        "multi, faulty");
    set_check_refused(
        "zero,", BASE_ERR_INVALID,
        "unknown device '', there are disk, keyboard, serial, zero, audio, camera, multi, faulty");
    set_check_refused(
        "zero,none", BASE_ERR_INVALID,
        "unknown device 'none', there are disk, keyboard, serial, zero, audio, camera, "
        "multi, faulty");
    set_check_refused(
        "Disk", BASE_ERR_INVALID,
        "unknown device 'Disk', there are disk, keyboard, serial, zero, audio, camera, "
        "multi, faulty");
    set_check_refused("disk:size=1M,zero,serial:baud=4", BASE_ERR_INVALID,
                      "serial: unknown option 'baud'");
    set_check_refused("multi:speed=full", BASE_ERR_INVALID, "multi: unknown option 'speed'");
    set_check_refused("disk:ro=1", BASE_ERR_INVALID, "disk: unknown option 'ro'");
    set_check_refused("disk:", BASE_ERR_INVALID, "disk: unknown option ''");
    set_check_refused("keyboard:layout=de", BASE_ERR_INVALID, "keyboard: unknown option 'layout'");
}

TEST(sim_set_why_is_cut_to_fit)
{
    struct set_rig s;
    char why[8];
    set_begin(&s);
    CHECK_EQ(sim_set_plug(s.rig.bus, "tape", &s.env, why, sizeof why), BASE_ERR_INVALID);
    CHECK_STR(why, "unknown");
    set_end(&s);
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

TEST(sim_set_help_names_everything)
{
    static const char *const words[] = {"disk",     ":size=",  ":file=", ":ro",       "keyboard",
                                        ":text=",   "serial",  "zero",   ":speed=",   "multi",
                                        ":uas",     ":count=", "faulty", ":nak",      ":stall",
                                        ":short",   ":babble", ":late",  ":vanish",   "audio",
                                        ":record=", "camera",  ":bulk",  ":payload=", "default",
                                        "none"};
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!strstr(sim_set_help(), words[i]))
            check_fail(__FILE__, __LINE__, "the help does not say %s", words[i]);
    size_t column = 0;
    for (const char *c = sim_set_help(); *c; c++) {
        column = *c == '\n' ? 0 : column + 1;
        CHECK(column <= 80);
    }
}
