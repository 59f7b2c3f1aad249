// SPDX-License-Identifier: Apache-2.0
// The --sim option on a bus of its own, with files that tests can refuse and memory that can end.
#pragma once

#include "sim/set/sim_set.h"

#include "base/base_text.h"
#include "tests/support/sim_rig.h"

enum { WHY = 160, FILE_BLOCKS = 7 };

struct set_rig {
    struct rig rig;
    unsigned allocations, failing; // the n-th one fails; 0: none
    char why[WHY];

    // The port's files.
    struct sim_set_environment env;
    enum base_err open_result;
    char path[64];
    bool read_only;
    unsigned opened, destroyed;
};

static inline void *limited_alloc(void *ctx, size_t size)
{
    struct set_rig *s = ctx;
    return ++s->allocations == s->failing ? NULL : rig_alloc(&s->rig, size);
}

static inline void limited_free(void *ctx, void *p)
{
    struct set_rig *s = ctx;
    rig_free(&s->rig, p);
}

static inline enum base_err fake_read(void *ctx, uint64_t offset, void *buf, size_t size)
{
    (void)ctx, (void)offset;
    memset(buf, 0x5a, size);
    return BASE_OK;
}

static inline void fake_destroy(void *ctx)
{
    struct set_rig *s = ctx;
    s->destroyed++;
}

static inline enum base_err fake_open(void *ctx, const char *path, bool read_only,
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
                                    .size_bytes = FILE_BLOCKS * 512ull,
                                    .read_only = read_only};
    return BASE_OK;
}

static inline enum base_err fake_append(void *ctx, const void *samples, size_t size)
{
    (void)ctx, (void)samples, (void)size;
    return BASE_OK;
}

static inline enum base_err fake_record(void *ctx, const char *path,
                                        struct sim_recording *recording, char *why, size_t why_size)
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

static inline void set_begin(struct set_rig *s)
{
    memset(s, 0, sizeof *s);
    rig_begin(&s->rig);
    s->rig.alloc = (struct base_alloc){limited_alloc, limited_free, s};
    s->env =
        (struct sim_set_environment){.open_file = fake_open, .open_record = fake_record, .ctx = s};
}

static inline void set_end(struct set_rig *s)
{
    sim_bus_destroy(s->rig.bus);
    CHECK_EQ(s->rig.blocks, 0);
    CHECK_EQ(s->destroyed, s->opened);
}

static inline enum base_err plug(struct set_rig *s, const char *spec)
{
    (void)base_text_copy(s->why, sizeof s->why, "?");
    return sim_set_plug(s->rig.bus, spec, &s->env, s->why, sizeof s->why);
}

// All busids that the bus announces, in order, with the names of their devices.
static inline void check_plugged(struct set_rig *s, const char *want)
{
    char have[400];
    struct base_text t;
    struct backend_event ev;
    base_text_init(&t, have, sizeof have);
    while (s->rig.backend->take_event(s->rig.backend, s->rig.now_us, &ev)) {
        if (ev.type != BACKEND_PLUGGED)
            continue;
        base_text_str(&t, t.length ? " " : "");
        base_text_str(&t, ev.info->busid);
        base_text_str(&t, "=");
        base_text_str(&t, sim_find(s->rig.bus, ev.info->busid)->name);
    }
    CHECK_STR(have, want);
}

static inline void check_set(const char *spec, const char *want)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(plug(&s, spec), BASE_OK);
    CHECK_STR(s.why, "");
    check_plugged(&s, want);
    set_end(&s);
}

static inline void check_refused(const char *spec, enum base_err err, const char *why)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(plug(&s, spec), err);
    CHECK_STR(s.why, why);
    check_plugged(&s, "");
    CHECK_EQ(s.rig.blocks, 1); // the bus: nothing was even plugged and pulled again
    set_end(&s);
}

// Opens what is in `busid`.
static inline void disk_open(struct set_rig *s, const char *busid)
{
    struct backend_event ev;
    while (s->rig.backend->take_event(s->rig.backend, s->rig.now_us, &ev))
        if (ev.type == BACKEND_PLUGGED && strcmp(ev.info->busid, busid) == 0)
            s->rig.handle = ev.device;
    s->rig.device = sim_find(s->rig.bus, busid);
    CHECK(s->rig.handle);
    s->rig.backend->open(s->rig.backend, s->rig.handle);
    rig_settle(&s->rig);
    rig_change(&s->rig, USB_SET_CONFIGURATION, 0, 1);
}
