// SPDX-License-Identifier: Apache-2.0
#include "sim_keyboard.h"

enum { TEXT };

static struct sim_device *create(struct sim_spec *s)
{
    struct sim_device *d = sim_keyboard_create(s->bus);
    enum base_err err = d ? sim_keyboard_set_greeting(d, s->value[TEXT].text) : BASE_ERR_NOMEM;
    if (err == BASE_OK)
        return d;
    if (d)
        d->ops->destroy(d);
    return err == BASE_ERR_NOMEM
               ? NULL
               : sim_spec_refuse(s, err, "the text is too long or has no keys on a US keyboard");
}

const struct sim_kind sim_keyboard_kind = {
    .name = "keyboard",
    .port = "2.1",
    .help = "keyboard and mouse (HID), low speed",
    .options =
        {
            [TEXT] = {.name = "text",
                      .value = "TEXT",
                      .help = "what it types two seconds after each attach"},
        },
    .create = create,
};
