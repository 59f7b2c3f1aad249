// SPDX-License-Identifier: Apache-2.0
// Every vector both ways: its bytes give the values below, and the values give its bytes.
#include "tests/golden/vectors.h"
#include "tests/support/check.h"
#include "wire/wire_op.h"
#include "wire/wire_urb.h"

#include <string.h>

enum { DEVID = 0x00010002, IN = WIRE_DIR_IN, OUT = WIRE_DIR_OUT };

// A CMD_SUBMIT.
struct submit_row {
    const char *name;
    uint32_t seqnum, direction, ep, flags;
    int32_t length;
    const char *setup;
    int32_t start_frame, packets, interval;
    uint32_t devid;
};

#define NO_SETUP "\0\0\0\0\0\0\0\0"
static const struct submit_row submits[] = {
    {"SUB-DEVDESC64", 1, IN, 0, 0x200, 64, "\x80\x06\x00\x01\x00\x00\x40\x00", 0, 0, 0, DEVID},
    {"SUB-DEVDESC18-M1", 4, IN, 0, 0x200, 18, "\x80\x06\x00\x01\x00\x00\x12\x00", 0, -1, 0, DEVID},
    {"SUB-SETCFG1", 5, OUT, 0, 0, 0, "\x00\x09\x01\x00\x00\x00\x00\x00", 0, 0, 0, DEVID},
    {"SUB-SETIF-0-0", 6, OUT, 0, 0, 0, "\x01\x0b\x00\x00\x00\x00\x00\x00", 0, 0, 0, DEVID},
    {"SUB-CLRHALT-81", 7, OUT, 0, 0, 0, "\x02\x01\x00\x00\x81\x00\x00\x00", 0, 0, 0, DEVID},
    {"SUB-BADREQ", 8, IN, 0, 0x200, 4, "\xc0\xfe\x34\x12\x00\x00\x04\x00", 0, 0, 0, DEVID},
    {"SUB-CTRL-OUT7", 9, OUT, 0, 0, 7, "\x21\x20\x00\x00\x00\x00\x07\x00", 0, 0, 0, DEVID},
    {"SUB-BULKOUT31", 10, OUT, 2, 0, 31, NO_SETUP, 0, 0, 0, DEVID},
    {"SUB-BULKIN512", 11, IN, 1, 0x200, 512, NO_SETUP, 0, 0, 0, DEVID},
    {"SUB-BULKIN512-SNOK", 12, IN, 1, 0x201, 512, NO_SETUP, 0, 0, 0, DEVID},
    {"SUB-BULKOUT512-ZLP", 13, OUT, 2, 0x40, 512, NO_SETUP, 0, 0, 0, DEVID},
    {"SUB-BULKOUT0", 14, OUT, 2, 0, 0, NO_SETUP, 0, 0, 0, DEVID},
    {"SUB-INTIN8", 15, IN, 3, 0x200, 8, NO_SETUP, -1, 0, 8, DEVID},
    {"SUB-ISOIN4", 20, IN, 4, 0x202, 768, NO_SETUP, 0, 4, 8, DEVID},
    {"SUB-ISOOUT2", 21, OUT, 5, 0x2, 196, NO_SETUP, 0, 2, 8, DEVID},
    {"SUB-NEGLEN", 22, IN, 1, 0x200, -1, NO_SETUP, 0, 0, 0, DEVID},
    {"SUB-HUGELEN-IN", 23, IN, 1, 0x200, 0x7fffffff, NO_SETUP, 0, 0, 0, DEVID},
    {"SUB-HUGELEN-OUT", 24, OUT, 2, 0, 0x7fffffff, NO_SETUP, 0, 0, 0, DEVID},
    {"SUB-EP16", 25, IN, 16, 0x200, 8, NO_SETUP, 0, 0, 0, DEVID},
    {"SUB-DIR2", 26, 2, 1, 0x200, 8, NO_SETUP, 0, 0, 0, DEVID},
    {"SUB-NOEP", 27, IN, 9, 0x200, 8, NO_SETUP, 0, 0, 0, DEVID},
    {"SUB-NOEP-OUT64", 28, OUT, 9, 0, 64, NO_SETUP, 0, 0, 0, DEVID},
    {"SUB-BADDEVID", 29, IN, 0, 0x200, 18, "\x80\x06\x00\x01\x00\x00\x12\x00", 0, 0, 0, 0x630063},
    {"SUB-ISO-NP1025", 30, IN, 4, 0x202, 192, NO_SETUP, 0, 1025, 8, DEVID},
    {"SUB-ISO-NPNEG2", 31, IN, 4, 0x202, 192, NO_SETUP, 0, -2, 8, DEVID},
    {"SUB-ISO-NP0", 32, IN, 4, 0x202, 0, NO_SETUP, 0, 0, 8, DEVID},
    {"SUB-ISO-OFFOVER", 33, IN, 4, 0x202, 192, NO_SETUP, 0, 1, 8, DEVID},
    {"SUB-ISO-LENOVER", 34, IN, 4, 0x202, 192, NO_SETUP, 0, 1, 8, DEVID},
    {"SUB-BULK-NP5", 35, IN, 1, 0x200, 8, NO_SETUP, 0, 5, 0, DEVID},
    {"SUB-WLEN-GT-BUF", 36, IN, 0, 0x200, 8, "\x80\x06\x00\x01\x00\x00\x12\x00", 0, 0, 0, DEVID},
    {"SUB-WLEN-LT-BUF", 37, IN, 0, 0x200, 64, "\x80\x06\x00\x01\x00\x00\x08\x00", 0, 0, 0, DEVID},
    {"SUB-DIRMISMATCH", 38, OUT, 0, 0, 18, "\x80\x06\x00\x01\x00\x00\x12\x00", 0, 0, 0, DEVID},
    {"SUB-SETADDR", 39, OUT, 0, 0, 0, "\x00\x05\x09\x00\x00\x00\x00\x00", 0, 0, 0, DEVID},
    {"SUB-PORTRESET", 40, OUT, 0, 0, 0, "\x23\x03\x04\x00\x00\x00\x00\x00", 0, 0, 0, DEVID},
    {"CEZ-CONFIG9", 0xffffff07, IN, 0, 0, 9, "\x80\x06\x00\x02\x00\x00\x09\x00", 0, 0, 0, DEVID},
    {"DOC-CMD-INTR-IN", 0xd05, IN, 1, 0x200, 64, NO_SETUP, -1, 0, 4, 0x1000f},
};

// A RET_SUBMIT.
struct ret_row {
    const char *name;
    uint32_t seqnum;
    int32_t status, actual_length, packets, errors;
};
static const struct ret_row rets[] = {
    {"RET-DEVDESC64", 1, 0, 18, 0, 0},     {"RET-DEVDESC18-M1", 4, 0, 18, -1, 0},
    {"RET-OK-5", 5, 0, 0, 0, 0},           {"RET-STALL-8", 8, -32, 0, 0, 0},
    {"RET-CTRL-OUT7", 9, 0, 7, 0, 0},      {"RET-BULKOUT31", 10, 0, 31, 0, 0},
    {"RET-BULKOUT0", 14, 0, 0, 0, 0},      {"RET-ISOIN4-302", 20, 0, 302, 4, 1},
    {"RET-ISOIN4-ALLERR", 20, 0, 0, 4, 4}, {"RET-ISOOUT2", 21, 0, 196, 2, 0},
    {"RET-WLEN-GT-BUF", 36, 0, 8, 0, 0},   {"RET-WLEN-LT-BUF", 37, 0, 8, 0, 0},
    {"PDU-RETASREQ", 42, 0, 0, 0, 0},
};

// A CMD_UNLINK (victim) or RET_UNLINK (status).
struct unlink_row {
    const char *name;
    uint32_t command, seqnum, direction, ep, value;
};
static const struct unlink_row unlinks[] = {
    {"UNLINK-15", WIRE_CMD_UNLINK, 16, 0, 0, 15},
    {"UNLINK-NEVER", WIRE_CMD_UNLINK, 17, 0, 0, 0x7777},
    {"UNLINK-SELF", WIRE_CMD_UNLINK, 18, 0, 0, 18},
    {"UNLINK-DIRSET", WIRE_CMD_UNLINK, 19, 1, 3, 15},
    {"RET-UNLINK-16-RST", WIRE_RET_UNLINK, 16, 0, 0, (uint32_t)-104},
    {"RET-UNLINK-16-0", WIRE_RET_UNLINK, 16, 0, 0, 0},
    {"RET-UNLINK-17-0", WIRE_RET_UNLINK, 17, 0, 0, 0},
};

struct op_row {
    const char *name;
    uint16_t version, code;
    uint32_t status;
    const char *busid; // of an IMPORT, NULL: must not be found
};
static const struct op_row ops[] = {
    {"OP-DEVLIST", 0x0111, 0x8005, 0, NULL},
    {"OP-DEVLIST-V106", 0x0106, 0x8005, 0, NULL},
    {"OP-DEVLIST-V100", 0x0100, 0x8005, 0, NULL},
    {"OP-DEVLIST-ST1", 0x0111, 0x8005, 1, NULL},
    {"OP-IMPORT", 0x0111, 0x8003, 0, "1-1"},
    {"OP-IMPORT-NONE", 0x0111, 0x8003, 0, "9-9"},
    {"OP-IMPORT-UNTERM", 0x0111, 0x8003, 0, NULL},
    {"OP-IMPORT-TRAV", 0x0111, 0x8003, 0, "../../../etc/passwd"},
    {"OP-UNKNOWN", 0x0111, 0x8009, 0, NULL},
    {"OP-CRYPKEY", 0x0111, 0x8004, 0, NULL},
    {"R-DEVLIST-0", 0x0111, 0x0005, 0, NULL},
    {"R-IMPORT-NODEV", 0x0111, 0x0003, WIRE_ST_NODEV, NULL},
    {"R-IMPORT-BUSY", 0x0111, 0x0003, WIRE_ST_DEV_BUSY, NULL},
    {"R-IMPORT-DEVERR", 0x0111, 0x0003, WIRE_ST_DEV_ERR, NULL},
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

// The values give the vector's header, and the header gives the values back.
static void check_header(const char *name, const struct wire_urb_header *want)
{
    uint8_t bytes[GOLDEN_MAX], packed[WIRE_URB_HEADER_SIZE];
    struct wire_urb_header have;
    CHECK(golden(bytes, name) >= WIRE_URB_HEADER_SIZE);
    wire_urb_header_pack(packed, want);
    check_bytes(__FILE__, __LINE__, name, packed, bytes, sizeof packed);
    wire_urb_header_unpack(&have, bytes);
    check_bytes(__FILE__, __LINE__, name, &have, want, sizeof have);
}

TEST(golden_submits)
{
    for (unsigned i = 0; i < COUNT(submits); i++) {
        const struct submit_row *r = &submits[i];
        struct wire_urb_header h;
        memset(&h, 0, sizeof h);
        h.command = WIRE_CMD_SUBMIT;
        h.seqnum = r->seqnum;
        h.devid = r->devid;
        h.direction = r->direction;
        h.ep = r->ep;
        h.u.submit.transfer_flags = r->flags;
        h.u.submit.transfer_buffer_length = r->length;
        h.u.submit.start_frame = r->start_frame;
        h.u.submit.number_of_packets = r->packets;
        h.u.submit.interval = r->interval;
        memcpy(h.u.submit.setup, r->setup, 8);
        check_header(r->name, &h);
    }
}

TEST(golden_returns)
{
    for (unsigned i = 0; i < COUNT(rets); i++) {
        const struct ret_row *r = &rets[i];
        struct wire_urb_header h;
        memset(&h, 0, sizeof h);
        h.command = WIRE_RET_SUBMIT;
        h.seqnum = r->seqnum;
        h.u.ret_submit.status = r->status;
        h.u.ret_submit.actual_length = r->actual_length;
        h.u.ret_submit.number_of_packets = r->packets;
        h.u.ret_submit.error_count = r->errors;
        check_header(r->name, &h);
    }
}

TEST(golden_unlinks)
{
    for (unsigned i = 0; i < COUNT(unlinks); i++) {
        const struct unlink_row *r = &unlinks[i];
        struct wire_urb_header h;
        memset(&h, 0, sizeof h);
        h.command = r->command;
        h.seqnum = r->seqnum;
        h.direction = r->direction;
        h.ep = r->ep;
        h.devid = r->command == WIRE_CMD_UNLINK ? DEVID : 0;
        h.u.unlink.victim = r->value; // the status of a RET_UNLINK is at the same place
        check_header(r->name, &h);
    }
}

TEST(golden_unknown_command_has_no_fields)
{
    uint8_t bytes[GOLDEN_MAX];
    struct wire_urb_header h;
    golden(bytes, "PDU-UNKNOWN");
    wire_urb_header_unpack(&h, bytes);
    CHECK_EQ(h.command, 0x99);
    CHECK_EQ(h.seqnum, 41);
    static const uint8_t zero[sizeof h.u];
    CHECK_BYTES(&h.u, zero, sizeof zero);
}

TEST(golden_operations)
{
    for (unsigned i = 0; i < COUNT(ops); i++) {
        const struct op_row *r = &ops[i];
        struct wire_op_header want = {r->version, r->code, r->status};
        uint8_t bytes[GOLDEN_MAX], packed[WIRE_OP_HEADER_SIZE];
        size_t size = golden(bytes, r->name);
        wire_op_header_pack(packed, &want);
        check_bytes(__FILE__, __LINE__, r->name, packed, bytes, sizeof packed);
        struct wire_op_header have = wire_op_header_unpack(bytes);
        CHECK_EQ(have.version, want.version);
        CHECK_EQ(have.code, want.code);
        CHECK_EQ(have.status, want.status);
        char busid[WIRE_BUSID_SIZE];
        if (size == WIRE_OP_IMPORT_SIZE) {
            enum base_err err = wire_busid_unpack(busid, bytes + WIRE_OP_HEADER_SIZE);
            CHECK_EQ(err, r->busid ? BASE_OK : BASE_ERR_NOT_FOUND);
            CHECK_STR(busid, r->busid ? r->busid : "");
        }
    }
}

// Packet descriptors stand at the end of an isochronous PDU.
static void check_packets(const char *name, const struct usb_iso_packet *want, unsigned count)
{
    uint8_t bytes[GOLDEN_MAX], packed[WIRE_ISO_PACKET_SIZE];
    size_t size = golden(bytes, name);
    const uint8_t *at = bytes + size - (size_t)count * WIRE_ISO_PACKET_SIZE;
    for (unsigned i = 0; i < count; i++, at += WIRE_ISO_PACKET_SIZE) {
        struct usb_iso_packet p;
        wire_iso_packet_unpack(&p, at);
        check_bytes(__FILE__, __LINE__, name, &p, &want[i], sizeof p);
        wire_iso_packet_pack(packed, &want[i]);
        check_bytes(__FILE__, __LINE__, name, packed, at, sizeof packed);
    }
}

TEST(golden_packets)
{
    static const struct usb_iso_packet in[] = {
        {0, 192, 0, 0}, {192, 192, 0, 0}, {384, 192, 0, 0}, {576, 192, 0, 0}};
    static const struct usb_iso_packet in_302[] = {
        {0, 192, 192, 0}, {192, 192, 100, 0}, {384, 192, 0, -71}, {576, 192, 10, 0}};
    static const struct usb_iso_packet all_failed[] = {
        {0, 192, 0, -18}, {192, 192, 0, -18}, {384, 192, 0, -18}, {576, 192, 0, -18}};
    static const struct usb_iso_packet out[] = {{0, 96, 0, 0}, {96, 100, 0, 0}};
    static const struct usb_iso_packet out_sent[] = {{0, 96, 96, 0}, {96, 100, 100, 0}};
    static const struct usb_iso_packet over[] = {{0xffffff00, 192, 0, 0}, {0, 0xffffffff, 0, 0}};
    check_packets("SUB-ISOIN4", in, 4);
    check_packets("RET-ISOIN4-302", in_302, 4);
    check_packets("RET-ISOIN4-ALLERR", all_failed, 4);
    check_packets("SUB-ISOOUT2", out, 2);
    check_packets("RET-ISOOUT2", out_sent, 2);
    check_packets("SUB-ISO-OFFOVER", &over[0], 1);
    check_packets("SUB-ISO-LENOVER", &over[1], 1);
}

TEST(golden_every_vector_has_a_row)
{
    unsigned unknown = 1; // PDU-UNKNOWN
    CHECK_EQ(golden_vector_count,
             COUNT(submits) + COUNT(rets) + COUNT(unlinks) + COUNT(ops) + unknown);
}

TEST(golden_device_record)
{
    static const uint8_t desc[] = {0x12, 1,    0x00, 0x02, 0, 0, 0, 64, 0x09,
                                   0x12, 0x01, 0x00, 0x00, 1, 1, 2, 3,  1};
    static const struct usb_device_info info = {.busid = "1-1",
                                                .path = "/sys/devices/usbip/1-1",
                                                .busnum = 1,
                                                .devnum = 2,
                                                .speed = USB_SPEED_HIGH,
                                                .active_config = 1,
                                                .device_descriptor = {desc, sizeof desc}};
    uint8_t record[WIRE_DEVICE_SIZE];
    struct wire_device d;
    memset(record, 0xee, sizeof record);
    wire_device_pack(record, &info, 3);
    CHECK_EQ(record[0x13f - 8], 3); // offsets of the IMPORT reply, header of 8 bytes
    CHECK_EQ(base_get_be16(record + 0x134 - 8), 0x1209);
    CHECK_EQ(base_get_be32(record + 0x130 - 8), 3);
    for (unsigned i = 3; i < 32; i++)
        CHECK_EQ(record[256 + i], 0); // nothing behind the NUL
    wire_device_unpack(&d, record);
    CHECK_STR(d.path, info.path);
    CHECK_STR(d.busid, "1-1");
    CHECK_EQ(d.busnum << 16 | d.devnum, DEVID);
    CHECK_EQ(d.idProduct, 1);
    CHECK_EQ(d.bcdDevice, 0x0100);
    CHECK_EQ(d.bConfigurationValue, 1);
    CHECK_EQ(d.bNumConfigurations, 1);
}

TEST(golden_long_names_keep_their_nul)
{
    static struct usb_device_info info;
    uint8_t record[WIRE_DEVICE_SIZE];
    memset(info.path, 'p', sizeof info.path - 1);
    memset(info.busid, '1', sizeof info.busid - 1);
    wire_device_pack(record, &info, 0);
    CHECK_EQ(record[255], 0);
    CHECK_EQ(record[287], 0);
    CHECK_EQ(record[254], 'p');
}
