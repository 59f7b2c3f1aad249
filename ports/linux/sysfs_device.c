// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sysfs_device.h"

#include "base/base_text.h"
#include "ports/linux/sysfs_file.h"
#include "ports/linux/sysfs_string.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEVICES "/sys/bus/usb/devices"

// The longest file of descriptors: a device descriptor and all configurations.
enum {
    DESCRIPTORS_SIZE = USB_DT_DEVICE_SIZE + USB_MAX_CONFIGS * 65535,
    STRINGS_SIZE = USB_MAX_STRINGS * sizeof(struct usb_string),
};

bool sysfs_device_is_busid(const char *name)
{
    size_t bus = strspn(name, "0123456789");
    size_t path = name[bus] == '-' ? strspn(name + bus + 1, "0123456789.") : 0;
    return bus > 0 && path > 0 && name[bus + 1 + path] == '\0' && strlen(name) < USB_BUSID_SIZE;
}

static bool is_interface(const char *name)
{
    size_t n = strcspn(name, ":");
    char busid[USB_BUSID_SIZE];
    if (name[n] != ':' || n >= sizeof busid)
        return false;
    memcpy(busid, name, n);
    busid[n] = '\0';
    return sysfs_device_is_busid(busid);
}

static bool link_of(const char *root, const char *busid, char out[SYSFS_PATH_SIZE])
{
    int n = snprintf(out, SYSFS_PATH_SIZE, "%s" DEVICES "/%s", root, busid);
    return n > 0 && n < SYSFS_PATH_SIZE;
}

bool sysfs_device_is_vhci(const char *folder)
{
    return strstr(folder, "/vhci_hcd") != NULL;
}

bool sysfs_device_folder(const char *root, const char *busid, char *out, size_t size)
{
    char link[SYSFS_PATH_SIZE], real[SYSFS_PATH_SIZE];
    return link_of(root, busid, link) && sysfs_real_path(link, real) &&
           base_text_copy(out, size, real);
}

// "1-2:3.0" is an interface of configuration 3: bConfigurationValue says the same, under the lock.
static bool take_config(void *ctx, const char *name)
{
    const char *colon = strchr(name, ':');
    unsigned long config = colon && is_interface(name) ? strtoul(colon + 1, NULL, 10) : 0;
    if (config == 0 || config > 255)
        return false;
    *(uint8_t *)ctx = (uint8_t)config;
    return true;
}

static uint8_t active_config(const char *folder)
{
    uint8_t config = 0;
    (void)sysfs_any_name(folder, take_config, &config);
    return config;
}

bool sysfs_device_identity(const char *root, const char *busid, struct sysfs_identity *id)
{
    char link[SYSFS_PATH_SIZE];
    struct stat st;
    if (!link_of(root, busid, link) || stat(link, &st) < 0)
        return false;
    long devnum = sysfs_number(link, "devnum");
    *id = (struct sysfs_identity){
        .folder = st.st_ino,
        .devnum = devnum > 0 && devnum < 256 ? (uint8_t)devnum : 0,
        .active_config = active_config(link),
    };
    return devnum > 0;
}

enum usb_speed sysfs_device_speed(const char *folder)
{
    static const struct {
        const char *mbit;
        enum usb_speed speed;
    } table[] = {
        {"1.5", USB_SPEED_LOW},    {"12", USB_SPEED_FULL},     {"480", USB_SPEED_HIGH},
        {"5000", USB_SPEED_SUPER}, {"10000", USB_SPEED_SUPER}, {"20000", USB_SPEED_SUPER},
    };
    char line[SYSFS_LINE_SIZE];
    (void)sysfs_line(folder, "speed", line, sizeof line);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(line, table[i].mbit) == 0)
            return table[i].speed;
    return USB_SPEED_UNKNOWN;
}

// The file has the device descriptor, then each configuration as the device has given it.
static void split(struct usb_device_info *info, struct base_span all)
{
    struct usb_device_descriptor d = {0};
    info->device_descriptor =
        (struct base_span){all.data, all.size < USB_DT_DEVICE_SIZE ? all.size : USB_DT_DEVICE_SIZE};
    (void)usb_device_descriptor_unpack(&d, info->device_descriptor);
    info->is_hub = d.bDeviceClass == USB_CLASS_HUB;
    info->config_count = 0;
    size_t at = info->device_descriptor.size;
    while (at + USB_DT_CONFIG_SIZE <= all.size && info->config_count < d.bNumConfigurations &&
           info->config_count < USB_MAX_CONFIGS) {
        size_t total = base_get_le16(all.data + at + 2), left = all.size - at;
        if (total < USB_DT_CONFIG_SIZE)
            total = USB_DT_CONFIG_SIZE;
        if (total > left)
            total = left;
        info->config[info->config_count++] = (struct base_span){all.data + at, total};
        at += total;
    }
}

// The strings lie behind them.
static bool read_descriptors(const char *folder, struct usb_device_info *info, bool named,
                             uint8_t **descriptors)
{
    uint8_t *all = malloc(DESCRIPTORS_SIZE + STRINGS_SIZE);
    ssize_t n = all ? sysfs_bytes(folder, "descriptors", all, DESCRIPTORS_SIZE) : -1;
    if (n <= 0) {
        free(all);
        return false;
    }
    split(info, (struct base_span){all, (size_t)n});
    if (named)
        info->string_count =
            (uint8_t)sysfs_strings(folder, info, (struct usb_string *)(all + n), USB_MAX_STRINGS);
    uint8_t *fitting = realloc(all, (size_t)n + info->string_count * sizeof *info->strings);
    *descriptors = fitting ? fitting : all;
    split(info, (struct base_span){*descriptors, (size_t)n});
    info->strings = (const struct usb_string *)(*descriptors + n);
    return true;
}

enum base_err sysfs_device_read(const char *root, const char *busid, struct usb_device_info *info,
                                uint8_t **descriptors)
{
    char folder[SYSFS_PATH_SIZE];
    struct sysfs_identity id;
    *info = (struct usb_device_info){0};
    if (!sysfs_device_identity(root, busid, &id) ||
        !sysfs_device_folder(root, busid, folder, sizeof folder))
        return BASE_ERR_GONE;
    long busnum = sysfs_number(folder, "busnum");
    (void)base_text_copy(info->busid, sizeof info->busid, busid);
    (void)base_text_copy(info->path, sizeof info->path, folder + strlen(root));
    info->busnum = busnum > 0 && busnum < 256 ? (uint8_t)busnum : 0;
    info->devnum = id.devnum;
    info->active_config = id.active_config;
    info->speed = sysfs_device_speed(folder);
    bool named = !sysfs_device_is_vhci(folder);
    if (named) {
        sysfs_string(folder, "manufacturer", info->manufacturer);
        sysfs_string(folder, "product", info->product);
        sysfs_string(folder, "serial", info->serial);
    }
    return read_descriptors(folder, info, named, descriptors) ? BASE_OK : BASE_ERR_GONE;
}
