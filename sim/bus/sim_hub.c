// SPDX-License-Identifier: Apache-2.0
// A hub as a device: descriptors, status and power of its ports (USB 2.0 11.23, 11.24). The bus
// plugs and pulls; clients cannot import a hub.
#include "base/base_bytes.h"
#include "sim_engine.h"
#include "usb/usb_descriptor_bytes.h"

#include <assert.h>
#include <string.h>

enum {
    HUB_DESCRIPTOR = 0x29,
    FEATURE_PORT_POWER = 8, // table 11-17
    OVER_CURRENT_SINGLE = 1 << 3,
    HUB_CONFIG_SIZE = USB_DT_CONFIG_SIZE + USB_DT_INTERFACE_SIZE + USB_DT_ENDPOINT_SIZE,

    PORT_CONNECTION = 1 << 0, // wPortStatus, table 11-21
    PORT_ENABLE = 1 << 1,
    PORT_POWER = 1 << 8,
    PORT_LOW_SPEED = 1 << 9,
    PORT_HIGH_SPEED = 1 << 10,
};

struct hub {
    struct sim_device d;
    struct sim_descriptors desc;
    const uint8_t *configs[1];
    uint8_t config[HUB_CONFIG_SIZE];
    uint8_t ports;
    enum backend_power power;
    uint16_t off; // bit per port: its power was cleared
};

// clang-format off
static const uint8_t device_descriptor[USB_DT_DEVICE_SIZE] = {
    18, USB_DT_DEVICE, USB_LE16(0x0200), USB_CLASS_HUB, 0, 1, 64,
    USB_LE16(0x1209), USB_LE16(0x0006), USB_LE16(0x0100), 1, 2, 0, 1,
};
// clang-format on

static const char *const strings[] = {"usbip-esp32p4", "Simulated hub", NULL};

// One bit per port, and bit 0 for the hub itself.
static uint8_t bitmap_size(const struct hub *h)
{
    return (uint8_t)(h->ports / 8 + 1);
}

static void fill_config(struct hub *h)
{
    const uint8_t config[] = {
        USB_CONFIG_BYTES(HUB_CONFIG_SIZE, 1, 1, 0, 0xe0, 0), // self-powered, remote wakeup
        USB_INTERFACE_BYTES(0, 0, 1, USB_CLASS_HUB, 0, 0, 0),
        USB_ENDPOINT_BYTES(USB_DIR_IN | 1, USB_INTERRUPT, bitmap_size(h), 12),
    };
    _Static_assert(sizeof config == sizeof h->config, "wTotalLength");
    memcpy(h->config, config, sizeof config);
}

static int hub_descriptor(const struct hub *h, uint8_t *data, uint32_t len)
{
    // wHubCharacteristics, table 11-13
    static const uint8_t modes[] = {[BACKEND_POWER_FIXED] = OVER_CURRENT_SINGLE | 2,
                                    [BACKEND_POWER_GANGED] = OVER_CURRENT_SINGLE,
                                    [BACKEND_POWER_SINGLE] = OVER_CURRENT_SINGLE | 1};
    uint8_t d[7 + 2 * 2] = {0};
    uint8_t size = (uint8_t)(7 + 2 * bitmap_size(h));
    assert(size <= sizeof d);
    d[0] = size;
    d[1] = HUB_DESCRIPTOR;
    d[2] = h->ports;
    base_put_le16(d + 3, modes[h->power]);
    d[5] = 50;                                            // 100 ms until power is good
    memset(d + 7 + bitmap_size(h), 0xff, bitmap_size(h)); // PortPwrCtrlMask, all ones
    return sim_answer(data, len, d, size);
}

// All ports of a gang have power as long as it was not cleared for each (11.11).
static bool has_power(const struct hub *h, unsigned number)
{
    uint16_t all = (uint16_t)((2u << h->ports) - 2);
    if (h->power == BACKEND_POWER_SINGLE)
        return !(h->off & 1u << number);
    return h->power == BACKEND_POWER_FIXED || h->off != all;
}

static uint16_t port_status(const struct hub *h, unsigned number)
{
    if (!has_power(h, number))
        return 0;
    BASE_LIST_FOR_EACH (const struct sim_port, p, &h->d.bus->ports, link) {
        if (p->hub != h->d.port || p->number != number || !sim_port_live(p))
            continue;
        uint16_t speed = p->info.speed == USB_SPEED_LOW    ? PORT_LOW_SPEED
                         : p->info.speed == USB_SPEED_HIGH ? PORT_HIGH_SPEED
                                                           : 0;
        return (uint16_t)(PORT_POWER | PORT_CONNECTION | PORT_ENABLE | speed);
    }
    return PORT_POWER;
}

static void set_power(struct hub *h, unsigned number, bool on)
{
    uint16_t bit = (uint16_t)(1u << number);
    h->off = (uint16_t)(on ? h->off & ~bit : h->off | bit);
}

// SET_FEATURE and CLEAR_FEATURE of a port.
static int port_feature(struct hub *h, const struct usb_setup *s)
{
    bool on = s->bRequest == USB_REQ_SET_FEATURE;
    if ((!on && s->bRequest != USB_REQ_CLEAR_FEATURE) || s->wValue != FEATURE_PORT_POWER ||
        s->wIndex == 0 || s->wIndex > h->ports)
        return SIM_STALL;
    set_power(h, s->wIndex, on);
    h->d.port->settle = true;
    sim_port_attend(h->d.port);
    return 0;
}

static int hub_setup(struct sim_device *d, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
    const struct hub *h = (const struct hub *)d;
    if (s->bmRequestType == 0x23)
        return port_feature((struct hub *)d, s);
    uint8_t status[4] = {0};
    if (s->bmRequestType == 0xa0 && s->bRequest == USB_REQ_GET_DESCRIPTOR &&
        s->wValue >> 8 == HUB_DESCRIPTOR)
        return hub_descriptor(h, data, len);
    if (s->bmRequestType == 0xa0 && s->bRequest == USB_REQ_GET_STATUS)
        return sim_answer(data, len, status, sizeof status); // local power good, no over-current
    if (s->bmRequestType != 0xa3 || s->bRequest != USB_REQ_GET_STATUS || s->wIndex == 0 ||
        s->wIndex > h->ports)
        return SIM_STALL;
    base_put_le16(status, port_status(h, s->wIndex));
    return sim_answer(data, len, status, sizeof status);
}

static void hub_reset(struct sim_device *d)
{
    ((struct hub *)d)->off = 0;
    d->port->settle = true;
    sim_port_attend(d->port);
}

static void hub_destroy(struct sim_device *d)
{
    base_free(sim_alloc(d->bus), d);
}

static const struct sim_device_ops ops = {
    .destroy = hub_destroy, .reset = hub_reset, .setup = hub_setup};

unsigned sim_hub_ports(const struct sim_device *d)
{
    return d->ops == &ops ? ((const struct hub *)d)->ports : 0;
}

enum backend_power sim_hub_power(const struct sim_device *d)
{
    return ((const struct hub *)d)->power;
}

bool sim_hub_has_power(const struct sim_device *d, unsigned number)
{
    return has_power((const struct hub *)d, number);
}

void sim_hub_set_power(struct sim_device *d, unsigned number, bool on)
{
    set_power((struct hub *)d, number, on);
}

struct sim_device *sim_hub_create(struct sim_bus *bus, unsigned ports)
{
    return sim_hub_create_with(bus, ports, BACKEND_POWER_SINGLE);
}

struct sim_device *sim_hub_create_with(struct sim_bus *bus, unsigned ports,
                                       enum backend_power power)
{
    assert(power != BACKEND_POWER_UNKNOWN);
    assert(ports > 0 && ports <= SIM_HUB_PORTS_MAX);
    struct hub *h = base_alloc(sim_alloc(bus), sizeof *h);
    if (!h)
        return NULL;
    h->ports = (uint8_t)ports;
    h->power = power;
    fill_config(h);
    h->configs[0] = h->config;
    h->desc = (struct sim_descriptors){
        .device = device_descriptor, .configs = h->configs, .strings = strings};
    h->d = (struct sim_device){
        .ops = &ops, .desc = &h->desc, .name = "hub", .speed = USB_SPEED_HIGH, .bus = bus};
    return &h->d;
}
