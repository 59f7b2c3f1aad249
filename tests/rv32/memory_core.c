// SPDX-License-Identifier: Apache-2.0
#include "memory_core.h"

#include "plain_backend.h"
#include "tests/support/heap.h"
#include "wire/wire_op.h"
#include "wire/wire_urb.h"

#include <string.h>

enum { CONFIG_MAX = 8192, URB_BYTES = 512, ENDPOINT = 0x81, ISO_ENDPOINT = 0x82 };

// One interface with a bulk IN and an isochronous one, for whose packets a session keeps memory,
// and class descriptors as filling.
static struct base_span make_config(unsigned bytes)
{
    static uint8_t config[CONFIG_MAX];
    static const uint8_t start[] = {
        9, 2,        0, 0, 1, 1, 0, 0x80, 50,           9, 4, 0, 0, 2, 0xff, 0, 0, 0, 7,
        5, ENDPOINT, 2, 0, 2, 0, 7, 5,    ISO_ENDPOINT, 1, 0, 1, 1};
    REQUIRE(bytes >= sizeof start + 2 && bytes <= CONFIG_MAX);
    memcpy(config, start, sizeof start);
    config[2] = (uint8_t)bytes;
    config[3] = (uint8_t)(bytes >> 8);
    for (unsigned at = sizeof start; at < bytes;) {
        unsigned rest = bytes - at, size = rest <= 128 ? rest : 126;
        config[at] = (uint8_t)size;
        config[at + 1] = 0x24;
        at += size;
    }
    return (struct base_span){config, bytes};
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
    struct plain_backend *b = plain_backend_create(c.max_devices, make_config(config_bytes), true);
    struct usbip_server *server = server_create(&c, &m.alloc, 0);
    REQUIRE(server && server_add_backend(server, &b->backend) == BASE_OK);
    const struct base_peer peer = {{{0x20, 0x01, 0x0d, 0xb8}, 128}, 50000};
    server_step(server, 0);
    uint32_t before = taken(&m, overhead);
    for (unsigned i = 0; i < attached; i++) {
        struct session *s = server_connected(server, &peer, 0);
        REQUIRE(s);
        uint8_t request[WIRE_OP_IMPORT_SIZE];
        plain_backend_import(request, b, i);
        send(server, s, request, sizeof request);
        for (uint32_t n = 1; n <= c.session.max_urbs; n++)
            submit(server, s, 1u << 16 | (i + 1), n);
    }
    REQUIRE(b->urbs == attached * c.session.max_urbs);
    uint32_t per_device = (taken(&m, overhead) - before) / attached;
    for (unsigned i = attached; i < c.max_connections; i++)
        REQUIRE(server_connected(server, &peer, 0));
    *out = (struct memory_core){
        .bytes = taken(&m, overhead), .per_device = per_device, .urbs = b->urbs};
}
