// SPDX-License-Identifier: Apache-2.0
// How many instructions one URB costs on the chip's instruction set, from the received header to
// the sent reply, and what it costs more when other sessions are attached and silent. QEMU counts
// (-icount), so the figures are the same on every machine. tests/rv32/urb_cost.txt
// has the budget.
#include "access_cost.h"
#include "devices_cost.h"
#include "plain_backend.h"

#include "wire/wire_op.h"
#include "wire/wire_urb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SESSIONS_MAX = 16, URBS = 1000, WARM_UP = 100, IN = 0x81, OUT = 0x02, CONTROL_IN = 0x80 };

static uint32_t instructions(void)
{
    uint32_t n;
    __asm__ volatile(".option push\n.option arch, +zicsr\nrdinstret %0\n.option pop" : "=r"(n));
    return n;
}

static void *heap_alloc(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static void heap_free(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

// --- the port ------------------------------------------------------------------------------------

struct port {
    struct usbip_server *server;
    struct session *session[SESSIONS_MAX];
    unsigned sessions;
    uint64_t now_us;
    uint64_t sent;
    uint32_t copying; // instructions that the system would have spent, not we
};

static void copy(struct port *p, uint8_t *to, const uint8_t *from, size_t size)
{
    uint32_t before = instructions();
    memcpy(to, from, size);
    p->copying += instructions() - before;
}

static void receive(struct port *p, struct session *s, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        struct base_iovec iov[2];
        REQUIRE(session_rx_vectors(s, iov, 2) > 0);
        size_t part = size < iov[0].size ? size : iov[0].size;
        copy(p, iov[0].data, bytes, part);
        session_rx_commit(s, part, p->now_us);
        bytes += part;
        size -= part;
        server_step(p->server, p->now_us);
    }
}

static void send(struct port *p, struct session *s)
{
    struct base_iovec iov[64];
    unsigned n;
    while ((n = session_tx_vectors(s, iov, 64)) > 0) {
        size_t size = 0;
        for (unsigned i = 0; i < n; i++)
            size += iov[i].size;
        session_tx_consume(s, size);
        p->sent += size;
    }
}

// What the socket loop does when one socket has received something, without its system calls.
static void turn(struct port *p, struct session *s, const uint8_t *bytes, size_t size)
{
    p->now_us += 100;
    receive(p, s, bytes, size);
    do {
        server_step(p->server, p->now_us);
        while ((s = server_next_changed(p->server)) != NULL) {
            send(p, s);
            REQUIRE(session_port_state(s) == SESSION_PORT_OPEN);
        }
    } while (server_next_deadline(p->server) <= p->now_us);
}

// --- clients -------------------------------------------------------------------------------------

static void attach(struct port *p, const struct plain_backend *b, unsigned index)
{
    uint8_t bytes[WIRE_OP_IMPORT_SIZE];
    static const struct base_peer peer = {{{0x20, 0x01, 0x0d, 0xb8}, 128}, 50000};
    struct session *s = server_connected(p->server, &peer, p->now_us);
    REQUIRE(s);
    p->session[p->sessions++] = s;
    server_step(p->server, p->now_us);
    plain_backend_import(bytes, b, index);
    turn(p, s, bytes, sizeof bytes);
    REQUIRE(p->sent == WIRE_OP_HEADER_SIZE + WIRE_DEVICE_SIZE);
    p->sent = 0;
}

static size_t make_submit(uint8_t *bytes, uint8_t address, uint32_t seqnum, uint32_t length)
{
    struct wire_urb_header h = {
        .command = WIRE_CMD_SUBMIT, .seqnum = seqnum, .devid = 1u << 16 | 1};
    bool in = (address & USB_DIR_IN) != 0;
    h.direction = in ? WIRE_DIR_IN : WIRE_DIR_OUT;
    h.ep = address & 0x0f;
    h.u.submit.transfer_buffer_length = (int32_t)length;
    if (h.ep == 0)
        usb_setup_pack(h.u.submit.setup,
                       &(struct usb_setup){USB_DIR_IN, 6, 0x0100, 0, (uint16_t)length});
    wire_urb_header_pack(bytes, &h);
    return WIRE_URB_HEADER_SIZE + (in ? 0 : length);
}

struct row {
    const char *name;
    unsigned sessions;
    uint8_t address;
    uint32_t length;
    unsigned depth; // URBs that arrive together
};

// Instructions per URB; the mean of URBS after a warm-up. What it makes is left to
// the end of the program.
static uint32_t measure(const struct row *row)
{
    static const uint8_t config[] = {9, 2, 32, 0, 1,  1, 0, 0x80, 50, 9, 4, 0,   0, 2, 0xff, 0,
                                     0, 0, 7,  5, IN, 2, 0, 2,    0,  7, 5, OUT, 2, 0, 2,    0};
    static uint8_t bytes[WIRE_URB_HEADER_SIZE + 16384];
    const struct base_alloc alloc = {heap_alloc, heap_free, NULL};
    struct server_config c;
    struct plain_backend *b =
        plain_backend_create(SESSIONS_MAX, (struct base_span){config, sizeof config}, false);
    struct port *p = calloc(1, sizeof *p);
    uint32_t seqnum = 0, sum = 0, urbs = 0;
    REQUIRE(p);
    server_config_default(&c);
    c.session.max_urbs = 64;
    p->server = server_create(&c, &alloc, 0);
    REQUIRE(p->server && server_add_backend(p->server, &b->backend) == BASE_OK);
    server_step(p->server, 0);
    for (unsigned i = 0; i < row->sessions; i++)
        attach(p, b, i);
    while (seqnum < WARM_UP + URBS) {
        size_t size = 0;
        for (unsigned i = 0; i < row->depth; i++)
            size += make_submit(bytes + size, row->address, ++seqnum, row->length);
        uint32_t before = instructions();
        p->copying = 0;
        turn(p, p->session[0], bytes, size);
        if (seqnum > WARM_UP) {
            sum += instructions() - before - p->copying;
            urbs += row->depth;
        }
    }
    uint32_t reply = WIRE_URB_HEADER_SIZE + (row->address & USB_DIR_IN ? row->length : 0);
    REQUIRE(p->sent == (uint64_t)seqnum * reply);
    return sum / urbs;
}

int main(void)
{
    static const struct row rows[] = {
        {"in_64B", 1, IN, 64, 1},
        {"in_64B_16_sessions", 16, IN, 64, 1},
        {"in_64B_depth32", 1, IN, 64, 32},
        {"out_64B", 1, OUT, 64, 1},
        {"in_16KiB", 1, IN, 16384, 1},
        {"in_512KiB", 1, IN, 524288, 1},
        {"out_16KiB", 1, OUT, 16384, 1},
        {"control_8B_depth8", 1, CONTROL_IN, 8, 8},
        {"control_8B_depth64", 1, CONTROL_IN, 8, 64},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        printf("%-20s %6lu\n", rows[i].name, (unsigned long)measure(&rows[i]));
    printf("%-20s %6lu\n", "access_64_rules", (unsigned long)access_cost(instructions));
    printf("%-20s %6lu\n", "list_8_devices", (unsigned long)devices_cost(instructions));
    printf("%-20s %6lu\n", "export_64_rules", (unsigned long)access_cost_export(instructions));
    return 0;
}
