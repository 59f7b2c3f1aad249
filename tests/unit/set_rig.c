// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/set_rig.h"

#include "sim/device/disk/sim_storage.h"
#include "sim/device/sim_recording.h"

#include <string.h>

static enum base_err fake_read(void *ctx, uint64_t offset, void *buf, size_t size)
{
    (void)ctx, (void)offset;
    memset(buf, 0x5a, size);
    return BASE_OK;
}

static void fake_destroy(void *ctx)
{
    struct set_rig *s = ctx;
    s->destroyed++;
}

static enum base_err fake_open(void *ctx, const char *path, bool read_only,
                               struct sim_storage *storage, char *why, size_t why_size)
{
    struct set_rig *s = ctx;
    CHECK(base_text_copy(s->path, sizeof s->path, path));
    s->read_only = read_only;
    if (s->open_result != BASE_OK) {
        CHECK(base_text_copy(why, why_size, "the file is not there"));
        return s->open_result;
    }
    s->opened++;
    *storage = (struct sim_storage){.read = fake_read,
                                    .destroy = fake_destroy,
                                    .ctx = s,
                                    .size_bytes = SET_FILE_BLOCKS * 512ull,
                                    .read_only = read_only};
    return BASE_OK;
}

static enum base_err fake_append(void *ctx, const void *samples, size_t size)
{
    (void)ctx, (void)samples, (void)size;
    return BASE_OK;
}

static enum base_err fake_record(void *ctx, const char *path, struct sim_recording *recording,
                                 char *why, size_t why_size)
{
    struct set_rig *s = ctx;
    CHECK(base_text_copy(s->path, sizeof s->path, path));
    if (s->open_result != BASE_OK) {
        CHECK(base_text_copy(why, why_size, "the file is not there"));
        return s->open_result;
    }
    s->opened++;
    *recording = (struct sim_recording){fake_append, fake_destroy, s};
    return BASE_OK;
}

void set_begin(struct set_rig *s)
{
    memset(s, 0, sizeof *s);
    rig_begin(&s->rig);
    s->rig.heap.fail_once = true;
    s->files = (struct sim_files){.open_image = fake_open, .open_recording = fake_record, .ctx = s};
}

void set_end(struct set_rig *s)
{
    rig_end(&s->rig);
    CHECK_EQ(s->destroyed, s->opened);
}

enum base_err set_plug(struct set_rig *s, const char *spec)
{
    (void)base_text_copy(s->why, sizeof s->why, "?");
    return sim_set_plug(s->rig.bus, spec, &s->files, s->why, sizeof s->why);
}

void set_check_plugged(struct set_rig *s, const char *want)
{
    char have[400];
    struct base_text t;
    struct backend_event ev;
    base_text_init(&t, have, sizeof have);
    while (rig_take(&s->rig, &ev)) {
        if (ev.type != BACKEND_PLUGGED)
            continue;
        base_text_str(&t, t.length ? " " : "");
        base_text_str(&t, ev.info->busid);
        base_text_str(&t, "=");
        base_text_str(&t, sim_find(s->rig.bus, ev.info->busid)->name);
    }
    CHECK_STR(have, want);
}

void set_check(const char *spec, const char *want)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(set_plug(&s, spec), BASE_OK);
    CHECK_STR(s.why, "");
    set_check_plugged(&s, want);
    set_end(&s);
}

void set_check_refused(const char *spec, enum base_err err, const char *why)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(set_plug(&s, spec), err);
    CHECK_STR(s.why, why);
    set_check_plugged(&s, "");
    CHECK_EQ(s.rig.heap.blocks, 1); // the bus: nothing was even plugged and pulled again
    set_end(&s);
}

void set_check_unknown(const char *spec, const char *name)
{
    char why[SET_WHY];
    struct base_text t;
    base_text_init(&t, why, sizeof why);
    base_text_str(&t, "unknown device '");
    base_text_str(&t, name);
    base_text_str(&t, "', there are ");
    for (unsigned i = 0; sim_set_kinds[i]; i++) {
        base_text_str(&t, i ? ", " : "");
        base_text_str(&t, sim_set_kinds[i]->name);
    }
    CHECK(!t.cut);
    set_check_refused(spec, BASE_ERR_INVALID, why);
}

void set_open(struct set_rig *s, const char *busid)
{
    rig_settle(&s->rig);
    s->rig.dev = rig_find(&s->rig, busid);
    CHECK(s->rig.dev);
    s->rig.sim = sim_find(s->rig.bus, busid);
    CHECK_EQ(rig_open(s->rig.dev), BASE_OK);
    rig_change(s->rig.dev, USB_SET_CONFIGURATION, 0, 1);
}
