// SPDX-License-Identifier: Apache-2.0
// What USB 3.2 chapter 9 has besides that of USB 2.0: about the link's sleep states. There is no
// link here that could sleep, so requests are checked, remembered where they can be read back, and
// have no effect.
#include "sim_engine.h"

enum {
    REQ_SET_SEL = 48,
    REQ_SET_ISOCH_DELAY = 49,
    SEL_SIZE = 6, // exit latencies of U1 and U2

    FEATURE_FUNCTION_SUSPEND = 0, // of an interface
    FEATURE_U1_ENABLE = 48,       // of the device
    FEATURE_U2_ENABLE = 49,
    SUSPEND_OPTIONS = 0xfe00, // of wIndex, without low power suspend: no function here can wake
    STATUS_U1_SHIFT = 2,
};

int sim_super_request(const struct usb_setup *s, uint32_t len)
{
    if (s->bmRequestType != 0 || s->wIndex != 0)
        return SIM_STALL;
    if (s->bRequest == REQ_SET_SEL)
        return s->wValue == 0 && len == SEL_SIZE ? SEL_SIZE : SIM_STALL;
    return s->bRequest == REQ_SET_ISOCH_DELAY && len == 0 ? 0 : SIM_STALL;
}

int sim_super_device_feature(struct sim_port *p, const struct usb_setup *s, bool on)
{
    bool known = s->wValue == FEATURE_U1_ENABLE || s->wValue == FEATURE_U2_ENABLE;
    if (!known || s->wIndex != 0 || p->device->config == 0)
        return SIM_STALL;
    uint8_t bit = (uint8_t)(1u << (s->wValue - FEATURE_U1_ENABLE));
    if (on)
        p->device->link_states |= bit;
    else
        p->device->link_states &= (uint8_t)~bit;
    return 0;
}

int sim_super_interface_feature(const struct usb_setup *s)
{
    bool known = s->wValue == FEATURE_FUNCTION_SUSPEND && !(s->wIndex & SUSPEND_OPTIONS);
    return known ? 0 : SIM_STALL;
}

uint8_t sim_super_status(const struct sim_port *p)
{
    return (uint8_t)(p->device->link_states << STATUS_U1_SHIFT);
}
