// SPDX-License-Identifier: Apache-2.0
// Devices with several configurations: which one they are shown in, and a client that wants
// another.
#include "device_choice.h"
#include "device_size.h"
#include "tests/firmware/device_world.h"
#include "usb/usb_descriptor_bytes.h"

#include <string.h>

// A LAN adapter: configuration 1 is its vendor's, 2 has the class driver.
static const uint8_t adapter[] = {18,   1,    0x10, 2, 0, 0, 0, 64, 0xda,
                                  0x0b, 0x53, 0x81, 1, 1, 1, 2, 3,  2};
static const uint8_t vendor[] = {
    USB_CONFIG_BYTES(39, 1, 1, 0, 0xa0, 0xaf), USB_INTERFACE_BYTES(0, 0, 3, 0xff, 0xff, 0, 0),
    USB_ENDPOINT_BYTES(0x81, 2, 512, 0),       USB_ENDPOINT_BYTES(0x02, 2, 512, 0),
    USB_ENDPOINT_BYTES(0x83, 3, 2, 8),
};
static const uint8_t class_driver[] = {
    USB_CONFIG_BYTES(57, 2, 2, 0, 0xa0, 0xaf), USB_INTERFACE_BYTES(0, 0, 1, 2, 6, 0, 0),
    USB_ENDPOINT_BYTES(0x83, 3, 16, 8),        USB_INTERFACE_BYTES(1, 0, 0, 10, 0, 0, 0),
    USB_INTERFACE_BYTES(1, 1, 2, 10, 0, 0, 0), USB_ENDPOINT_BYTES(0x81, 2, 512, 0),
    USB_ENDPOINT_BYTES(0x02, 2, 512, 0),
};

static struct sim_device *create_adapter(struct world *w)
{
    const struct sim_faulty_options options = {
        .speed = USB_SPEED_HIGH,
        .device = adapter,
        .configs = {vendor, class_driver},
        .config_sizes = {sizeof vendor, sizeof class_driver},
    };
    return sim_faulty_create(w->bus[0], &options);
}

static struct rig_device *plug_adapter(struct world *w)
{
    return rig_plug(&w->rig, "1-1", create_adapter(w));
}

static void check_in(struct world *w, struct rig_device *d, uint8_t ep, uint32_t room)
{
    uint8_t got[512];
    CHECK_EQ(sim_faulty_give(world_sim(w), ep, "frame", 5), BASE_OK);
    rig_check_transfer(d, ep, got, room, USB_STATUS_OK, 5);
}

WORLD_TEST(device_config_of_a_lan_adapter, world_begin(w))
{
    uint8_t got[64];
    struct rig_device *d = plug_adapter(w);
    CHECK_EQ(d->info.active_config, 2);
    CHECK_EQ(world_sim(w)->config, 2);
    CHECK_EQ(rig_open(d), BASE_OK);
    rig_change(d, USB_SET_CONFIGURATION, 0, 2);
    check_in(w, d, 0x83, 16);
    rig_check_transfer(d, 0x81, got, 64, USB_STATUS_STALL, 0); // not in setting 0
    rig_change(d, USB_SET_INTERFACE, 1, 1);
    check_in(w, d, 0x81, 512);
    rig_check_transfer(d, 0x02, (void *)(uintptr_t) "frame", 5, USB_STATUS_OK, 5);
    rig_close(d);
}

// The driver of its vendor wants configuration 1; for the next client it is as it was.
WORLD_TEST(device_config_that_a_client_wants, world_begin(w))
{
    struct rig_device *d = plug_adapter(w);
    CHECK_EQ(rig_open(d), BASE_OK);
    rig_change(d, USB_SET_CONFIGURATION, 0, 1);
    CHECK_EQ(world_sim(w)->config, 1);
    for (unsigned i = 0; i < 3; i++) {
        check_in(w, d, 0x81, 512);
        check_in(w, d, 0x83, 2 + 14);
        rig_change(d, USB_CLEAR_HALT, 0, 0x81);
    }
    rig_change(d, USB_RESET_DEVICE, 0, 0);
    CHECK_EQ(world_sim(w)->config, 1);
    check_in(w, d, 0x81, 512);
    for (unsigned i = 0; i < 2; i++)
        CHECK_EQ(rig_try_change(d, USB_SET_CONFIGURATION, 0, 3), USB_STATUS_STALL); // there is none
    CHECK_EQ(device_rig_events(&w->chip, EVENT_CONFIGURATION_REFUSED, NULL), 1);
    rig_close(d);
    CHECK_EQ(world_sim(w)->config, 2);
    CHECK_EQ(rig_open(d), BASE_OK);
    check_in(w, d, 0x83, 16);
    rig_close(d);
}

// It takes the choice when it has been shown already, in the configuration before.
WORLD_TEST(device_config_that_is_chosen_late, world_begin(w))
{
    static const struct sim_faulty_answer never = {.result = SIM_NAK};
    struct sim_device *adapter_sim = create_adapter(w);
    sim_faulty_answer(adapter_sim, 0, USB_REQ_SET_CONFIGURATION, &never);
    CHECK_EQ(sim_plug(w->bus[0], "1-1", adapter_sim), BASE_OK);
    rig_advance(&w->rig, DEVICE_FETCH_US + RIG_SECOND_US);
    struct rig_device *d = rig_find(&w->rig, "1-1");
    CHECK(d && d->info.active_config == 1 && adapter_sim->config == 1);
    CHECK_EQ(rig_open(d), BASE_ERR_IO); // it still hangs
    sim_faulty_release(adapter_sim);
    rig_settle(&w->rig);
    CHECK_EQ(adapter_sim->config, 2);
    sim_faulty_answer(adapter_sim, 0, USB_REQ_SET_CONFIGURATION, &(struct sim_faulty_answer){0});
    CHECK_EQ(rig_open(d), BASE_OK);
    CHECK_EQ(adapter_sim->config, 1);
    check_in(w, d, 0x83, 2 + 14);
    check_in(w, d, 0x81, 512);
    rig_close(d);
}

// --- the choice ----------------------------------------------------------------------------------

// The first interfaces of configurations 1, 2 ..., as class, subclass, protocol.
static uint8_t choice(uint8_t device_class, const uint8_t (*first)[3], unsigned count)
{
    const uint8_t device[18] = {18, 1, 0, 2, device_class};
    uint8_t config[USB_MAX_CONFIGS][18];
    struct usb_device_info info = {.device_descriptor = {device, sizeof device},
                                   .config_count = (uint8_t)count};
    for (unsigned i = 0; i < count; i++) {
        const uint8_t bytes[] = {
            USB_CONFIG_BYTES(18, 1, 0, 0, 0x80, 50),
            USB_INTERFACE_BYTES(0, 0, 0, 0, 0, 0, 0),
        };
        memcpy(config[i], bytes, sizeof bytes);
        config[i][5] = (uint8_t)(i + 1);
        memcpy(config[i] + 9 + 5, first[i], 3);
        info.config[i] = (struct base_span){config[i], sizeof config[i]};
    }
    return device_choice(&info);
}

#define CHOICE(device_class, ...)                                                                  \
    choice(device_class, (const uint8_t[][3]){__VA_ARGS__},                                        \
           sizeof((const uint8_t[][3]){__VA_ARGS__}) / 3)
#define VENDOR                                                                                     \
    {                                                                                              \
        0xff, 0, 0                                                                                 \
    }
#define ECM                                                                                        \
    {                                                                                              \
        2, 6, 0                                                                                    \
    }
#define RNDIS                                                                                      \
    {                                                                                              \
        2, 2, 0xff                                                                                 \
    }
#define SYNC                                                                                       \
    {                                                                                              \
        0xef, 1, 1                                                                                 \
    }
#define AUDIO_1                                                                                    \
    {                                                                                              \
        1, 1, 0                                                                                    \
    }
#define AUDIO_3                                                                                    \
    {                                                                                              \
        1, 1, 0x30                                                                                 \
    }

TEST(device_config_is_the_one_that_linux_chooses)
{
    CHECK_EQ(CHOICE(0, VENDOR), 1);
    CHECK_EQ(CHOICE(0, VENDOR, ECM), 2);
    CHECK_EQ(CHOICE(0, VENDOR, VENDOR), 1);
    CHECK_EQ(CHOICE(0, VENDOR, ECM, ECM), 2);
    CHECK_EQ(CHOICE(0xff, VENDOR, ECM), 1);
    CHECK_EQ(CHOICE(0xff, ECM, VENDOR), 1);
    CHECK_EQ(CHOICE(0, RNDIS), 1);
    CHECK_EQ(CHOICE(0, RNDIS, ECM), 2);
    CHECK_EQ(CHOICE(0, RNDIS, VENDOR), 1);
    CHECK_EQ(CHOICE(0, ECM, RNDIS), 1);
    CHECK_EQ(CHOICE(0, VENDOR, RNDIS), 2);
    CHECK_EQ(CHOICE(0, SYNC, ECM), 2);
    CHECK_EQ(CHOICE(0, AUDIO_1, AUDIO_3), 2);
    CHECK_EQ(CHOICE(0, AUDIO_1, AUDIO_1), 1);
    CHECK_EQ(CHOICE(0, AUDIO_1, VENDOR), 1);
    CHECK_EQ(CHOICE(0, AUDIO_1, ECM), 2);
    CHECK_EQ(CHOICE(0, VENDOR, AUDIO_1), 1);
    CHECK_EQ(CHOICE(0xff, AUDIO_1), 1);
    CHECK_EQ(choice(0, NULL, 0), 0);
}

// --- long ones -----------------------------------------------------------------------------------

static struct sim_device *long_one(struct world *w, uint8_t *config, uint16_t size)
{
    const uint8_t head[] = {
        USB_CONFIG_BYTES(size, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 1, 14, 1, 0, 0),
        USB_ENDPOINT_BYTES(0x81, 2, 512, 0),
    };
    for (uint16_t i = sizeof head; i < size; i = (uint16_t)(i + 200)) {
        config[i] = (uint8_t)(size - i < 200 ? size - i : 200);
        config[i + 1] = 0x24; // of a class
    }
    memcpy(config, head, sizeof head);
    const struct sim_faulty_options options = {
        .speed = USB_SPEED_HIGH, .product = 6, .configs = {config}, .config_sizes = {size}};
    return sim_faulty_create(w->bus[0], &options);
}

WORLD_TEST(device_config_of_8128_bytes, world_begin(w))
{
    static uint8_t config[8128];
    struct rig_urb u;
    struct rig_device *d = rig_plug(&w->rig, "1-1", long_one(w, config, sizeof config));
    CHECK_EQ(rig_open(d), BASE_OK);
    CHECK_EQ(d->info.config[0].size, sizeof config);
    rig_control_urb(&u, d, "800600020000c01f", NULL);
    rig_submit(&u);
    rig_check_urb(&u, USB_STATUS_OK, sizeof config);
    CHECK_BYTES(u.urb.buffer, config, sizeof config);
    rig_release(&u);
    check_in(w, d, 0x81, 512);
    rig_close(d);
}

// Not as a bad cable, which has its own words.
WORLD_TEST(device_config_that_is_too_long, world_begin(w))
{
    static uint8_t config[8192];
    struct sim_faulty_options mute = {.speed = USB_SPEED_FULL, .product = 5, .interfaces = 1};
    static const uint8_t nothing[USB_DT_DEVICE_SIZE];
    mute.device = nothing;
    CHECK_EQ(sim_plug(w->bus[0], "1-1", long_one(w, config, sizeof config)), BASE_OK);
    rig_advance(&w->rig, 10 * RIG_SECOND_US);
    CHECK_EQ(rig_find(&w->rig, "1-1")->info.obstacle, USB_OBSTACLE_CONFIGURATION);
    CHECK_EQ(sim_plug(w->bus[1], "2-1", sim_faulty_create(w->bus[1], &mute)), BASE_OK);
    rig_advance(&w->rig, 10 * RIG_SECOND_US);
    CHECK_EQ(rig_find(&w->rig, "2-1")->info.obstacle, USB_OBSTACLE_ENUMERATION);
}
