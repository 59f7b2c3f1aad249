// SPDX-License-Identifier: Apache-2.0
// The power of ports, from the wish to what comes of it.
#include "server/server_port.h"
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/stage.h"

#include <stdio.h>

enum { MS = 1000 };

static const struct server_power_wish off = {0}, on = {.on = true}, forced = {.force = true},
                                      cycle = {.cycle_us = 500 * MS};

// A hub in 1-1 with a device in its second port, and a device in 1-2.
static void begin(struct stage *st)
{
    const struct stage_options options = {0};
    CHECK(stage_open(st, &options));
    stage_plug(st, "1-1", sim_hub_create(st->bus, 4));
    stage_plug(st, "1-1.2", sim_faulty_create(st->bus, &sim_faulty_d1));
    stage_plug(st, "1-2", sim_faulty_create(st->bus, &sim_faulty_d1));
    stage_settle(st);
}

#define POWER_TEST(id) STAGE_TEST(id, begin(st))

static enum eventlog_power ask(struct stage *st, const char *port,
                               const struct server_power_wish *wish)
{
    return server_port_power(st->server, port, wish, st->now_us);
}

static void expect(struct stage *st, const char *port, const struct server_power_wish *wish,
                   enum eventlog_power why)
{
    CHECK_EQ(ask(st, port, wish), why);
    stage_settle(st);
}

static bool there(struct stage *st, const char *busid)
{
    return registry_find(server_registry(st->server), busid) != NULL;
}

static struct server_port look(struct stage *st, const char *port)
{
    struct server_port p;
    CHECK(server_port(st->server, port, &p));
    return p;
}

// The text of the last event.
static void expect_event(struct stage *st, const char *text)
{
    char line[200] = "";
    const struct eventlog_event *e;
    struct eventlog *log = server_eventlog(st->server);
    for (uint64_t after = 0; (e = eventlog_next(log, after)); after = e->number)
        (void)eventlog_text(e, line, sizeof line);
    CHECK_STR(line, text);
}

POWER_TEST(power_off_takes_the_device_and_on_brings_it_back)
{
    expect(st, "1-1.2", &off, 0);
    CHECK(!there(st, "1-1.2") && there(st, "1-1") && there(st, "1-2"));
    CHECK(!look(st, "1-1.2").is.on && !look(st, "1-1.2").changing);
    CHECK(look(st, "1-1.1").is.on);
    expect_event(st, "port 1-1.2 has no power now");
    expect(st, "1-1.2", &off, 0); // again: nothing changes
    expect(st, "1-1.2", &on, 0);
    CHECK(there(st, "1-1.2") && look(st, "1-1.2").is.on);
    stage_check_importable(st, "1-1.2");
}

POWER_TEST(power_of_a_port_in_which_nothing_is)
{
    struct server_port p;
    expect(st, "1-1.3", &off, 0);
    expect(st, "1-7", &off, 0);
    stage_plug(st, "1-1.3", sim_faulty_create(st->bus, &sim_faulty_d1));
    stage_plug(st, "1-7", sim_faulty_create(st->bus, &sim_faulty_d1));
    stage_settle(st);
    CHECK(!there(st, "1-1.3") && !there(st, "1-7"));
    expect(st, "1-1.3", &on, 0);
    expect(st, "1-7", &on, 0);
    CHECK(there(st, "1-1.3") && there(st, "1-7"));
    CHECK(!server_port(st->server, "1-1.5", &p));
    CHECK(!server_port(st->server, "1-99", &p));
    CHECK(!server_port(st->server, "2-1", &p));
    CHECK(!server_port(st->server, "1-2.1", &p)); // that is no hub
    CHECK(!server_port(st->server, "", &p));
    CHECK_EQ(ask(st, "1-1.5", &on), EVENT_POWER_UNKNOWN);
}

POWER_TEST(power_of_what_is_in_use)
{
    struct stage_client *c = stage_attach(st, "1-1.2");
    expect(st, "1-1.2", &off, EVENT_POWER_IN_USE);
    expect_event(st, "the power of port 1-1.2 was not switched: something that would lose it is in "
                     "use");
    expect(st, "1-1", &off, EVENT_POWER_IN_USE); // its hub's
    expect(st, "1-1.2", &cycle, EVENT_POWER_IN_USE);
    expect(st, "1-1.2", &on, 0); // takes it from nobody
    stage_check_alive(c);
    expect(st, "1-1.1", &off, 0); // beside it
    stage_check_alive(c);
    expect(st, "1-1", &forced, 0);
    CHECK(stage_closed(c));
    CHECK(!there(st, "1-1") && !there(st, "1-1.2"));
    expect(st, "1-1", &on, 0);
    CHECK(there(st, "1-1") && there(st, "1-1.2"));
    CHECK(look(st, "1-1.1").is.on); // a hub that comes feeds all its ports
}

POWER_TEST(power_of_other_hubs)
{
    stage_plug(st, "1-3", sim_hub_create_with(st->bus, 2, BACKEND_POWER_GANGED));
    stage_plug(st, "1-4", sim_hub_create_with(st->bus, 2, BACKEND_POWER_FIXED));
    stage_settle(st);
    expect(st, "1-3.1", &forced, EVENT_POWER_GANGED);
    expect_event(st, "the power of port 1-3.1 was not switched: its hub switches all its ports at "
                     "once");
    expect(st, "1-4.2", &on, EVENT_POWER_FIXED);
    CHECK(look(st, "1-3.1").is.on && look(st, "1-4.2").is.on);
}

// --- cycles --------------------------------------------------------------------------------------

POWER_TEST(power_cycle)
{
    expect(st, "1-1.2", &cycle, 0);
    CHECK(!there(st, "1-1.2"));
    CHECK(look(st, "1-1.2").changing && !look(st, "1-1.2").is.on);
    stage_advance(st, 499 * MS);
    CHECK(!there(st, "1-1.2"));
    stage_advance(st, MS);
    CHECK(there(st, "1-1.2"));
    CHECK(!look(st, "1-1.2").changing);
    expect_event(st, "port 1-1.2 has power now");
    CHECK_EQ(stage_count_events(st, EVENT_PORT_POWERED_OFF), 1);
    CHECK_EQ(stage_count_events(st, EVENT_PORT_POWERED_ON), 1);
}

POWER_TEST(power_cycles_of_two_ports_and_two_of_one)
{
    expect(st, "1-1.2", &cycle, 0);
    expect(st, "1-1.2", &cycle, EVENT_POWER_BUSY);
    stage_advance(st, 100 * MS);
    expect(st, "1-2", &cycle, 0);
    stage_advance(st, 400 * MS);
    CHECK(there(st, "1-1.2") && !there(st, "1-2"));
    stage_advance(st, 100 * MS);
    CHECK(there(st, "1-2"));
    expect(st, "1-1.2", &cycle, 0);
}

POWER_TEST(power_on_ends_a_cycle_and_off_makes_it_stay)
{
    expect(st, "1-1.2", &cycle, 0);
    expect(st, "1-1.2", &on, 0);
    CHECK(there(st, "1-1.2") && !look(st, "1-1.2").changing);
    expect(st, "1-1.2", &cycle, 0);
    expect(st, "1-1.2", &off, 0);
    stage_advance(st, 1000 * MS);
    CHECK(!there(st, "1-1.2") && !look(st, "1-1.2").changing);
}

// Before the backend has answered: what was asked for last holds.
POWER_TEST(power_wishes_follow_each_other)
{
    CHECK_EQ(ask(st, "1-1.2", &off), 0);
    CHECK(look(st, "1-1.2").changing && !look(st, "1-1.2").is.on);
    CHECK_EQ(ask(st, "1-1.2", &on), 0);
    CHECK(look(st, "1-1.2").is.on);
    CHECK_EQ(ask(st, "1-1.2", &off), 0);
    CHECK_EQ(ask(st, "1-1.2", &on), 0);
    stage_settle(st);
    CHECK(there(st, "1-1.2") && !look(st, "1-1.2").changing);
    CHECK_EQ(stage_count_events(st, EVENT_PORT_POWERED_ON), 1);
    CHECK_EQ(ask(st, "1-1.2", &on), 0);
    CHECK_EQ(ask(st, "1-1.2", &off), 0);
    stage_settle(st);
    CHECK(!there(st, "1-1.2"));
}

POWER_TEST(power_switches_only_so_many_at_once)
{
    char port[8];
    stage_plug(st, "1-3", sim_hub_create(st->bus, 15));
    stage_settle(st);
    for (unsigned i = 1; i <= 15; i++) {
        snprintf(port, sizeof port, "1-3.%u", i);
        expect(st, port, &cycle, 0);
    }
    expect(st, "1-1.1", &cycle, 0);
    expect(st, "1-1.2", &off, EVENT_POWER_LIMIT);
    expect(st, "1-3.4", &on, 0); // one of those
    expect(st, "1-1.2", &off, 0);
    stage_advance(st, 500 * MS);
    expect(st, "1-1.2", &on, 0);
}

POWER_TEST(power_cycle_when_the_hub_goes)
{
    expect(st, "1-1.2", &cycle, 0);
    CHECK_EQ(sim_unplug(st->bus, "1-1"), BASE_OK);
    stage_advance(st, 500 * MS);
    expect_event(st, "the power of port 1-1.2 was not switched: its hub has gone");
    stage_replug(st, "1-1");
    stage_settle(st);
    CHECK(there(st, "1-1.2") && !look(st, "1-1.2").changing);
}

POWER_TEST(power_comes_back_when_the_server_ends_in_a_cycle)
{
    expect(st, "1-1.2", &cycle, 0);
    expect(st, "1-2", &off, 0);
    server_stop(st->server, st->now_us);
    CHECK(!server_stopped(st->server));
    CHECK_EQ(server_next_deadline(st->server), st->now_us);
    stage_settle(st);
    CHECK(server_stopped(st->server));
    CHECK(there(st, "1-1.2") && !there(st, "1-2"));
    expect(st, "1-1.2", &off, EVENT_POWER_STOPPING);
}

// The backend has not answered yet.
POWER_TEST(power_comes_back_when_the_server_ends_as_a_cycle_begins)
{
    CHECK_EQ(ask(st, "1-1.2", &cycle), 0);
    server_stop(st->server, st->now_us);
    stage_settle(st);
    stage_settle(st);
    CHECK(server_stopped(st->server));
    CHECK(there(st, "1-1.2"));
}
