// SPDX-License-Identifier: Apache-2.0
#include "usb/usb_device.h"

#define SPEED_TEXT "a low- or full-speed device cannot work behind a high-speed hub here"
#define SPEED_HELP                                                                                 \
    "plug it in without the hub or into the full-speed port, or set that port's bus speed to full"
#define ENUMERATION_TEXT "it does not answer as a USB device must"
#define ENUMERATION_HELP "plug it in again, or try another cable"
#define HOST_FULL_TEXT "the USB host controller has no room for one more device"
#define HOST_FULL_HELP "unplug another one"
#define MOUNTED_TEXT "a file system on it is mounted on this host"
#define MOUNTED_HELP "unmount it"
#define SWAP_TEXT "this host swaps to it"
#define SWAP_HELP "end that with swapoff"
#define HOLDERS_TEXT "LVM, RAID or an encrypted volume of this host uses it"
#define HOLDERS_HELP "deactivate that"
#define NETWORK_TEXT "this host's default route or an open connection goes through it"
#define NETWORK_HELP "let this host use another network adapter"
#define KEYBOARD_TEXT "it is the keyboard of this host's console"
#define KEYBOARD_HELP "start this host without a screen"
#define USBIP_TEXT "it came over USB/IP itself"
#define USBIP_HELP "attach it at the server that it comes from"
#define CONFIGURATION_TEXT                                                                         \
    "its configuration cannot be read: it is longer than this host's USB library takes, or less "  \
    "comes than it says"
#define CONFIGURATION_HELP "use a server on Linux for it"

// One that came over USB/IP is another server's to export.
bool usb_obstacle_is_use(enum usb_obstacle o)
{
    return o >= USB_OBSTACLE_MOUNTED && o < USB_OBSTACLE_USBIP;
}

const char *usb_obstacle_text(enum usb_obstacle o)
{
    static const char *const text[USB_OBSTACLE_COUNT] = {
        [USB_OBSTACLE_NONE] = "nothing is wrong",
        [USB_OBSTACLE_SPEED] = SPEED_TEXT ": " SPEED_HELP,
        [USB_OBSTACLE_ENUMERATION] = ENUMERATION_TEXT ": " ENUMERATION_HELP,
        [USB_OBSTACLE_HOST_FULL] = HOST_FULL_TEXT ": " HOST_FULL_HELP,
        [USB_OBSTACLE_MOUNTED] = MOUNTED_TEXT ": " MOUNTED_HELP,
        [USB_OBSTACLE_SWAP] = SWAP_TEXT ": " SWAP_HELP,
        [USB_OBSTACLE_HOLDERS] = HOLDERS_TEXT ": " HOLDERS_HELP,
        [USB_OBSTACLE_NETWORK] = NETWORK_TEXT ": " NETWORK_HELP,
        [USB_OBSTACLE_KEYBOARD] = KEYBOARD_TEXT ": " KEYBOARD_HELP,
        [USB_OBSTACLE_USBIP] = USBIP_TEXT ": " USBIP_HELP,
        [USB_OBSTACLE_CONFIGURATION] = CONFIGURATION_TEXT ": " CONFIGURATION_HELP,
    };
    return (unsigned)o < USB_OBSTACLE_COUNT ? text[o] : "unknown reason";
}

const struct usb_obstacle_words *usb_obstacle_words(enum usb_obstacle o)
{
    static const struct usb_obstacle_words words[USB_OBSTACLE_COUNT] = {
        [USB_OBSTACLE_NONE] = {"descriptors", "its descriptors do not hold together",
                               "plug it in again, or try another cable; if that does not help, "
                               "the device itself is faulty"},
        [USB_OBSTACLE_SPEED] = {"full_speed_behind_high_speed_hub", SPEED_TEXT, SPEED_HELP},
        [USB_OBSTACLE_ENUMERATION] = {"enumeration", ENUMERATION_TEXT, ENUMERATION_HELP},
        [USB_OBSTACLE_HOST_FULL] = {"host_full", HOST_FULL_TEXT, HOST_FULL_HELP},
        [USB_OBSTACLE_MOUNTED] = {"mounted", MOUNTED_TEXT, MOUNTED_HELP},
        [USB_OBSTACLE_SWAP] = {"swap", SWAP_TEXT, SWAP_HELP},
        [USB_OBSTACLE_HOLDERS] = {"holders", HOLDERS_TEXT, HOLDERS_HELP},
        [USB_OBSTACLE_NETWORK] = {"network", NETWORK_TEXT, NETWORK_HELP},
        [USB_OBSTACLE_KEYBOARD] = {"keyboard", KEYBOARD_TEXT, KEYBOARD_HELP},
        [USB_OBSTACLE_USBIP] = {"usbip", USBIP_TEXT, USBIP_HELP},
        [USB_OBSTACLE_CONFIGURATION] = {"configuration", CONFIGURATION_TEXT, CONFIGURATION_HELP},
    };
    return &words[(unsigned)o < USB_OBSTACLE_COUNT ? o : USB_OBSTACLE_NONE];
}

const char *usb_speed_text(uint32_t speed)
{
    static const char *const text[] = {
        [USB_SPEED_UNKNOWN] = "unknown", [USB_SPEED_LOW] = "low",     [USB_SPEED_FULL] = "full",
        [USB_SPEED_HIGH] = "high",       [USB_SPEED_SUPER] = "super",
    };
    return speed < sizeof text / sizeof text[0] ? text[speed] : NULL;
}

struct base_span usb_device_config(const struct usb_device_info *info, uint8_t value)
{
    for (unsigned i = 0; i < info->config_count; i++)
        if (usb_config_value(info->config[i]) == value)
            return info->config[i];
    return (struct base_span){0};
}

// Linux checks these at enumeration ("Invalid ep0 maxpacket"); a device that breaks them would fail
// at every client.
static bool packet_size0_fits(const struct usb_device_descriptor *d, enum usb_speed speed)
{
    switch (speed) {
    case USB_SPEED_LOW:
        return d->bMaxPacketSize0 == 8;
    case USB_SPEED_SUPER:
        return d->bMaxPacketSize0 == 9; // an exponent
    default:
        return d->bMaxPacketSize0 == 8 || d->bMaxPacketSize0 == 16 || d->bMaxPacketSize0 == 32 ||
               d->bMaxPacketSize0 == 64;
    }
}

enum base_err usb_device_check(const struct usb_device_info *info)
{
    struct usb_device_descriptor d;
    if (usb_device_descriptor_unpack(&d, info->device_descriptor) != BASE_OK ||
        !packet_size0_fits(&d, info->speed) || info->busnum == 0 || info->devnum == 0 ||
        info->config_count == 0 || info->config_count > USB_MAX_CONFIGS)
        return BASE_ERR_INVALID;
    for (unsigned i = 0; i < info->config_count; i++)
        if (usb_config_check(info->config[i]) != BASE_OK)
            return BASE_ERR_INVALID;
    if (info->active_config != 0 && usb_device_config(info, info->active_config).size == 0)
        return BASE_ERR_INVALID;
    return BASE_OK;
}

// --- strings -------------------------------------------------------------------------------------

const char *usb_device_string(const struct usb_device_info *info, uint8_t index)
{
    for (unsigned i = 0; i < info->string_count; i++)
        if (info->strings[i].index == index)
            return info->strings[i].text;
    return NULL;
}

static unsigned add_index(uint8_t *out, unsigned count, unsigned max, uint8_t index)
{
    for (unsigned i = 0; i < count; i++)
        if (out[i] == index)
            return count;
    if (index == 0 || count == max)
        return count;
    out[count] = index;
    return count + 1;
}

unsigned usb_device_string_indices(const struct usb_device_info *info, uint8_t *out, unsigned max)
{
    unsigned count = 0;
    for (unsigned i = 0; i < info->config_count; i++) {
        struct usb_walk w;
        if (usb_config_check(info->config[i]) != BASE_OK)
            continue;
        count = add_index(out, count, max, usb_config_string(info->config[i]));
        usb_walk_begin(&w, info->config[i], info->speed);
        while (usb_walk_next(&w))
            if (usb_walk_interface(&w))
                count = add_index(out, count, max, w.interface.iInterface);
    }
    return count;
}
