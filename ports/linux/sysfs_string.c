// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sysfs_string.h"

#include "ports/linux/sysfs_file.h"

#include <stdlib.h>
#include <string.h>

void sysfs_string(const char *folder, const char *name, char out[USB_NAME_SIZE])
{
    char line[SYSFS_LINE_SIZE];
    (void)sysfs_line(folder, name, line, sizeof line);
    size_t n = strlen(line);
    if (n >= USB_NAME_SIZE)
        for (n = USB_NAME_SIZE - 1; n > 0 && ((unsigned char)line[n] & 0xc0) == 0x80;)
            n--;
    memcpy(out, line, n);
    out[n] = '\0';
}

struct strings {
    const char *folder;
    struct base_span config;
    enum usb_speed speed;
    struct usb_string *out;
    unsigned count, max;
};

// The file `folder`/`name` has the string of that index.
static void add(struct strings *s, const char *folder, const char *name, uint8_t index)
{
    struct usb_string found = {.index = index};
    for (unsigned i = 0; i < s->count; i++)
        if (s->out[i].index == index)
            return;
    if (index == 0 || s->count == s->max)
        return;
    sysfs_string(folder, name, found.text);
    if (found.text[0])
        s->out[s->count++] = found;
}

static uint8_t string_of(const struct strings *s, unsigned long interface, long alternate)
{
    struct usb_walk w;
    usb_walk_begin(&w, s->config, s->speed);
    while (usb_walk_next(&w))
        if (usb_walk_interface(&w) && w.interface.bInterfaceNumber == interface &&
            w.interface.bAlternateSetting == alternate)
            return w.interface.iInterface;
    return 0;
}

// "1-2:5.0" is interface 0 of configuration 5. sysfs_number() takes " 0" as well.
static bool take_interface(void *ctx, const char *name)
{
    struct strings *s = ctx;
    char folder[SYSFS_PATH_SIZE], *end;
    const char *colon = strchr(name, ':');
    if (!colon || !sysfs_join(folder, s->folder, name) ||
        strtoul(colon + 1, &end, 10) != usb_config_value(s->config) || *end != '.')
        return false;
    unsigned long interface = strtoul(end + 1, NULL, 10);
    add(s, folder, "interface", string_of(s, interface, sysfs_number(folder, "bAlternateSetting")));
    return s->count == s->max;
}

unsigned sysfs_strings(const char *folder, const struct usb_device_info *info,
                       struct usb_string *out, unsigned max)
{
    struct strings s = {.folder = folder,
                        .config = usb_device_config(info, info->active_config),
                        .speed = info->speed,
                        .out = out,
                        .max = max};
    if (s.config.size == 0 || usb_config_check(s.config) != BASE_OK)
        return 0;
    add(&s, folder, "configuration", usb_config_string(s.config));
    (void)sysfs_any_name(folder, take_interface, &s);
    return s.count;
}
