// SPDX-License-Identifier: Apache-2.0
// components/network on a double of ESP-IDF: which calls it makes, in which order, with what.
#include "network.h"
#include "ports/posix/posix_calls.h"
#include "tests/firmware/idf_double.h"
#include "tests/firmware/network_double.h"
#include "tests/support/check.h"

#include <string.h>

static const struct settings_port port = {
    .host_name = "box", .sntp_server = "time.example", .has_network = true};

static struct network_config config = {
    .eth = {.phy_address = 1,
            .phy_reset_pin = 51,
            .mdc_pin = 31,
            .mdio_pin = 52,
            .ref_clk_pin = 50,
            .tx_en_pin = 49,
            .txd0_pin = 34,
            .txd1_pin = 35,
            .crs_dv_pin = 28,
            .rxd0_pin = 29,
            .rxd1_pin = 30},
    .usbip_port = 3240,
    .http_port = 80,
    .version = "1.2.3",
};

static struct settings settings;
static struct network *n;
static struct network_state state;
static uint64_t now_us;
static unsigned changes;

static void count_change(void *ctx, const struct network_state *s)
{
    (void)ctx;
    changes++;
    CHECK(s->host_name[0]);
}

static void use_static(void)
{
    static const struct settings_network to = {
        .addressing = SETTINGS_STATIC,
        .address = {192, 168, 1, 50},
        .netmask = {255, 255, 255, 0},
        .gateway = {192, 168, 1, 1},
        .dns = {192, 168, 1, 2},
        .sntp_server = "time.example",
    };
    settings.network = to;
}

static void prepare(void)
{
    memset(&settings, 0, sizeof settings);
    settings.port = &port;
    strcpy(settings.host_name, "box");
    strcpy(settings.network.sntp_server, "time.example");
    network_double_reset();
    network_double_gateway(true);
    network_double_lease(true);
    changes = 0;
    now_us = 0;
    config.changed = count_change;
}

static void create(void)
{
    const char *why;
    n = network_create(&config, &settings, &why);
    CHECK(n);
    now_us = 1000000000000; // whatever the clock was
}

static void run(unsigned seconds)
{
    for (unsigned i = 0; i < 2 * seconds; i++) {
        now_us += 500000;
        network_double_pump();
        network_turn(n, now_us);
    }
    network_state(n, &state);
}

static void destroy(void)
{
    network_destroy(n);
    network_double_pump();
}

// A test that creates a network from what is prepared.
#define NETWORK_TEST(id) TEST_BETWEEN(id, prepare(), destroy())

static bool contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

// --- start ---------------------------------------------------------------------------------------

TEST(network_starts_in_the_right_order)
{
    prepare();
    create();
    CHECK_STR(network_double_calls(), "new_netif sntp:time.example");
    CHECK_STR(network_double_host_name(), "box");
    run(1);
    CHECK_STR(network_double_calls(),
              "dhcp_start mac:31,52,50,49,34,35,28,29,30 ip101:1,51 install glue attach "
              "flow_control start mdns_init mdns_host:box "
              "_usbip:3240,version=1.2.3,id=020000000001,devices=0 "
              "_http:80,version=1.2.3,id=020000000001,path=/");
    destroy();
    CHECK_STR(network_double_calls(),
              "mdns_free stop destroy_netif unglue uninstall del_phy del_mac");
}

NETWORK_TEST(network_dhcp_address_is_shown)
{
    create();
    run(2);
    CHECK_EQ(state.link_up, false);
    CHECK_STR(network_trouble_text(&state), "no Ethernet cable, or nothing at its other end");
    network_double_link(true);
    run(3);
    CHECK_EQ(state.source, NETWORK_DHCP);
    CHECK_EQ(state.address[3], 77);
    CHECK_EQ(state.gateway[3], 1);
    CHECK_EQ(state.link.speed_mbit, 100);
    CHECK_EQ(state.link.full_duplex, true);
    CHECK_EQ(state.link_local6[0], 0xfe);
    CHECK_EQ(state.mac[5], 1);
    CHECK_STR(network_source_text(state.source), "DHCP");
    CHECK_STR(network_trouble_text(&state), "");
    CHECK(contains(network_double_calls(), "sntp_ask"));
    CHECK(changes >= 2);
}

NETWORK_TEST(network_says_nothing_when_nothing_changes)
{
    create();
    network_double_link(true);
    run(5);
    unsigned before = changes;
    run(600);
    CHECK_EQ(changes, before);
    CHECK(state.answers > 0); // of the watchdog's questions
    CHECK_EQ(state.restarts, 0);
}

TEST(network_every_phy_is_known)
{
    static const char *const names[] = {" ip101",   " lan87xx", " rtl8201",
                                        " dp83848", " ksz80xx", " generic"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        prepare();
        config.eth.phy = (enum network_phy)i;
        create();
        run(1);
        CHECK(contains(network_double_calls(), names[i]));
        destroy();
    }
    config.eth.phy = NETWORK_PHY_IP101;
}

TEST(network_knows_its_pins)
{
    CHECK(network_eth_uses(&config.eth, 35));
    CHECK(network_eth_uses(&config.eth, 51));
    CHECK(!network_eth_uses(&config.eth, 26));
    CHECK(!network_eth_uses(&config.eth, -1));
}

TEST(network_without_interface_is_refused_with_a_reason)
{
    const char *why;
    prepare();
    network_double_fail("new_netif");
    CHECK(!network_create(&config, &settings, &why));
    CHECK_STR(why, "there is no memory for the Ethernet interface");
}

// --- address -------------------------------------------------------------------------------------

NETWORK_TEST(network_static_is_applied_at_boot)
{
    use_static();
    create();
    run(1);
    CHECK(contains(network_double_calls(), "dhcp_stop set_ip mac")); // no address before the check
    network_double_link(true);
    run(2);
    CHECK_STR(network_double_address(), "");
    run(4);
    CHECK_STR(network_double_address(), "192.168.1.50");
    CHECK_STR(network_double_dns(), "192.168.1.2");
    CHECK_EQ(state.source, NETWORK_STATIC);
    CHECK_EQ(state.netmask[2], 255);
    CHECK(!contains(network_double_calls(), "dhcp_start"));
}

NETWORK_TEST(network_static_is_applied_at_change)
{
    create();
    network_double_link(true);
    run(5);
    CHECK_STR(network_double_address(), "192.168.1.77");
    network_double_calls();
    use_static();
    network_settings(n, &settings);
    run(6);
    CHECK_STR(network_double_calls(), "dhcp_stop set_ip:192.168.1.50 sntp_ask");
    CHECK_STR(network_double_address(), "192.168.1.50");
}

NETWORK_TEST(network_taken_static_falls_back_to_dhcp_and_says_so)
{
    use_static();
    network_double_squatter(1);
    create();
    network_double_link(true);
    run(6);
    CHECK_STR(network_double_address(), "192.168.1.77");
    CHECK_EQ(state.source, NETWORK_DHCP);
    CHECK_STR(network_trouble_text(&state),
              "another station has the static address of the settings");
}

// As the console and HTTP change it: who did it gets back to the box, and hears why.
NETWORK_TEST(network_changed_to_a_taken_static_falls_back)
{
    create();
    network_double_link(true);
    run(5);
    CHECK_STR(network_double_address(), "192.168.1.77");
    network_double_squatter(1);
    use_static();
    network_settings(n, &settings);
    run(6);
    CHECK_STR(network_double_address(), "192.168.1.77");
    CHECK_STR(network_trouble_text(&state),
              "another station has the static address of the settings");
}

// And to one that leads nowhere: after the time in which somebody should have answered.
NETWORK_TEST(network_changed_to_a_static_that_does_not_work_falls_back)
{
    create();
    network_double_link(true);
    run(5);
    network_double_gateway(false);
    use_static();
    network_settings(n, &settings);
    run(6);
    CHECK_STR(network_double_address(), "192.168.1.50");
    run(60);
    CHECK_STR(network_double_address(), "192.168.1.77");
    CHECK_EQ(state.trouble, NETWORK_GATEWAY_SILENT);
}

NETWORK_TEST(network_static_that_does_not_work_falls_back_and_comes_back)
{
    use_static();
    network_double_gateway(false);
    create();
    network_double_link(true);
    run(60);
    CHECK_STR(network_double_address(), "192.168.1.77");
    CHECK_EQ(state.trouble, NETWORK_GATEWAY_SILENT);
    CHECK_STR(network_trouble_text(&state),
              "the gateway of the settings does not answer, so DHCP is used");
    network_double_gateway(true);
    run(70);
    CHECK_STR(network_double_address(), "192.168.1.50");
    CHECK_STR(network_trouble_text(&state), "");
}

NETWORK_TEST(network_static_is_checked_again_after_the_cable_was_out)
{
    use_static();
    create();
    network_double_link(true);
    run(6);
    network_double_link(false);
    network_double_pump();
    network_double_squatter(99);
    network_double_link(true); // before we have looked
    run(6);
    CHECK_STR(network_double_address(), "192.168.1.77");
    CHECK_EQ(state.trouble, NETWORK_IN_USE);
}

NETWORK_TEST(network_without_dhcp_server_takes_a_link_local_address_meanwhile)
{
    network_double_lease(false);
    create();
    network_double_link(true);
    network_double_calls();
    run(30);
    CHECK_EQ(state.source, NETWORK_LINK_LOCAL);
    CHECK_EQ(state.netmask[1] << 8 | state.netmask[2], 255 << 8);
    CHECK(strncmp(network_double_address(), "169.254.", 8) == 0);
    CHECK(contains(network_double_calls(), "netif_set_addr:169.254."));
    CHECK_STR(network_trouble_text(&state), "no DHCP server answers");
    network_double_lease(true);
    run(2);
    CHECK_STR(network_double_address(), "192.168.1.77");
}

NETWORK_TEST(network_lease_that_comes_at_the_same_time_wins)
{
    network_double_lease(false);
    create();
    network_double_link(true);
    run(10);
    network_double_calls();
    network_double_late_lease();
    run(30);
    CHECK(!contains(network_double_calls(), "netif_set_addr"));
    CHECK_STR(network_double_address(), "192.168.1.77");
}

NETWORK_TEST(network_static_can_follow_a_link_local_address)
{
    network_double_lease(false);
    create();
    network_double_link(true);
    run(30);
    use_static();
    network_settings(n, &settings);
    run(6);
    CHECK_STR(network_double_address(), "192.168.1.50");
    run(3600);
    CHECK_STR(network_double_address(), "192.168.1.50");
}

// --- driver --------------------------------------------------------------------------------------

NETWORK_TEST(network_deaf_driver_is_restarted_then_installed_again)
{
    create();
    network_double_link(true);
    run(60);
    network_double_calls();
    network_double_deaf(true);
    network_double_lease(false);
    run(40);
    CHECK_STR(network_double_calls(), "stop dhcp_start start dhcp_start");
    CHECK_EQ(state.restarts, 1);
    network_double_lease(true);
    run(60);
    CHECK_STR(network_double_calls(),
              "sntp_ask stop dhcp_start unglue uninstall del_phy del_mac "
              "mac:31,52,50,49,34,35,28,29,30 ip101:1,51 install glue attach flow_control start "
              "dhcp_start sntp_ask");
    CHECK_EQ(state.source, NETWORK_DHCP);
    CHECK_EQ(state.restarts, 2);
    run(600);
    CHECK_EQ(state.restarts, 2);
}

NETWORK_TEST(network_driver_stays_until_lwip_has_let_the_interface_go)
{
    create();
    network_double_link(true);
    run(60);
    network_double_deaf(true);
    network_double_lease(false);
    run(40);
    for (unsigned i = 0; i < 200 && state.restarts < 2; i++) {
        network_double_pump();
        network_turn(n, now_us += 500000);
        network_state(n, &state);
    }
    network_double_calls();
    for (unsigned i = 0; i < 3; i++) // the event loop is busy
        network_turn(n, now_us += 500000);
    CHECK(!contains(network_double_calls(), "unglue"));
    network_double_pump();
    network_turn(n, now_us += 1000);
    CHECK(contains(network_double_calls(), "unglue uninstall"));
}

// Somebody has a device attached, and is away perhaps.
NETWORK_TEST(network_mac_restarts_alone_while_a_device_is_attached)
{
    create();
    network_double_link(true);
    network_double_lease(true);
    run(60);
    network_held(n, true);
    network_double_deaf(true);
    network_double_calls();
    run(40);
    CHECK_STR(network_double_calls(), "mac_down mac_up");
    CHECK_EQ(state.restarts, 1);
    CHECK(state.link_up);
    CHECK_STR(network_double_address(), "192.168.1.77");
    network_held(n, false);
    run(100);
    CHECK(contains(network_double_calls(), "unglue uninstall"));
}

NETWORK_TEST(network_driver_that_does_not_install_is_tried_again)
{
    network_double_fail("install");
    create();
    run(1);
    CHECK(contains(network_double_calls(), "install del_phy del_mac"));
    CHECK_EQ(state.installed, false);
    CHECK_STR(network_trouble_text(&state),
              "the Ethernet driver does not start: wiring or PHY settings are wrong");
    network_double_link(true);
    run(15);
    CHECK_STR(network_double_address(), "192.168.1.77");
}

NETWORK_TEST(network_driver_that_does_not_start_is_taken_out_first)
{
    network_double_fail("start");
    create();
    run(1);
    network_double_calls();
    network_double_link(true);
    run(15);
    CHECK(contains(network_double_calls(), "stop unglue uninstall del_phy del_mac mac"));
    CHECK_STR(network_double_address(), "192.168.1.77");
}

NETWORK_TEST(network_driver_of_a_phy_that_does_not_end_is_replaced)
{
    create();
    network_double_link(true);
    run(60);
    network_double_deaf(true);
    network_double_lease(false);
    run(40);
    network_double_fail("uninstall");
    network_double_calls();
    run(60);
    CHECK(contains(network_double_calls(), "unglue uninstall del_phy del_mac mac"));
    network_double_lease(true);
    run(10);
    CHECK_STR(network_double_address(), "192.168.1.77");
}

TEST(network_driver_is_stopped_before_the_chip_restarts)
{
    prepare();
    create();
    network_double_link(true);
    run(5);
    network_double_calls();
    network_double_shutdown();
    CHECK_STR(network_double_calls(), "stop");
    destroy();
    network_double_shutdown(); // and afterwards there is nothing to stop
}

// --- names and clock -----------------------------------------------------------------------------

NETWORK_TEST(network_announces_the_number_of_devices)
{
    create();
    run(1);
    network_double_calls();
    network_devices(n, 3);
    run(2);
    CHECK_STR(network_double_calls(), "mdns_txt:devices=3");
}

NETWORK_TEST(network_host_name_changes_everywhere)
{
    create();
    run(1);
    network_double_calls();
    strcpy(settings.host_name, "desk");
    network_settings(n, &settings);
    run(1);
    CHECK_STR(network_double_calls(), "mdns_host:desk");
    CHECK_STR(network_double_host_name(), "desk");
    CHECK_STR(state.host_name, "desk");
}

NETWORK_TEST(network_without_mdns_everything_else_works)
{
    network_double_fail("mdns_init");
    create();
    network_double_link(true);
    idf_double_log_lines(2);
    run(5);
    CHECK(idf_double_log_lines(2) >= 1); // a warning
    network_devices(n, 2);
    run(2);
    CHECK_STR(network_double_address(), "192.168.1.77");
}

static uint64_t clock_us;

static void take_clock(void *ctx, uint64_t unix_us)
{
    CHECK(ctx == &clock_us);
    clock_us = unix_us;
}

TEST(network_clock_is_passed_on)
{
    const struct timeval tv = {.tv_sec = 1800000000, .tv_usec = 250000};
    prepare();
    config.clock = (struct network_clock){.set = take_clock, .ctx = &clock_us};
    create();
    network_double_set_clock(&tv);
    CHECK_EQ(clock_us, 1800000000250000);
    destroy();
    clock_us = 0;
    network_double_set_clock(&tv); // too late for anybody
    CHECK_EQ(clock_us, 0);
    config.clock = (struct network_clock){0};
}

NETWORK_TEST(network_time_server_changes)
{
    create();
    run(1);
    network_double_calls();
    settings.network.sntp_server[0] = '\0'; // only those of DHCP
    network_settings(n, &settings);
    run(1);
    CHECK_STR(network_double_calls(), "sntp sntp_ask");
}

// --- wake-ups ------------------------------------------------------------------------------------

static unsigned wakes; // calls that are led through here (--wrap)

void __real_posix_calls_wake(struct posix_calls *c);
void __wrap_posix_calls_wake(struct posix_calls *c);

void __wrap_posix_calls_wake(struct posix_calls *c)
{
    wakes++;
    __real_posix_calls_wake(c);
}

// The network's task sleeps for half a second, and a new address is wanted at once.
NETWORK_TEST(network_is_woken_by_what_others_say)
{
    create();
    run(1);
    wakes = 0;
    network_settings(n, &settings);
    CHECK_EQ(wakes, 1);
    network_devices(n, 3);
    CHECK_EQ(wakes, 2);
    network_double_link(true);
    network_double_pump();
    CHECK(wakes > 2);
}
