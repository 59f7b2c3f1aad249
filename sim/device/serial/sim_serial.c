// SPDX-License-Identifier: Apache-2.0
#include "sim_serial.h"

#include "base/base_bytes.h"
#include "sim_serial_port.h"
#include "usb/usb_descriptor_bytes.h"

#include <assert.h>
#include <string.h>

enum {
    DT_INTERFACE_ASSOCIATION = 0x0b,
    DT_CS_INTERFACE = 0x24,
    ASSOCIATION_SIZE = 8,
    FUNCTION_SIZE = 9 + 5 + 5 + 4 + 5 + 7 + 9 + 7 + 7,
    ACM = 2,  // bInterfaceSubClass: abstract control model
    V250 = 1, // bInterfaceProtocol
    INTERFACES = 2,
    ENDPOINTS = 3, // numbers that a port uses up
    CONFIGURATION_SIZE_MAX =
        USB_DT_CONFIG_SIZE + SIM_SERIAL_PORTS_MAX * (ASSOCIATION_SIZE + FUNCTION_SIZE),
};

struct sim_serial {
    struct sim_device device; // first: the engine's pointer is ours
    struct sim_descriptors descriptors;
    uint8_t device_descriptor[USB_DT_DEVICE_SIZE];
    uint8_t configuration[CONFIGURATION_SIZE_MAX];
    const uint8_t *configurations[1];
    unsigned ports;
    struct sim_serial_port port[];
};

static struct sim_serial *serial(struct sim_device *d)
{
    return (struct sim_serial *)(void *)d;
}

// --- descriptors ---------------------------------------------------------------------------------

// No serial number: several of them on one bus must not claim to be the same device.
static const char *const strings[] = {"usbip-esp32p4", "Simulated serial port", NULL};
static const char *const many_strings[] = {"usbip-esp32p4", "Simulated serial ports", NULL};

static uint8_t *append(uint8_t *at, const uint8_t *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

static uint8_t *append_function(uint8_t *at, const struct sim_serial_port *p)
{
    uint8_t comm = p->interface, data = (uint8_t)(comm + 1);
    // clang-format off
    const uint8_t function[FUNCTION_SIZE] = {
        USB_INTERFACE_BYTES(comm, 0, 1, USB_CLASS_COMM, ACM, V250, 0),
        5, DT_CS_INTERFACE, 0, 0x10, 0x01, // header: CDC 1.10
        5, DT_CS_INTERFACE, 1, 0, data,    // no call management
        4, DT_CS_INTERFACE, 2, 0x06,       // line coding and state, break
        5, DT_CS_INTERFACE, 6, comm, data, // union
        USB_ENDPOINT_BYTES(p->notice_in, USB_INTERRUPT, SIM_SERIAL_NOTICE_PACKET, 10),
        USB_INTERFACE_BYTES(data, 0, 2, USB_CLASS_CDC_DATA, 0, 0, 0),
        USB_ENDPOINT_BYTES(p->data.in, USB_BULK, SIM_SERIAL_DATA_PACKET, 0),
        USB_ENDPOINT_BYTES(p->data.out, USB_BULK, SIM_SERIAL_DATA_PACKET, 0),
    };
    // clang-format on
    return append(at, function, sizeof function);
}

// Which interfaces belong together, if there is more than one function.
static uint8_t *append_association(uint8_t *at, const struct sim_serial_port *p)
{
    const uint8_t association[ASSOCIATION_SIZE] = {ASSOCIATION_SIZE,
                                                   DT_INTERFACE_ASSOCIATION,
                                                   p->interface,
                                                   INTERFACES,
                                                   USB_CLASS_COMM,
                                                   ACM,
                                                   V250,
                                                   0};
    return append(at, association, sizeof association);
}

static void describe_configuration(struct sim_serial *s)
{
    const uint8_t head[] = {USB_CONFIG_BYTES(0, (uint8_t)(INTERFACES * s->ports), 1, 0, 0x80,
                                             100 / 2)}; // bus-powered, 100 mA
    uint8_t *at = append(s->configuration, head, sizeof head);
    for (unsigned i = 0; i < s->ports; i++) {
        if (s->ports > 1)
            at = append_association(at, &s->port[i]);
        at = append_function(at, &s->port[i]);
    }
    base_put_le16(s->configuration + 2, (uint16_t)(at - s->configuration));
}

// One port is a communication device, several are a composite one (class "miscellaneous"). Each
// number of ports has its own release number: some hosts remember what such a device looks like.
static void describe_device(struct sim_serial *s)
{
    bool many = s->ports > 1;
    uint8_t release = (uint8_t)(many ? s->ports : 0);
    const uint8_t one[] = {0x10, 0x01, USB_CLASS_COMM, 0, 0};
    const uint8_t composite[] = {0x00, 0x02, 0xef, 2, 1};
    const uint8_t device[USB_DT_DEVICE_SIZE] = {
        18, USB_DT_DEVICE, 0, 0, 0, 0, 0, 64, 0x09, 0x12, 0x04, 0x00, release, 1, 1, 2, 0, 1};
    (void)append(s->device_descriptor, device, sizeof device);
    (void)append(s->device_descriptor + 2, many ? composite : one, sizeof one);
}

static void describe(struct sim_serial *s)
{
    describe_device(s);
    describe_configuration(s);
    s->configurations[0] = s->configuration;
    s->descriptors = (struct sim_descriptors){
        .device = s->device_descriptor,
        .configs = s->configurations,
        .strings = s->ports > 1 ? many_strings : strings,
    };
}

// --- the ports -----------------------------------------------------------------------------------

// The engine asks for endpoints that are there only.
static struct sim_serial_port *port_of(struct sim_device *d, uint8_t ep)
{
    return &serial(d)->port[((ep & 0x0f) - 1) / ENDPOINTS];
}

static int serial_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    return sim_serial_port_in(port_of(d, ep), ep, buf, max);
}

static int serial_out(struct sim_device *d, uint8_t ep, const uint8_t *buf, uint32_t len)
{
    return sim_echo_out(&port_of(d, ep)->data, buf, len);
}

// Requests are for the first of a port's two interfaces.
static int serial_setup(struct sim_device *d, const struct usb_setup *setup, uint8_t *data,
                        uint32_t len)
{
    struct sim_serial *s = serial(d);
    unsigned interface = setup->wIndex;
    if (d->config == 0 || interface % INTERFACES != 0 || interface / INTERFACES >= s->ports)
        return SIM_STALL;
    return sim_serial_port_setup(&s->port[interface / INTERFACES], setup, data, len);
}

void sim_serial_line(const struct sim_device *d, unsigned port, struct sim_serial_line *line)
{
    const struct sim_serial *s = (const struct sim_serial *)(const void *)d;
    assert(port < s->ports);
    sim_serial_port_line(&s->port[port], line);
}

// --- life ----------------------------------------------------------------------------------------

static void serial_configured(struct sim_device *d)
{
    struct sim_serial *s = serial(d);
    for (unsigned i = 0; i < s->ports; i++)
        sim_serial_port_restart(&s->port[i]);
}

static void serial_reset(struct sim_device *d)
{
    struct sim_serial *s = serial(d);
    for (unsigned i = 0; i < s->ports; i++)
        sim_serial_port_reset(&s->port[i]);
}

static void serial_destroy(struct sim_device *d)
{
    base_free(sim_alloc(d->bus), d);
}

static const struct sim_device_ops ops = {
    .destroy = serial_destroy,
    .reset = serial_reset,
    .configured = serial_configured,
    .setup = serial_setup,
    .in = serial_in,
    .out = serial_out,
};

struct sim_device *sim_serial_create(struct sim_bus *bus, unsigned ports)
{
    assert(ports >= 1 && ports <= SIM_SERIAL_PORTS_MAX);
    struct sim_serial *s = base_alloc(sim_alloc(bus), sizeof *s + ports * sizeof s->port[0]);
    if (!s)
        return NULL;
    s->device = (struct sim_device){
        .ops = &ops,
        .desc = &s->descriptors,
        .speed = USB_SPEED_FULL,
        .bus = bus,
    };
    s->ports = ports;
    for (unsigned i = 0; i < ports; i++)
        sim_serial_port_init(&s->port[i], &s->device, i);
    describe(s);
    serial_reset(&s->device);
    return &s->device;
}

// --- kind ----------------------------------------------------------------------------------------

enum { COUNT };

static struct sim_device *create(struct sim_spec *s)
{
    return sim_serial_create(s->bus, s->value[COUNT].given ? (unsigned)s->value[COUNT].number : 1);
}

const struct sim_kind sim_serial_kind = {
    .name = "serial",
    .port = "2.2",
    .help = "serial port that echoes (CDC-ACM), full speed",
    .options =
        {
            [COUNT] = {.name = "count",
                       .value = "N",
                       .help = "as many ports in one device, 1 to 4",
                       .min = 1,
                       .max = SIM_SERIAL_PORTS_MAX,
                       .wants = "it goes from 1 to 4"},
        },
    .create = create,
};
