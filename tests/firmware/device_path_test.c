// SPDX-License-Identifier: Apache-2.0
// Where the chip's backend finds devices: root ports, hubs, hubs behind hubs. The library names the
// port but not the hub. And what it shows of devices that nobody can serve.
#include "device_state.h"
#include "sim/device/keyboard/sim_keyboard.h"
#include "tests/firmware/device_world.h"

static struct sim_device *d1(struct world *w, unsigned root)
{
    return sim_faulty_create(w->bus[root], &sim_faulty_d1);
}

static struct sim_device *keyboard(struct world *w, unsigned root)
{
    return sim_keyboard_create(w->bus[root]); // low speed
}

static void plug_hub(struct world *w, const char *busid)
{
    rig_plug(&w->rig, busid, sim_hub_create(w->bus[0], 4));
    CHECK(rig_find(&w->rig, busid)->info.is_hub);
}

// The one on the full-speed port has the number of a hub's first port.
WORLD_TEST(device_path_root_ports_beside_a_hub, world_begin(w))
{
    plug_hub(w, "1-1");
    rig_plug(&w->rig, "2-1", keyboard(w, 1));
    rig_plug(&w->rig, "1-1.1", d1(w, 0));
    CHECK_EQ(rig_find(&w->rig, "2-1")->info.busnum, DEVICE_FULL_SPEED_BUS);
    CHECK_EQ(rig_find(&w->rig, "2-1")->info.speed, USB_SPEED_LOW);
    CHECK_EQ(rig_find(&w->rig, "1-1.1")->info.speed, USB_SPEED_HIGH);
    CHECK_STR(rig_find(&w->rig, "1-1.1")->info.product, "Faulty device");
}

WORLD_TEST(device_path_same_port_of_two_hubs, world_begin(w))
{
    plug_hub(w, "1-1");
    plug_hub(w, "1-1.1");
    plug_hub(w, "1-1.4");
    rig_plug(&w->rig, "1-1.4.2", d1(w, 0));
    rig_plug(&w->rig, "1-1.1.2", d1(w, 0));
    rig_plug(&w->rig, "1-1.2", d1(w, 0));
    CHECK_EQ(w->rig.plugged, 6);
    for (unsigned i = 0; i < 3; i++) {
        static const char *const busid[] = {"1-1.4.2", "1-1.1.2", "1-1.2"};
        CHECK_EQ(rig_open(rig_find(&w->rig, busid[i])), BASE_OK);
        world_check_alive(rig_find(&w->rig, busid[i]));
        rig_close(rig_find(&w->rig, busid[i]));
    }
}

// Three hubs and three devices take 9 channels of 16, and each of the devices wants 3 more.
WORLD_TEST(device_path_no_channel_for_the_endpoints, world_begin(w))
{
    plug_hub(w, "1-1");
    plug_hub(w, "1-1.1");
    plug_hub(w, "1-1.2");
    rig_plug(&w->rig, "1-1.1.1", d1(w, 0));
    rig_plug(&w->rig, "1-1.1.2", d1(w, 0));
    rig_plug(&w->rig, "1-1.2.1", d1(w, 0));
    CHECK_EQ(rig_open(rig_find(&w->rig, "1-1.1.1")), BASE_OK);
    CHECK_EQ(rig_open(rig_find(&w->rig, "1-1.2.1")), BASE_OK);
    CHECK_EQ(rig_open(rig_find(&w->rig, "1-1.1.2")), BASE_ERR_LIMIT);
    rig_close(rig_find(&w->rig, "1-1.1.1"));
    CHECK_EQ(rig_open(rig_find(&w->rig, "1-1.1.2")), BASE_OK);
    world_check_alive(rig_find(&w->rig, "1-1.1.2"));
    world_check_alive(rig_find(&w->rig, "1-1.2.1"));
}

// Everything there from the beginning, and once more after the first hub was pulled.
WORLD_TEST(device_path_is_the_same_after_a_replug_of_everything, world_prepare(w))
{
    static const char *const busid[] = {"1-1", "1-1.1", "1-1.3", "1-1.3.1", "1-1.3.4"};
    for (unsigned i = 0; i < 5; i++)
        CHECK_EQ(sim_plug(w->bus[0], busid[i],
                          i == 0 || i == 2 ? sim_hub_create(w->bus[0], 4) : d1(w, 0)),
                 BASE_OK);
    world_start(w);
    for (unsigned round = 1; round <= 3; round++) {
        rig_advance(&w->rig, 5 * RIG_SECOND_US);
        CHECK_EQ(w->rig.plugged, 5 * round);
        for (unsigned i = 0; i < 5; i++)
            CHECK(rig_find(&w->rig, busid[i]));
        CHECK_EQ(rig_open(rig_find(&w->rig, "1-1.3.4")), BASE_OK);
        world_check_alive(rig_find(&w->rig, "1-1.3.4"));
        CHECK_EQ(sim_unplug(w->bus[0], "1-1"), BASE_OK);
        rig_advance(&w->rig, 5 * RIG_SECOND_US);
        CHECK_EQ(w->rig.unplugged, 5 * round);
        CHECK_EQ(sim_replug(w->bus[0], "1-1"), BASE_OK);
    }
}

// The library refuses it and tells nobody. It stays shown until it is pulled.
WORLD_TEST(device_path_low_speed_behind_a_high_speed_hub, world_begin(w))
{
    plug_hub(w, "1-1");
    rig_plug(&w->rig, "1-1.3", keyboard(w, 0));
    const struct usb_device_info *info = &rig_find(&w->rig, "1-1.3")->info;
    CHECK_EQ(info->obstacle, USB_OBSTACLE_SPEED);
    CHECK_EQ(info->speed, USB_SPEED_LOW);
    CHECK(!info->is_hub && info->devnum > 127);
    CHECK_EQ(rig_open(rig_find(&w->rig, "1-1.3")), BASE_ERR_UNSUPPORTED);
    rig_advance(&w->rig, 10 * RIG_SECOND_US);
    CHECK(rig_find(&w->rig, "1-1.3") && w->rig.plugged == 2);
    CHECK_EQ(sim_unplug(w->bus[0], "1-1.3"), BASE_OK);
    rig_advance(&w->rig, 3 * RIG_SECOND_US);
    CHECK(!rig_find(&w->rig, "1-1.3"));
    rig_plug(&w->rig, "1-1.3", d1(w, 0)); // now one that works, with the same busid
    CHECK_EQ(rig_find(&w->rig, "1-1.3")->info.obstacle, USB_OBSTACLE_NONE);
}

WORLD_TEST(device_path_obstacle_goes_with_its_hub, world_begin(w))
{
    plug_hub(w, "1-1");
    rig_plug(&w->rig, "1-1.3", keyboard(w, 0));
    CHECK_EQ(sim_unplug(w->bus[0], "1-1"), BASE_OK);
    rig_advance(&w->rig, 3 * RIG_SECOND_US);
    CHECK_EQ(w->rig.unplugged, 2);
}

// A hub costs two channels of 16, each device one: the 15th has none.
WORLD_TEST(device_path_no_channel_left, world_begin(w))
{
    static const char *const hubs[] = {"1-1", "1-1.1", "1-1.2", "1-1.3"};
    for (unsigned i = 0; i < 4; i++)
        plug_hub(w, hubs[i]);
    char busid[] = "1-1.1.1";
    unsigned served = 0;
    for (unsigned i = 0; i < 9; i++) {
        busid[4] = (char)('1' + i / 4);
        busid[6] = (char)('1' + i % 4);
        rig_plug(&w->rig, busid, d1(w, 0));
        served += rig_find(&w->rig, busid)->info.obstacle == USB_OBSTACLE_NONE;
    }
    CHECK_EQ(served, 8);
    CHECK_EQ(rig_find(&w->rig, "1-1.3.1")->info.obstacle, USB_OBSTACLE_HOST_FULL);
}

static struct sim_device *slow_hub(struct world *w)
{
    struct sim_device *h = sim_hub_create(w->bus[1], 4);
    h->speed = USB_SPEED_FULL;
    return h;
}

// Of the full-speed port's eight, three hubs have six.
WORLD_TEST(device_path_no_channel_left_at_full_speed, world_begin(w))
{
    static const struct sim_faulty_options full = {
        .speed = USB_SPEED_FULL, .product = 7, .interfaces = 1};
    rig_plug(&w->rig, "2-1", slow_hub(w));
    rig_plug(&w->rig, "2-1.1", slow_hub(w));
    rig_plug(&w->rig, "2-1.2", slow_hub(w));
    rig_plug(&w->rig, "2-1.3", sim_faulty_create(w->bus[1], &full));
    rig_plug(&w->rig, "2-1.4", sim_faulty_create(w->bus[1], &full));
    rig_plug(&w->rig, "2-1.1.1", sim_faulty_create(w->bus[1], &full));
    CHECK_EQ(rig_find(&w->rig, "2-1.4")->info.obstacle, USB_OBSTACLE_NONE);
    CHECK_EQ(rig_find(&w->rig, "2-1.1.1")->info.obstacle, USB_OBSTACLE_HOST_FULL);
}

static void pull(struct world *w, const char *busid)
{
    CHECK_EQ(sim_unplug(w->bus[0], busid), BASE_OK);
    rig_advance(&w->rig, 2 * RIG_SECOND_US);
}

// There is a place for a device, but none for the hub that it is behind: it works under a name that
// no place has, and nobody is disturbed.
WORLD_TEST(device_path_hub_that_is_not_served, world_begin(w))
{
    plug_hub(w, "1-1");
    rig_plug(&w->rig, "1-1.3", d1(w, 0));
    rig_plug(&w->rig, "1-1.4", d1(w, 0));
    w->chip.host->config.max_devices = 3;
    CHECK_EQ(sim_plug(w->bus[0], "1-1.1", sim_hub_create(w->bus[0], 4)), BASE_OK);
    rig_advance(&w->rig, 2 * RIG_SECOND_US);
    CHECK_EQ(sim_plug(w->bus[0], "1-1.1.3", d1(w, 0)), BASE_OK);
    CHECK_EQ(sim_plug(w->bus[0], "1-1.1.1", d1(w, 0)), BASE_OK);
    rig_advance(&w->rig, 2 * RIG_SECOND_US);
    CHECK_EQ(w->rig.plugged, 3);
    pull(w, "1-1.1.1"); // so the library names that hub behind what is plugged into it
    pull(w, "1-1.4");
    rig_advance(&w->rig, 20 * RIG_SECOND_US);
    CHECK_EQ(w->rig.plugged, 4);
    CHECK_EQ(w->rig.unplugged, 1);
    CHECK(rig_find(&w->rig, "1-1") && rig_find(&w->rig, "1-1.3"));
    CHECK(!rig_find(&w->rig, "1-1.1"));
    world_check_alive(rig_find(&w->rig, "1-1.3"));
}

// The addresses begin again at 1 behind 127, past those that are in use.
WORLD_TEST(device_path_after_all_addresses, world_begin(w))
{
    plug_hub(w, "1-1");
    rig_plug(&w->rig, "1-1.1", d1(w, 0));
    rig_plug(&w->rig, "1-1.2", d1(w, 0));
    CHECK_EQ(rig_open(rig_find(&w->rig, "1-1.1")), BASE_OK);
    for (unsigned i = 0; i < 260; i++) {
        CHECK_EQ(sim_unplug(w->bus[0], "1-1.2"), BASE_OK);
        rig_advance(&w->rig, RIG_SECOND_US / 5);
        CHECK(!rig_find(&w->rig, "1-1.2"));
        CHECK_EQ(sim_replug(w->bus[0], "1-1.2"), BASE_OK);
        rig_advance(&w->rig, RIG_SECOND_US);
        CHECK(rig_find(&w->rig, "1-1.2") && rig_find(&w->rig, "1-1"));
    }
    world_check_alive(rig_find(&w->rig, "1-1.1"));
    CHECK_EQ(rig_open(rig_find(&w->rig, "1-1.2")), BASE_OK);
    world_check_alive(rig_find(&w->rig, "1-1.2"));
}

// --- what people see -----------------------------------------------------------------------------

WORLD_TEST(device_path_buses_and_ports, world_begin(w))
{
    struct usbip_backend *b = w->rig.backend;
    struct backend_bus bus;
    struct backend_port port;
    CHECK(b->bus(b, 0, &bus));
    CHECK_EQ(bus.busnum, DEVICE_HIGH_SPEED_BUS);
    CHECK_EQ(bus.speed, USB_SPEED_HIGH);
    CHECK_EQ(bus.ports, 1);
    CHECK(b->bus(b, 1, &bus));
    CHECK_EQ(bus.busnum, DEVICE_FULL_SPEED_BUS);
    CHECK_EQ(bus.speed, USB_SPEED_FULL);
    CHECK(!b->bus(b, 2, &bus));
    CHECK(b->port(b, "2-1", &port));
    CHECK_EQ(port.power, BACKEND_POWER_GANGED);
    CHECK(port.on);
    CHECK(!b->port(b, "1-2", &port) && !b->port(b, "3-1", &port));
}

WORLD_TEST(device_path_ports_of_hubs, world_begin(w))
{
    struct usbip_backend *b = w->rig.backend;
    plug_hub(w, "1-1");
    rig_plug(&w->rig, "1-1.2", sim_hub_create(w->bus[0], 7));
    rig_plug(&w->rig, "1-1.3", d1(w, 0));
    CHECK_EQ(b->hub_ports(b, rig_find(&w->rig, "1-1")->handle), 4);
    CHECK_EQ(b->hub_ports(b, rig_find(&w->rig, "1-1.2")->handle), 7);
    CHECK_EQ(b->hub_ports(b, rig_find(&w->rig, "1-1.3")->handle), 0);
}
