// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.6, item 117: descriptors that are longer or shorter than they say, and the
// longest configuration, are passed through or cut to what the client asked for.
#include "tests/conformance/fixture.h"

#include <stdlib.h>
#include <string.h>

enum {
    LONGEST_CONFIG = 65535,
    CONFIG_D1_MAX = 255,
    CLASS_SPECIFIC = 0x24, // CS_INTERFACE
};

// Plugged into 1-3, next to D1 and D2.
static struct sim_device *plug(struct fixture *f, const struct sim_faulty_options *options)
{
    struct sim_device *d = sim_faulty_create(f->st.bus, options);
    stage_plug(&f->st, "1-3", d);
    return d;
}

static void check_string(struct fixture *f, const uint8_t *bytes, size_t size, int32_t want)
{
    uint8_t *string = malloc(size); // just its size, for the sanitizer
    CHECK(string);
    memcpy(string, bytes, size);
    struct sim_faulty_options options = sim_faulty_d1;
    options.string = (struct base_span){string, size};
    plug(f, &options);
    struct stage_client *c = stage_attach(&f->st, "1-3");
    const uint8_t *got =
        fixture_control(c, "\x80\x06\x02\x03\x09\x04\xff\x00", NULL, USB_STATUS_OK, want);
    CHECK_BYTES(got, bytes, (size_t)want);
    stage_check_alive(c);
    stage_fin(c);
    fixture_unplug(f, "1-3");
    free(string);
}

FIXTURE_TEST(conformance_117_strings_that_lie)
{
    static const uint8_t less[] = {255, USB_DT_STRING, 'A', 0}, none[] = {0, 0};
    static const uint8_t more[600] = {4, USB_DT_STRING, 'A', 0, 'B', 0};
    check_string(f, less, sizeof less, sizeof less);
    check_string(f, less, 1, 1);
    check_string(f, none, sizeof none, sizeof none);
    check_string(f, more, sizeof more, 255);
}

// D1's configuration; returns its size.
static size_t config_of_d1(struct fixture *f, uint8_t config[CONFIG_D1_MAX])
{
    struct stage_client *c = stage_attach(&f->st, "1-1");
    stage_submit(c, &(struct stage_submit){.seqnum = 1,
                                           .direction = 1,
                                           .length = CONFIG_D1_MAX,
                                           .setup = "\x80\x06\x00\x02\x00\x00\xff\x00"});
    struct wire_urb_header h = stage_take_header(c);
    size_t size = (size_t)h.u.ret_submit.actual_length;
    memcpy(config, stage_take(c, size), size);
    CHECK(size > USB_DT_CONFIG_SIZE);
    stage_fin(c);
    return size;
}

// As D1's, but interfaces and endpoints come last, behind a lot of a class's own descriptors.
static void build_longest(struct fixture *f, uint8_t *config)
{
    uint8_t d1[CONFIG_D1_MAX];
    size_t end = LONGEST_CONFIG - (config_of_d1(f, d1) - USB_DT_CONFIG_SIZE);
    memset(config, 0, LONGEST_CONFIG);
    memcpy(config, d1, USB_DT_CONFIG_SIZE);
    base_put_le16(config + 2, LONGEST_CONFIG);
    for (size_t at = USB_DT_CONFIG_SIZE; at < end; at += config[at]) {
        size_t left = end - at;
        config[at] = (uint8_t)(left > 255 + 2 ? 255 : left > 255 ? left - 2 : left);
        config[at + 1] = CLASS_SPECIFIC;
    }
    memcpy(config + end, d1 + USB_DT_CONFIG_SIZE, LONGEST_CONFIG - end);
}

FIXTURE_TEST(conformance_117_longest_configuration)
{
    uint8_t *config = malloc(LONGEST_CONFIG);
    CHECK(config);
    build_longest(f, config);
    const struct sim_faulty_options options = {
        .speed = USB_SPEED_HIGH, .configs = {config}, .config_sizes = {LONGEST_CONFIG}};
    struct sim_device *d = plug(f, &options);
    const uint8_t *record = fixture_record(&f->st, "1-3");
    CHECK(record && record[WIRE_DEVICE_SIZE - 1] == 2); // bNumInterfaces
    struct stage_client *c = stage_attach(&f->st, "1-3");
    const uint8_t *got =
        fixture_control(c, "\x80\x06\x00\x02\x00\x00\xff\xff", NULL, USB_STATUS_OK, LONGEST_CONFIG);
    CHECK_BYTES(got, config, LONGEST_CONFIG);
    fixture_control(c, "\x80\x06\x00\x02\x00\x00\x09\x00", NULL, USB_STATUS_OK, 9);
    fixture_check_bulk_in(d, c);
    fixture_control(c, "\x01\x0b\x01\x00\x01\x00\x00\x00", NULL, USB_STATUS_OK, 0);
    stage_check_alive(c);
    stage_fin(c);
    fixture_unplug(f, "1-3");
    free(config);
}
