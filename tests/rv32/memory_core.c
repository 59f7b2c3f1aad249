// SPDX-License-Identifier: Apache-2.0
#include "memory_core.h"

#include "tests/support/heap.h"
#include "wire/wire_op.h"
#include "wire/wire_urb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEVICES_MAX = 32, CONFIG_MAX = 8192, URB_BYTES = 512, ENDPOINT = 0x81 };

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("FAILED: %s:%d: %s\n", __FILE__, __LINE__, #condition);                         \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

// --- a backend whose devices take URBs and never finish them -------------------------------------

struct holder {
    struct usbip_backend backend;
    struct usb_device_info info[DEVICES_MAX];
    uint8_t device[USB_DT_DEVICE_SIZE], config[CONFIG_MAX];
    struct backend_event events[2 * DEVICES_MAX];
    unsigned first, count;
    uint32_t urbs;
};

static void holder_event(struct holder *h, const struct backend_event *ev)
{
    REQUIRE(h->count < 2 * DEVICES_MAX);
    h->events[(h->first + h->count++) % (2 * DEVICES_MAX)] = *ev;
}

static void holder_open(struct usbip_backend *b, void *device)
{
    holder_event((struct holder *)b,
                 &(struct backend_event){.type = BACKEND_OPENED, .device = device});
}

static void holder_close(struct usbip_backend *b, void *device)
{
    (void)b, (void)device;
}

static void holder_submit(struct usbip_backend *b, struct usb_urb *urb)
{
    (void)urb;
    ((struct holder *)b)->urbs++;
}

static void holder_cancel(struct usbip_backend *b, struct usb_urb *urb)
{
    (void)b, (void)urb;
}

static void holder_control(struct usbip_backend *b, void *device, const struct usb_control_op *op)
{
    (void)b, (void)device, (void)op;
}

static void *holder_alloc(struct usbip_backend *b, uint32_t size)
{
    (void)b;
    return malloc(size);
}

static void holder_free(struct usbip_backend *b, void *p, uint32_t size)
{
    (void)b, (void)size;
    free(p);
}

static bool holder_take(struct usbip_backend *b, uint64_t now_us, struct backend_event *ev)
{
    struct holder *h = (struct holder *)b;
    (void)now_us;
    if (h->count == 0)
        return false;
    *ev = h->events[h->first];
    h->first = (h->first + 1) % (2 * DEVICES_MAX);
    h->count--;
    return true;
}

static uint64_t holder_deadline(struct usbip_backend *b)
{
    (void)b;
    return UINT64_MAX;
}

// One interface with one bulk IN, and class descriptors as filling.
static void make_descriptors(struct holder *h, unsigned config_bytes)
{
    static const uint8_t device[] = {18, 1, 0, 2, 0, 0, 0, 64, 9, 0x12, 9, 0, 0, 1, 0, 0, 0, 1};
    static const uint8_t start[] = {9, 2,    0, 0, 1, 1, 0, 0x80,     50, 9, 4, 0, 0,
                                    1, 0xff, 0, 0, 0, 7, 5, ENDPOINT, 2,  0, 2, 0};
    REQUIRE(config_bytes >= sizeof start + 2 && config_bytes <= CONFIG_MAX);
    memcpy(h->device, device, sizeof device);
    memcpy(h->config, start, sizeof start);
    h->config[2] = (uint8_t)config_bytes;
    h->config[3] = (uint8_t)(config_bytes >> 8);
    for (unsigned at = sizeof start; at < config_bytes;) {
        unsigned rest = config_bytes - at, size = rest <= 128 ? rest : 126;
        h->config[at] = (uint8_t)size;
        h->config[at + 1] = 0x24;
        at += size;
    }
}

static struct holder *holder_create(unsigned devices, unsigned config_bytes)
{
    struct holder *h = calloc(1, sizeof *h);
    REQUIRE(h && devices <= DEVICES_MAX);
    h->backend = (struct usbip_backend){
        holder_open,  holder_close, holder_submit, holder_cancel,   holder_control,
        holder_alloc, holder_free,  holder_take,   holder_deadline,
    };
    make_descriptors(h, config_bytes);
    for (unsigned i = 0; i < devices; i++) {
        struct usb_device_info *info = &h->info[i];
        *info = (struct usb_device_info){
            .busnum = 1,
            .devnum = (uint8_t)(i + 1),
            .speed = USB_SPEED_HIGH,
            .active_config = 1,
            .config_count = 1,
            .device_descriptor = {h->device, sizeof h->device},
            .config[0] = {h->config, config_bytes},
        };
        (void)snprintf(info->busid, sizeof info->busid, "1-%u", i + 1);
        holder_event(
            h, &(struct backend_event){.type = BACKEND_PLUGGED, .device = info, .info = info});
    }
    return h;
}

// --- clients -------------------------------------------------------------------------------------

static void drain(struct session *s)
{
    struct base_iovec iov[16];
    unsigned n;
    while ((n = session_tx_vectors(s, iov, 16)) > 0) {
        size_t size = 0;
        for (unsigned i = 0; i < n; i++)
            size += iov[i].size;
        session_tx_consume(s, size);
    }
}

static void send(struct usbip_server *server, struct session *s, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        struct base_iovec iov[2];
        REQUIRE(session_rx_vectors(s, iov, 2) > 0);
        size_t part = size < iov[0].size ? size : iov[0].size;
        memcpy(iov[0].data, bytes, part);
        session_rx_commit(s, part, 0);
        REQUIRE(!session_is_closing(s));
        bytes += part;
        size -= part;
        server_step(server, 0);
    }
    drain(s);
}

static void import(struct usbip_server *server, struct session *s, const char *busid)
{
    uint8_t bytes[WIRE_OP_IMPORT_SIZE] = {0};
    wire_op_header_pack(bytes,
                        &(struct wire_op_header){WIRE_VERSION, WIRE_OP_REQ_IMPORT, WIRE_ST_OK});
    memcpy(bytes + WIRE_OP_HEADER_SIZE, busid, strlen(busid));
    send(server, s, bytes, sizeof bytes);
}

static void submit(struct usbip_server *server, struct session *s, uint32_t devid, uint32_t seqnum)
{
    uint8_t bytes[WIRE_URB_HEADER_SIZE];
    struct wire_urb_header h = {.command = WIRE_CMD_SUBMIT, .seqnum = seqnum, .devid = devid};
    h.direction = WIRE_DIR_IN;
    h.ep = ENDPOINT & 0x0f;
    h.u.submit.transfer_buffer_length = URB_BYTES;
    wire_urb_header_pack(bytes, &h);
    send(server, s, bytes, sizeof bytes);
}

static uint32_t taken(const struct heap_meter *m, uint32_t overhead)
{
    return (uint32_t)(m->live_bytes + m->blocks * overhead);
}

// The devices keep their URBs for ever, so nothing is given back here: the program ends.
void memory_core_measure(const struct server_config *config, unsigned attached,
                         unsigned config_bytes, uint32_t overhead, struct memory_core *out)
{
    // In a log of the port's own memory, as on the chip.
    static uint64_t events[1024];
    struct server_config c = *config;
    struct heap_meter m;
    heap_meter_begin(&m);
    c.eventlog_memory = (struct eventlog_memory){.bytes = events, .size = sizeof events};
    struct holder *h = holder_create(c.max_devices, config_bytes);
    struct usbip_server *server = server_create(&c, &m.alloc, 0);
    REQUIRE(server && server_add_backend(server, &h->backend) == BASE_OK);
    const struct base_peer peer = {{{0x20, 0x01, 0x0d, 0xb8}, 128}, 50000};
    server_step(server, 0);
    uint32_t before = taken(&m, overhead);
    for (unsigned i = 0; i < attached; i++) {
        struct session *s = server_connected(server, &peer, 0);
        REQUIRE(s);
        import(server, s, h->info[i].busid);
        for (uint32_t n = 1; n <= c.session.max_urbs; n++)
            submit(server, s, 1u << 16 | (i + 1), n);
    }
    REQUIRE(h->urbs == attached * c.session.max_urbs);
    uint32_t per_device = (taken(&m, overhead) - before) / attached;
    for (unsigned i = attached; i < c.max_connections; i++)
        REQUIRE(server_connected(server, &peer, 0));
    *out = (struct memory_core){
        .bytes = taken(&m, overhead), .per_device = per_device, .urbs = h->urbs};
}
