// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.6, item 116: devices that Linux mends are exported, and what the client sends to
// their endpoints by its own view fits ours.
#include "tests/conformance/iso.h"
#include "usb/usb_descriptor_bytes.h"

static struct iso_urb urb; // too large for a stack
static struct iso_reply reply;

static struct stage_client *attach(struct fixture *f, struct sim_device **d, enum usb_speed speed,
                                   const uint8_t *config, uint16_t size)
{
    const struct sim_faulty_options options = {
        .speed = speed, .configs = {config}, .config_sizes = {size}};
    *d = sim_faulty_create(f->st.bus, &options);
    stage_plug(&f->st, "1-3", *d);
    return stage_attach(&f->st, "1-3");
}

// D1's other interfaces are not there: what it says of itself ends early.
FIXTURE_TEST(conformance_116_configuration_shorter_than_it_says)
{
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(39, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 3, 255, 0, 0, 0),
        USB_ENDPOINT_BYTES(0x81, USB_BULK, 64, 0),
        USB_ENDPOINT_BYTES(0x02, USB_BULK, 64, 0),
    };
    struct sim_device *d;
    struct stage_client *c = attach(f, &d, USB_SPEED_FULL, config, sizeof config);
    const uint8_t *got =
        fixture_control(c, "\x80\x06\x00\x02\x00\x00\x27\x00", NULL, USB_STATUS_OK, sizeof config);
    CHECK_BYTES(got, config, sizeof config); // as it came
    fixture_check_bulk_in(d, c);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_116_bulk_packets_of_2048)
{
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(25, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 1, 255, 0, 0, 0),
        USB_ENDPOINT_BYTES(0x81, USB_BULK, 2048, 0),
    };
    struct sim_device *d;
    struct stage_client *c = attach(f, &d, USB_SPEED_HIGH, config, sizeof config);
    fixture_check_bulk_in(d, c);
    stage_check_alive(c);
}

// The multiplier's reserved value 3: four packets for Linux, so an URB has up to 4096 bytes each.
FIXTURE_TEST(conformance_116_multiplier_3)
{
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(25, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 1, 255, 0, 0, 0),
        USB_ENDPOINT_BYTES(0x80 | ISO_IN, USB_ISOCHRONOUS, 0x1c00, 1),
    };
    struct sim_device *d;
    struct stage_client *c = attach(f, &d, USB_SPEED_HIGH, config, sizeof config);
    iso_fill(&urb, 1, ISO_IN, 2, 4096);
    iso_submit(c, &urb);
    stage_advance(c->stage, FIXTURE_SECOND_US);
    iso_expect_success(c, &urb, &reply, 0xa0);
    stage_check_alive(c);
}

// Linux keeps the first of two, another client may take the second; one keeps what the other
// thinks nothing of. Whatever we think of it, the frame is kept.
FIXTURE_TEST(conformance_095_endpoint_that_others_take_for_isochronous)
{
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(46, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 2, 255, 0, 0, 0),
        USB_ENDPOINT_BYTES(0x80 | ISO_IN, USB_BULK, 512, 0),
        USB_ENDPOINT_BYTES(0x80 | ISO_IN, USB_ISOCHRONOUS, 192, 1), // twice
        USB_ENDPOINT_BYTES(ISO_OUT, USB_ISOCHRONOUS, 0, 1),         // nothing can be moved
        USB_ENDPOINT_BYTES(0x80 | ISO_OUT, USB_ISOCHRONOUS, 8, 1),  // one too many
    };
    struct sim_device *d;
    struct stage_client *c = attach(f, &d, USB_SPEED_HIGH, config, sizeof config);
    for (uint32_t ep = ISO_IN; ep <= ISO_OUT; ep++) {
        iso_fill(&urb, ep, ep, 8, 16);
        iso_submit(c, &urb);
        iso_expect_failure(c, &urb, USB_STATUS_STALL);
        stage_check_alive(c);
    }
    for (int32_t packets = -1; packets <= 0; packets++) { // and so is a bulk one's
        CHECK_EQ(sim_faulty_give(d, 0x80 | ISO_IN, "data", 4), BASE_OK);
        stage_submit(c, &(struct stage_submit){.seqnum = 9,
                                               .direction = 1,
                                               .ep = ISO_IN,
                                               .length = 512,
                                               .number_of_packets = packets});
        stage_advance(c->stage, FIXTURE_SECOND_US);
        stage_expect_ret(c, 9, true, USB_STATUS_OK, 4);
    }
    stage_check_alive(c);
}

// -1: the client takes it for an endpoint of another type. Neither frame nor session is lost.
FIXTURE_TEST(conformance_097_no_number_of_packets)
{
    static const uint8_t data[64];
    struct stage_client *c = iso_attach(f);
    for (uint32_t in = 0; in < 2; in++) {
        stage_submit(c, &(struct stage_submit){.seqnum = 5 + in,
                                               .direction = in,
                                               .ep = in ? ISO_IN : ISO_OUT,
                                               .length = sizeof data,
                                               .data = data,
                                               .number_of_packets = -1});
        struct wire_urb_header h = stage_take_header(c);
        CHECK_EQ(h.seqnum, 5 + in);
        CHECK_EQ(h.u.ret_submit.status, USB_STATUS_STALL);
        CHECK_EQ(h.u.ret_submit.number_of_packets, -1);
        stage_check_alive(c);
    }
}
