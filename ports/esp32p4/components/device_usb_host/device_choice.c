// SPDX-License-Identifier: Apache-2.0
#include "device_choice.h"

enum {
    AT_DEVICE_CLASS = 4,
    AT_MAX_POWER = 8,
    POWER_MAX = 250, // in units of 2 mA: what a port has to give
    CLASS_MISC = 0xef,
    SUBCLASS_ACM = 2,
    PROTOCOL_VENDOR = 0xff, // of ACM: RNDIS
    AUDIO_3 = 0x30,
};

// What the first interface of a configuration says about it.
enum kind {
    KIND_VENDOR, // or there is none
    KIND_CLASS,
    KIND_AUDIO,
    KIND_AUDIO_3,
    KIND_MICROSOFT, // RNDIS, ActiveSync
};

static enum kind kind_of(struct base_span config)
{
    struct usb_interface i;
    if (usb_config_interfaces(config, &i, 1) == 0)
        return KIND_VENDOR;
    bool rndis = i.bInterfaceClass == USB_CLASS_COMM && i.bInterfaceSubClass == SUBCLASS_ACM &&
                 i.bInterfaceProtocol == PROTOCOL_VENDOR;
    bool sync =
        i.bInterfaceClass == CLASS_MISC && i.bInterfaceSubClass == 1 && i.bInterfaceProtocol == 1;
    if (rndis || sync)
        return KIND_MICROSOFT;
    if (i.bInterfaceClass == USB_CLASS_AUDIO)
        return i.bInterfaceProtocol == AUDIO_3 ? KIND_AUDIO_3 : KIND_AUDIO;
    return i.bInterfaceClass == USB_CLASS_VENDOR ? KIND_VENDOR : KIND_CLASS;
}

// The first that a class driver may serve; of those for audio the newest version; what is
// Microsoft's own, or a vendor's, only if there is nothing else.
uint8_t device_choice(const struct usb_device_info *info)
{
    bool vendor = info->device_descriptor.data[AT_DEVICE_CLASS] == USB_CLASS_VENDOR;
    struct base_span best = {0};
    for (unsigned i = 0; i < info->config_count; i++) {
        struct base_span config = info->config[i];
        enum kind kind = kind_of(config);
        bool behind = kind == KIND_MICROSOFT && i == 0 && info->config_count > 1;
        if (config.data[AT_MAX_POWER] > POWER_MAX || (kind == KIND_AUDIO && i > 0))
            continue;
        bool wins = kind == KIND_AUDIO_3 || (kind != KIND_VENDOR && !vendor && !behind);
        if (wins || best.size == 0)
            best = config;
        if (wins && kind != KIND_AUDIO)
            break;
    }
    return usb_config_value(best);
}
