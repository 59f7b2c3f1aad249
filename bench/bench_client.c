// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_client.h"

#include "base/base_bytes.h"
#include "bench/bench_child.h"
#include "wire/wire_urb.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    READ_SIZE = 256 * 1024,
    LENGTH_MAX = 1024 * 1024,
    TIMEOUT_S = 10,
    BUSY_MS = 5000, // how long an import waits for the session before to be gone
    CONTROL_MAX = 64,
    ISO_ASAP = 0x0002,   // of transfer_flags: in the next frames that are free
    SEGMENT_SIZE = 1448, // of TCP in an Ethernet frame
    SEGMENT_NS = 123040, // that frame at 100 Mbit/s, with preamble and gap
    PACKETS_SIZE_MAX = BENCH_PACKETS_MAX * WIRE_ISO_PACKET_SIZE,
};

static uint8_t zeros[LENGTH_MAX];

uint64_t bench_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void bench_client_open(struct bench_client *c, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval limit = {.tv_sec = TIMEOUT_S};
    int on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *c = (struct bench_client){.fd = socket(AF_INET, SOCK_STREAM, 0), .in = malloc(READ_SIZE)};
    if (c->fd < 0 || !c->in || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
        bench_die("cannot connect to port %u", port);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

void bench_client_close(struct bench_client *c)
{
    close(c->fd);
    free(c->in);
}

static void send_all(struct bench_client *c, struct iovec *iov, unsigned count)
{
    while (count) {
        ssize_t n = writev(c->fd, iov, (int)count);
        if (n <= 0)
            bench_die("the server takes no more bytes");
        for (; count && (size_t)n >= iov->iov_len; iov++, count--)
            n -= (ssize_t)iov->iov_len;
        if (count) {
            iov->iov_base = (uint8_t *)iov->iov_base + n;
            iov->iov_len -= (size_t)n;
        }
    }
}

static void receive(struct bench_client *c)
{
    memmove(c->in, c->in + c->begin, c->end - c->begin); // less than a header
    c->end -= c->begin;
    c->begin = 0;
    ssize_t n = recv(c->fd, c->in + c->end, READ_SIZE - c->end, 0);
    if (n <= 0)
        bench_die(n ? "no answer for %d s" : "the server ended the connection", TIMEOUT_S);
    c->end += (size_t)n;
}

// The next `size` bytes, at most a header or device record; valid until the next receive().
static const uint8_t *take(struct bench_client *c, size_t size)
{
    while (c->end - c->begin < size)
        receive(c);
    c->begin += size;
    return c->in + c->begin - size;
}

static void take_payload(struct bench_client *c, size_t size)
{
    while (size) {
        if (c->begin == c->end)
            receive(c);
        size_t have = c->end - c->begin, n = size < have ? size : have;
        if (c->check_zeros && memcmp(c->in + c->begin, zeros, n) != 0)
            bench_die("payload is not zero bytes");
        c->begin += n;
        c->received_bytes += n;
        size -= n;
    }
}

static struct wire_op_header exchange(struct bench_client *c, uint8_t *request, size_t size,
                                      uint16_t code)
{
    struct wire_op_header h = {.version = WIRE_VERSION, .code = code};
    struct iovec iov = {request, size};
    wire_op_header_pack(request, &h);
    send_all(c, &iov, 1);
    return wire_op_header_unpack(take(c, WIRE_OP_HEADER_SIZE));
}

unsigned bench_client_list(struct bench_client *c, struct wire_device *devices, unsigned max)
{
    uint8_t request[WIRE_OP_HEADER_SIZE];
    struct wire_op_header h = exchange(c, request, sizeof request, WIRE_OP_REQ_DEVLIST);
    if (h.code != WIRE_OP_REP_DEVLIST || h.status != WIRE_ST_OK)
        bench_die("DEVLIST refused");
    uint32_t count = base_get_be32(take(c, 4));
    for (unsigned i = 0; i < count; i++) {
        struct wire_device d;
        wire_device_unpack(&d, take(c, WIRE_DEVICE_SIZE));
        take(c, (size_t)WIRE_INTERFACE_SIZE * d.bNumInterfaces);
        if (i < max)
            devices[i] = d;
    }
    return count < max ? count : max;
}

// False: busy.
static bool import(struct bench_client *c, const char *busid)
{
    uint8_t request[WIRE_OP_IMPORT_SIZE] = {0};
    struct wire_device d;
    memcpy(request + WIRE_OP_HEADER_SIZE, busid, strnlen(busid, WIRE_BUSID_SIZE - 1));
    struct wire_op_header h = exchange(c, request, sizeof request, WIRE_OP_REQ_IMPORT);
    if (h.status == WIRE_ST_DEV_BUSY)
        return false;
    if (h.code != WIRE_OP_REP_IMPORT || h.status != WIRE_ST_OK)
        bench_die("IMPORT of %s refused, status %u", busid, (unsigned)h.status);
    wire_device_unpack(&d, take(c, WIRE_DEVICE_SIZE));
    c->devid = d.busnum << 16 | d.devnum;
    return true;
}

void bench_client_attach(struct bench_client *c, uint16_t port, const char *busid)
{
    uint64_t until = bench_now_ns() + (uint64_t)BUSY_MS * 1000000u;
    const struct timespec pause = {.tv_nsec = 1000000};
    bench_client_open(c, port);
    while (!import(c, busid)) {
        bench_client_close(c);
        if (bench_now_ns() > until)
            bench_die("%s stays busy", busid);
        nanosleep(&pause, NULL);
        bench_client_open(c, port);
    }
}

static void pack_submit(struct bench_client *c, const struct bench_transfer *t,
                        const uint8_t *setup, uint8_t out[WIRE_URB_HEADER_SIZE])
{
    struct wire_urb_header h = {.command = WIRE_CMD_SUBMIT,
                                .seqnum = ++c->seqnum,
                                .devid = c->devid,
                                .direction = t->ep & USB_DIR_IN ? WIRE_DIR_IN : WIRE_DIR_OUT,
                                .ep = t->ep & 0x0f};
    h.u.submit.transfer_buffer_length = (int32_t)t->length;
    if (t->packets) {
        h.u.submit.transfer_flags = ISO_ASAP;
        h.u.submit.number_of_packets = (int32_t)t->packets;
        h.u.submit.interval = 1;
    }
    if (setup)
        memcpy(h.u.submit.setup, setup, sizeof h.u.submit.setup);
    wire_urb_header_pack(out, &h);
}

static size_t pack_packets(const struct bench_transfer *t, uint8_t out[PACKETS_SIZE_MAX])
{
    for (unsigned i = 0; i < t->packets; i++) {
        struct usb_iso_packet p = {.length = t->length / t->packets};
        p.offset = i * p.length;
        wire_iso_packet_pack(out + (size_t)i * WIRE_ISO_PACKET_SIZE, &p);
    }
    return (size_t)t->packets * WIRE_ISO_PACKET_SIZE;
}

static bool is_whole(const struct bench_transfer *t, uint32_t actual_length)
{
    bool may_be_short = t->packets && (t->ep & USB_DIR_IN);
    return may_be_short ? actual_length <= t->length : actual_length == t->length;
}

// Answers of one endpoint come in the order of its requests.
static void take_answer(struct bench_client *c, const struct bench_transfer *t, uint32_t seqnum)
{
    struct wire_urb_header h;
    wire_urb_header_unpack(&h, take(c, WIRE_URB_HEADER_SIZE));
    if (h.command != WIRE_RET_SUBMIT || h.seqnum != seqnum)
        bench_die("answer %u to URB %u is for URB %u", h.command, seqnum, h.seqnum);
    uint32_t actual_length = (uint32_t)h.u.ret_submit.actual_length;
    if (h.u.ret_submit.status != 0 || !is_whole(t, actual_length))
        bench_die("URB of endpoint 0x%02x, %u bytes: status %d, %d bytes", t->ep, t->length,
                  h.u.ret_submit.status, h.u.ret_submit.actual_length);
    if (t->packets && h.u.ret_submit.error_count != 0)
        bench_die("%d packets of endpoint 0x%02x failed", h.u.ret_submit.error_count, t->ep);
    if (t->ep & USB_DIR_IN)
        take_payload(c, actual_length);
    for (unsigned i = 0; i < t->packets; i++)
        take(c, WIRE_ISO_PACKET_SIZE);
}

void bench_client_control(struct bench_client *c, const struct usb_setup *s, uint8_t *data)
{
    const struct bench_transfer t = {
        .ep = s->bmRequestType & USB_DIR_IN, .length = s->wLength, .depth = 1};
    uint8_t setup[8], request[WIRE_URB_HEADER_SIZE];
    struct iovec iov[2] = {{request, sizeof request}, {data, s->wLength}};
    if (s->wLength > CONTROL_MAX)
        bench_die("data stage of %u bytes", s->wLength);
    usb_setup_pack(setup, s);
    pack_submit(c, &t, setup, request);
    send_all(c, iov, s->wLength && !t.ep ? 2 : 1);
    while (c->end - c->begin < WIRE_URB_HEADER_SIZE + (t.ep ? t.length : 0u))
        receive(c);
    if (t.ep)
        memcpy(data, c->in + c->begin + WIRE_URB_HEADER_SIZE, t.length);
    take_answer(c, &t, c->seqnum);
}

void bench_client_set_configuration(struct bench_client *c, uint8_t value)
{
    const struct usb_setup s = {.bRequest = USB_REQ_SET_CONFIGURATION, .wValue = value};
    bench_client_control(c, &s, NULL);
}

static void submit(struct bench_client *c, const struct bench_transfer *t, unsigned count)
{
    uint8_t headers[BENCH_DEPTH_MAX][WIRE_URB_HEADER_SIZE], packets[PACKETS_SIZE_MAX];
    struct iovec iov[3 * BENCH_DEPTH_MAX];
    size_t packets_size = pack_packets(t, packets);
    unsigned n = 0;
    for (unsigned i = 0; i < count; i++) {
        pack_submit(c, t, NULL, headers[i]);
        iov[n++] = (struct iovec){headers[i], WIRE_URB_HEADER_SIZE};
        if (!(t->ep & USB_DIR_IN))
            iov[n++] = (struct iovec){zeros, t->length};
        if (packets_size)
            iov[n++] = (struct iovec){packets, packets_size};
    }
    send_all(c, iov, n);
}

// An OUT request and its payload, segment by segment. Who comes late does not catch up: segments
// that come together are one wake-up.
static void submit_paced(struct bench_client *c, const struct bench_transfer *t)
{
    const struct timespec pause = {.tv_nsec = SEGMENT_NS};
    uint8_t segment[SEGMENT_SIZE] = {0};
    size_t left = WIRE_URB_HEADER_SIZE + t->length;
    pack_submit(c, t, NULL, segment);
    prctl(PR_SET_TIMERSLACK, 1);
    while (left) {
        size_t n = left < SEGMENT_SIZE ? left : SEGMENT_SIZE;
        struct iovec iov = {segment, n};
        send_all(c, &iov, 1);
        left -= n;
        memset(segment, 0, WIRE_URB_HEADER_SIZE);
        if (left)
            nanosleep(&pause, NULL);
    }
    prctl(PR_SET_TIMERSLACK, 0); // the default again: children inherit it
}

// Waits for one answer and takes those that are surely whole in the buffer behind it.
static unsigned take_answers(struct bench_client *c, const struct bench_transfer *t,
                             uint32_t seqnum)
{
    size_t whole = WIRE_URB_HEADER_SIZE + (t->ep & USB_DIR_IN ? t->length : 0) +
                   (size_t)t->packets * WIRE_ISO_PACKET_SIZE;
    unsigned n = 0;
    do
        take_answer(c, t, seqnum + n++);
    while (c->end - c->begin >= whole);
    return n;
}

uint64_t bench_client_run(struct bench_client *c, const struct bench_transfer *t, unsigned count,
                          uint32_t *round_trips_ns)
{
    uint32_t first = c->seqnum + 1;
    uint64_t start = bench_now_ns(), last = start;
    for (unsigned sent = 0, done = 0; done < count;) {
        unsigned room = t->depth - (sent - done), left = count - sent;
        unsigned n = room < left ? room : left;
        if (t->paced)
            submit_paced(c, t);
        else
            submit(c, t, n);
        sent += n;
        unsigned answers = take_answers(c, t, first + done);
        if (round_trips_ns) {
            uint64_t now = bench_now_ns();
            round_trips_ns[done] = (uint32_t)(now - last);
            last = now;
        }
        done += answers;
    }
    return bench_now_ns() - start;
}
