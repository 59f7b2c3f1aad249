// SPDX-License-Identifier: Apache-2.0
#include "tests/port/usbip_client.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <string.h>

enum wire_op_status usbip_client_import(struct usbip_client *c, int fd, const char *busid)
{
    uint8_t request[WIRE_OP_IMPORT_SIZE] = {0}, reply[WIRE_OP_HEADER_SIZE],
            record[WIRE_DEVICE_SIZE];
    struct wire_device d;
    struct wire_op_header h = {WIRE_VERSION, WIRE_OP_REQ_IMPORT, 0};
    wire_op_header_pack(request, &h);
    memcpy(request + WIRE_OP_HEADER_SIZE, busid, strlen(busid));
    CHECK(tcp_client_send(fd, request, sizeof request, TCP_CLIENT_MS));
    CHECK(tcp_client_recv(fd, reply, sizeof reply, TCP_CLIENT_MS));
    h = wire_op_header_unpack(reply);
    CHECK_EQ(h.code, WIRE_OP_REP_IMPORT);
    if (h.status != WIRE_ST_OK)
        return (enum wire_op_status)h.status;
    CHECK(tcp_client_recv(fd, record, sizeof record, TCP_CLIENT_MS));
    wire_device_unpack(&d, record);
    CHECK_STR(d.busid, busid);
    *c = (struct usbip_client){.fd = fd, .devid = d.busnum << 16 | d.devnum};
    return WIRE_ST_OK;
}

unsigned usbip_client_devlist(int fd)
{
    uint8_t bytes[WIRE_OP_HEADER_SIZE], ndev[4];
    struct wire_op_header h = {WIRE_VERSION, WIRE_OP_REQ_DEVLIST, 0};
    wire_op_header_pack(bytes, &h);
    CHECK(tcp_client_send(fd, bytes, sizeof bytes, TCP_CLIENT_MS));
    CHECK(tcp_client_recv(fd, bytes, sizeof bytes, TCP_CLIENT_MS));
    h = wire_op_header_unpack(bytes);
    CHECK_EQ(h.code, WIRE_OP_REP_DEVLIST);
    CHECK_EQ(h.status, WIRE_ST_OK);
    CHECK(tcp_client_recv(fd, ndev, sizeof ndev, TCP_CLIENT_MS));
    return base_get_be32(ndev);
}

static struct wire_urb_header header(struct usbip_client *c, uint32_t ep, bool in, uint32_t length)
{
    return (struct wire_urb_header){
        .command = WIRE_CMD_SUBMIT,
        .seqnum = ++c->seqnum,
        .devid = c->devid,
        .direction = in ? WIRE_DIR_IN : WIRE_DIR_OUT,
        .ep = ep,
        .u.submit = {.transfer_buffer_length = (int32_t)length, .number_of_packets = 0},
    };
}

void usbip_client_pack(struct usbip_client *c, uint8_t out[WIRE_URB_HEADER_SIZE], uint32_t ep,
                       bool in, uint32_t length)
{
    struct wire_urb_header h = header(c, ep, in, length);
    wire_urb_header_pack(out, &h);
}

void usbip_client_submit(struct usbip_client *c, uint32_t ep, bool in, const void *data,
                         uint32_t length)
{
    uint8_t bytes[WIRE_URB_HEADER_SIZE];
    usbip_client_pack(c, bytes, ep, in, length);
    CHECK(tcp_client_send(c->fd, bytes, sizeof bytes, TCP_CLIENT_MS));
    if (!in && length > 0)
        CHECK(tcp_client_send(c->fd, data, length, TCP_CLIENT_MS));
}

void usbip_client_configure(struct usbip_client *c, uint8_t configuration)
{
    uint8_t bytes[WIRE_URB_HEADER_SIZE];
    const struct usb_setup setup = {.bRequest = USB_REQ_SET_CONFIGURATION, .wValue = configuration};
    struct wire_urb_header h = header(c, 0, false, 0);
    usb_setup_pack(h.u.submit.setup, &setup);
    wire_urb_header_pack(bytes, &h);
    CHECK(tcp_client_send(c->fd, bytes, sizeof bytes, TCP_CLIENT_MS));
    CHECK_EQ(usbip_client_reply(c, false, NULL, 0).u.ret_submit.status, 0);
}

struct wire_urb_header usbip_client_reply(struct usbip_client *c, bool in, void *data, size_t max)
{
    uint8_t bytes[WIRE_URB_HEADER_SIZE];
    struct wire_urb_header h;
    CHECK(tcp_client_recv(c->fd, bytes, sizeof bytes, TCP_CLIENT_MS));
    wire_urb_header_unpack(&h, bytes);
    CHECK(h.command == WIRE_RET_SUBMIT || h.command == WIRE_RET_UNLINK);
    if (h.command == WIRE_RET_SUBMIT && in && h.u.ret_submit.actual_length > 0) {
        CHECK((size_t)h.u.ret_submit.actual_length <= max);
        CHECK(tcp_client_recv(c->fd, data, (size_t)h.u.ret_submit.actual_length, TCP_CLIENT_MS));
    }
    return h;
}

void usbip_client_read(struct usbip_client *c, uint32_t ep, void *data, uint32_t length)
{
    usbip_client_submit(c, ep, true, NULL, length);
    struct wire_urb_header h = usbip_client_reply(c, true, data, length);
    CHECK_EQ(h.command, WIRE_RET_SUBMIT);
    CHECK_EQ(h.seqnum, c->seqnum);
    CHECK_EQ(h.u.ret_submit.status, 0);
    CHECK_EQ(h.u.ret_submit.actual_length, length);
}

void usbip_client_echo(struct usbip_client *c, uint8_t first, uint32_t size)
{
    enum { BULK = 1, ROOM = 4096 };
    uint8_t out[ROOM], in[ROOM];
    CHECK(size <= ROOM);
    for (uint32_t i = 0; i < size; i++)
        out[i] = (uint8_t)(first + i);
    usbip_client_submit(c, BULK, false, out, size);
    CHECK_EQ(usbip_client_reply(c, false, NULL, 0).u.ret_submit.actual_length, size);
    usbip_client_read(c, BULK, in, size);
    CHECK_BYTES(in, out, size);
}
