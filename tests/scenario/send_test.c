// SPDX-License-Identifier: Apache-2.0
// What the port gets to send at once. Each vector and each call costs it something.
#include "tests/support/stage.h"

enum { VECTORS = 64 };

// The replies that wait, as one sendmsg() would take them: number of vectors, and their bytes.
static unsigned gather(struct stage_client *c, size_t *bytes)
{
    struct base_iovec iov[VECTORS];
    unsigned count = session_tx_vectors(c->session, iov, VECTORS);
    *bytes = 0;
    for (unsigned i = 0; i < count; i++)
        *bytes += iov[i].size;
    return count;
}

STAGE_TEST(send_all_replies_that_wait_at_once, stage_open_d1(st, NULL))
{
    enum { REPLIES = 5 };
    size_t bytes;
    struct stage_client *c = stage_attach(st, "1-1");
    c->deaf = true;
    for (uint32_t n = 1; n <= REPLIES; n++)
        stage_unlink(c, 100 + n, n); // there is no such URB
    stage_advance(st, 1000000);
    (void)gather(c, &bytes);
    CHECK_EQ(bytes, REPLIES * WIRE_URB_HEADER_SIZE);
    c->deaf = false;
    stage_settle(st);
    for (uint32_t n = 1; n <= REPLIES; n++)
        stage_expect_unlinked(c, 100 + n, 0);
}

// 32 full packets without a gap between them: header, data, packet descriptors.
STAGE_TEST(send_full_iso_packets_as_one_vector, stage_open_d1(st, NULL))
{
    enum { PACKETS = 32, SIZE = 192 };
    struct usb_iso_packet packets[PACKETS] = {{0}};
    size_t bytes;
    struct stage_client *c = stage_attach(st, "1-1");
    for (uint32_t i = 0; i < PACKETS; i++)
        packets[i] = (struct usb_iso_packet){.offset = i * SIZE, .length = SIZE};
    stage_control(c, 1, "\x01\x0b\x01\x00\x01\x00\x00\x00"); // interface 1, setting 1
    stage_expect_ret(c, 1, false, 0, 0);
    c->deaf = true;
    stage_submit(c, &(struct stage_submit){2, WIRE_DIR_IN, 4, .length = PACKETS * SIZE,
                                           .number_of_packets = PACKETS, .packets = packets});
    stage_advance(st, 1000000);
    CHECK_EQ(gather(c, &bytes), 3);
    CHECK_EQ(bytes, WIRE_URB_HEADER_SIZE + PACKETS * (SIZE + WIRE_ISO_PACKET_SIZE));
    c->deaf = false;
    stage_settle(st);
    stage_expect_ret(c, 2, true, 0, PACKETS * SIZE);
    stage_take(c, PACKETS * WIRE_ISO_PACKET_SIZE);
}
