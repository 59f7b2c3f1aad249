// SPDX-License-Identifier: Apache-2.0
// A whole server with simulated devices and two clients, driven by a program of one-byte operations
// (see run_operation): requests, broken bytes, splits, time, plugging, other rules, lost memory,
// lost peers.
// Honest clients must get the replies that the protocol promises, and at the end nothing is left.
#include "fuzz/fuzz.h"
#include "fuzz/fuzz_world.h"
#include "sim/device/faulty/sim_faulty.h"

#include <stdio.h>
#include <string.h>

static const uint8_t endpoints[] = {0x00, 0x80, 0x01, 0x81, 0x02, 0x82, 0x03, 0x83};

struct program {
    const uint8_t *next;
    size_t left;
    struct fuzz_world world;
};

static uint8_t take(struct program *g)
{
    if (g->left == 0)
        return 0;
    g->left--;
    return *g->next++;
}

// An allocation fails, so many from now; 0: none.
static void lose_memory(struct program *g)
{
    uint8_t n = take(g);
    g->world.heap.fail_at = n > 0 ? g->world.heap.calls + n : 0;
}

static void raw(struct program *g, struct fuzz_peer *p)
{
    size_t size = take(g);
    if (size > g->left)
        size = g->left;
    fuzz_peer_raw(p, g->next, size);
    g->next += size;
    g->left -= size;
}

static void spoil(struct program *g, struct fuzz_peer *p)
{
    size_t at = take(g);
    fuzz_peer_spoil(p, at, take(g));
}

static void take_bytes(struct program *g, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = take(g);
}

static void submit(struct program *g, struct fuzz_peer *p, bool with_payload)
{
    struct fuzz_submit s = {.ep = endpoints[take(g) % sizeof endpoints]};
    s.length = (uint32_t)take(g) << 6;
    s.length |= take(g) & 63u;
    s.flags = take(g);
    if (with_payload) // for instance a SCSI command
        take_bytes(g, s.payload, sizeof s.payload);
    fuzz_peer_submit(p, &s);
}

static void control(struct program *g, struct fuzz_peer *p)
{
    struct fuzz_submit s = {0};
    take_bytes(g, s.setup, sizeof s.setup);
    s.setup[7] &= 0x3f; // wLength within the longest URB
    s.ep = s.setup[0] & USB_DIR_IN;
    s.length = base_get_le16(s.setup + 6);
    fuzz_peer_submit(p, &s);
}

// To the faulty device, whose endpoints 0x84 and 0x05 are isochronous in every setting. Of another
// device they may not be, and then the frame is broken.
static void isochronous(struct program *g, struct fuzz_peer *p)
{
    uint8_t how = take(g);
    struct fuzz_submit s = {.ep = how & 0x80 ? 0x84 : 0x05, .packets = how % 32 + 1u};
    struct session_view view;
    if (!p->session)
        return;
    session_view(p->session, &view);
    if (strcmp(view.busid, "1-2") != 0)
        p->honest = false;
    s.length = s.packets * take(g);
    fuzz_peer_submit(p, &s);
}

static void pass_time(struct program *g)
{
    uint8_t how = take(g);
    uint64_t next = server_next_deadline(g->world.server);
    if (how < 0x80)
        g->world.now_us += (uint64_t)1 << how % 25;
    else if (next != UINT64_MAX && next > g->world.now_us)
        g->world.now_us = next;
}

static void plug_or_pull(struct program *g)
{
    uint8_t how = take(g);
    const char *busid = fuzz_busids[how % FUZZ_DEVICES];
    struct registry_device *d = registry_find(server_registry(g->world.server), busid);
    if (how >= 0xe0 && d)
        (void)server_reset_device(g->world.server, d, g->world.now_us);
    else if (sim_unplug(g->world.bus, busid) != BASE_OK)
        (void)sim_replug(g->world.bus, busid);
}

// Whoever keeps a device may have it.
static void check_holders(const struct fuzz_world *w)
{
    const struct session *s = NULL;
    struct session_view v;
    while ((s = server_next_session(w->server, s)) != NULL) {
        session_view(s, &v);
        const struct registry_device *d = registry_find(server_registry(w->server), v.busid);
        const struct access_identity who = {.kind = ACCESS_IDENTITY_ADDRESS,
                                            .address = session_peer_address(s)->address};
        if (d && d->session == v.id && !session_is_closing(s))
            fuzz_require(registry_ask(d, server_access(w->server), &who).yes);
    }
}

// Other rules and names, while sessions run. Everybody has the one address.
static void change_rules(struct program *g)
{
    static const enum access_selector by[] = {ACCESS_BY_BUSID, ACCESS_BY_CLASS, ACCESS_BY_ALIAS};
    static const struct access_allowed allow = {{{{192, 0, 2, 1}, 32}, 32}, ""};
    uint8_t how = take(g), which = take(g), effects = take(g);
    struct access_naming naming = {.by = ACCESS_FOLLOW_PORT, .names = {.alias = "a"}};
    struct access_rule rules[3];
    for (unsigned i = 0; i < 3; i++)
        rules[i] = (struct access_rule){
            .by = by[(effects >> 2 * i & 3) % 3],
            .text = (effects >> 2 * i & 3) == 2 ? "a" : fuzz_busids[(which + i) % FUZZ_DEVICES],
            .number = i ? 3 : 8,
            .effect = which >> (3 + i) & 1 ? ACCESS_HIDE : ACCESS_ALLOW};
    const struct access_list list = {.mode = how & 1 ? ACCESS_CLOSED : ACCESS_OPEN,
                                     .allow = &allow,
                                     .allow_count = how >> 1 & 1,
                                     .rules = rules,
                                     .rule_count = how >> 2 & 3,
                                     .export_policy =
                                         how >> 4 & 1 ? ACCESS_EXPORT_MANUAL : ACCESS_EXPORT_AUTO,
                                     .export_rules = rules,
                                     .export_rule_count = how >> 5 & 3};
    snprintf(naming.key, sizeof naming.key, "%s", fuzz_busids[which % FUZZ_DEVICES]);
    naming.names.hidden = effects >> 6 & 1;
    naming.names.exported = effects >> 7;
    if (server_change_rules(g->world.server, &list, &naming, how >> 7, g->world.now_us) == BASE_OK)
        check_holders(&g->world);
}

// What the faulty device does next.
static void misbehave(struct program *g)
{
    static const uint8_t bytes[1500];
    static const enum sim_result failures[] = {SIM_STALL, SIM_ERROR, SIM_BABBLE};
    uint8_t how = take(g), ep = how & 0x10 ? 0x81 : 0x83, amount = take(g);
    switch (how % 8) {
    case 0:
        (void)sim_faulty_give(g->world.faulty, ep, bytes, amount * (uint32_t)sizeof bytes / 255);
        break;
    case 1:
        (void)sim_faulty_fail(g->world.faulty, ep, failures[amount % 3]);
        break;
    case 2:
        sim_faulty_stream(g->world.faulty, ep, amount % 2);
        break;
    case 3:
        sim_faulty_accept(g->world.faulty, 0x02, amount * 64u);
        break;
    case 4:
        sim_faulty_fail_after(g->world.faulty, 0x02, failures[amount % 2], amount * 64u);
        break;
    case 5:
        sim_faulty_late(g->world.faulty, how & 0x10 ? 0x02 : 0x81, amount * 500u);
        break;
    case 6: // a vendor request that fails, or waits
        sim_faulty_answer(g->world.faulty, 0x40, 0x01,
                          &(struct sim_faulty_answer){.result = amount % 2 ? SIM_NAK : SIM_STALL,
                                                      .delay_us = amount * 100u});
        break;
    default:
        sim_faulty_release(g->world.faulty);
        break;
    }
}

static void change_pace(struct program *g, struct fuzz_peer *p, bool patience)
{
    uint8_t pace = take(g);
    if (!patience) {
        p->chunk = pace;
    } else {
        p->patience = pace * 61u;
        p->stuck = pace == 0xff;
    }
}

// Numbers are part of the kept inputs: new ones go to the end.
static void run_operation(struct program *g)
{
    uint8_t op = take(g);
    struct fuzz_peer *p = &g->world.peers[op >> 7];
    switch (op & 0x0f) {
    case 0:
        fuzz_world_connect(&g->world, p);
        break;
    case 1:
        fuzz_peer_devlist(p);
        break;
    case 2:
        fuzz_peer_import(p, fuzz_busids[take(g) % FUZZ_BUSIDS]);
        break;
    case 3:
        if (op & 0x10)
            isochronous(g, p);
        else
            submit(g, p, op & 0x20);
        break;
    case 4:
        control(g, p);
        break;
    case 5:
        fuzz_peer_unlink(p, p->seqnum - take(g));
        break;
    case 6:
        pass_time(g);
        break;
    case 7:
        if (op & 0x10)
            change_rules(g);
        else
            plug_or_pull(g);
        break;
    case 8:
    case 9:
        change_pace(g, p, op & 1);
        break;
    case 10:
        fuzz_world_finish(&g->world, p, (take(g) & 1) != 0);
        break;
    case 11:
        fuzz_world_disconnect(&g->world, p);
        break;
    case 12:
        raw(g, p);
        break;
    case 13:
        spoil(g, p);
        break;
    case 14:
        lose_memory(g);
        break;
    default:
        misbehave(g);
        break;
    }
    if ((op & 0x40) == 0) // else the next one comes in one go with this one
        fuzz_world_settle(&g->world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct program g; // too large for the stack
    memset(&g, 0, sizeof g);
    g.next = data;
    g.left = size;
    g.world.now_us = 1000000;
    fuzz_world_start(&g.world);
    fuzz_world_settle(&g.world);
    while (g.left > 0)
        run_operation(&g);
    fuzz_world_end(&g.world);
    return 0;
}
