// SPDX-License-Identifier: Apache-2.0
// The kinds of devices, and the help made of what they say about themselves.
#include "sim_set.h"

#include "sim/device/audio/sim_audio.h"
#include "sim/device/camera/sim_camera.h"
#include "sim/device/disk/sim_disk.h"
#include "sim/device/faulty/sim_faulty.h"
#include "sim/device/keyboard/sim_keyboard.h"
#include "sim/device/serial/sim_serial.h"
#include "sim/device/sim_hub_kind.h"
#include "sim/device/sim_multi.h"
#include "sim/device/sim_zero.h"

enum { HELP_COLUMN = 16 }; // behind the indent

const struct sim_kind *const sim_set_kinds[] = {
    &sim_disk_kind,   &sim_keyboard_kind, &sim_serial_kind, &sim_zero_kind,   &sim_audio_kind,
    &sim_camera_kind, &sim_multi_kind,    &sim_hub_kind,    &sim_faulty_kind, NULL,
};

void sim_set_names(struct base_text *t, bool of_default_set)
{
    const char *between = "";
    for (unsigned i = 0; sim_set_kinds[i]; i++) {
        if (of_default_set && !sim_set_kinds[i]->port)
            continue;
        base_text_str(t, between);
        base_text_str(t, sim_set_kinds[i]->name);
        between = ", ";
    }
}

// Ends the first column of a line, which began at `start`.
static void add_help(struct base_text *t, size_t start, const char *help)
{
    for (size_t n = t->length - start; n < HELP_COLUMN; n++)
        base_text_char(t, ' ');
    base_text_str(t, help);
}

static void add_option(struct base_text *t, const struct sim_option *o)
{
    base_text_str(t, "    ");
    size_t start = t->length;
    base_text_str(t, ":");
    base_text_str(t, o->name);
    base_text_str(t, o->value ? "=" : "");
    base_text_str(t, o->value);
    add_help(t, start, o->help);
    base_text_str(t, "\n");
}

static void add_name(struct base_text *t, const char *name, const char *help)
{
    base_text_str(t, "  ");
    size_t start = t->length;
    base_text_str(t, name);
    add_help(t, start, help);
}

void sim_set_help(struct base_text *t)
{
    for (unsigned i = 0; sim_set_kinds[i]; i++) {
        const struct sim_kind *kind = sim_set_kinds[i];
        add_name(t, kind->name, kind->help);
        base_text_str(t, "\n");
        for (unsigned j = 0; j < SIM_OPTIONS_MAX && kind->options[j].name; j++)
            add_option(t, &kind->options[j]);
    }
    add_name(t, "default", "");
    sim_set_names(t, true);
    base_text_str(t, "\n");
    add_name(t, "none", "no device\nA value cannot have a comma or a colon in it.\n");
}
