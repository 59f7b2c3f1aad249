// SPDX-License-Identifier: Apache-2.0
// Decides which IPv4 address the box uses and when its Ethernet driver has to be restarted. Pure
// logic: told what happens, asked for what to do. No thread of its own, time is an argument (the
// port's monotonic clock in microseconds), and only its caller's thread touches it.
//
// The rule behind all of it: a box without screen must always be reachable somehow.
//
// Address, each time the link comes up and at each change of settings:
//   DHCP wanted     DHCP client; when nothing answers, a link-local address (RFC 3927) as well, and
//                   the DHCP client goes on asking (as lwIP's own AutoIP does; that one can also
//                   come back later and take the place of a static address).
//   static wanted   asked for by ARP first (RFC 5227), while an older address stays in use;
//                   - another station has it -> DHCP and link-local instead; tried again later.
//                   - free: taken. It is proven when the gateway answers ARP or anybody talks to
//                     it; a proven address is never given up because the gateway is silent.
//                   - gateway silent -> DHCP instead. If DHCP gives an address too, it is used
//                     until the static one would work, which is tried by ARP only, without giving
//                     the address up. If nothing gives an address, the static one is as good as
//                     any other and is kept; DHCP is tried again now and then, as long as nobody
//                     uses the static one.
//                   - no gateway set: taken without proof.
//                   - contested while in use: defended up to three times a minute, then given up.
//
// Deaf receiver (docs/decisions/0008): the EMAC can stop receiving for ever while the link is up.
// The evidence is that NO frame of any kind comes for
//   NETWORK_DEAF_KNOWN_S  if the gateway or a neighbour has answered on this link and is being
//                         asked by ARP every NETWORK_ASK_S seconds: a healthy, silent network has
//                         that answer, and a client with a connection answers keepalives (4 s);
//   NETWORK_DEAF_ALONE_S  if nobody has ever answered: then nobody can be cut off.
// Each restart in a row doubles the time to the next one, up to an hour. Hearing a partner ends the
// row at once, hearing just anything a quarter of an hour later. The first one
// stops and starts the MAC; if that did not help, the driver is taken out and put in again, which
// alone resets the receive FIFO. A link that stays down is helped the same way, slowly.
// While somebody has a device attached, only the MAC is stopped and started for the first
// NETWORK_HELD_S of silence: that somebody may be away for some minutes, and a connection does not
// outlive the address, which ESP-IDF takes away with the link.
#pragma once

#include "network_frames.h"
#include "settings/settings.h"

#include <stdbool.h>
#include <stdint.h>

enum {                          // seconds
    NETWORK_CHECK_S = 3,        // ARP for the static address, once a second
    NETWORK_PROVE_S = 45,       // static taken: somebody must answer; spanning tree takes 30
    NETWORK_DHCP_S = 20,        // DHCP instead of static: how long nothing may come of it
    NETWORK_RETRY_S = 60,       // DHCP instead of static: first look whether static would work
    NETWORK_RETRY_MAX_S = 1800, //   ... doubled each time that static did not stay, up to this
    NETWORK_HOLD_S = 120,       // static without proof: first look whether DHCP works now
    NETWORK_HOLD_MAX_S = 1800,  //   ... doubled each time, up to this
    NETWORK_DEFEND_S = 10,      // between two defences of a contested address
    NETWORK_CONTEST_S = 60,     // in which so many defences are the last:
    NETWORK_DEFENCES = 3,
    NETWORK_ASK_S = 5,            // between ARP requests to the gateway while nothing is heard
    NETWORK_DEAF_KNOWN_S = 30,    // see above
    NETWORK_DEAF_ALONE_S = 120,   // see above
    NETWORK_HELD_S = 330,         // with a device attached: so long the address is kept
    NETWORK_LINK_BACK_S = 60,     // after a restart without link: the next one
    NETWORK_LINK_DOWN_S = 600,    // link down for another reason: first restart
    NETWORK_STEADY_S = 900,       // after a restart: frames that late end the row
    NETWORK_RESTART_MAX_S = 3600, // longest time between restarts
    NETWORK_INSTALL_S = 10,       // the driver did not install: next try, doubled each time
};

enum network_source { // of the address in use
    NETWORK_NO_ADDRESS,
    NETWORK_STATIC,
    NETWORK_DHCP,
    NETWORK_LINK_LOCAL,
};

enum network_trouble { // with the static address that the settings ask for
    NETWORK_NO_TROUBLE,
    NETWORK_IN_USE,         // another station has it
    NETWORK_GATEWAY_SILENT, // nobody answers there
};

enum network_action_type {
    NETWORK_USE_NOTHING,    // no DHCP client, no address (a check comes first)
    NETWORK_USE_DHCP,       // start the DHCP client
    NETWORK_USE_STATIC,     // stop the DHCP client, take the address of the settings
    NETWORK_USE_LINK_LOCAL, // take `target` beside the DHCP client, unless that has an address
    NETWORK_ASK,            // ARP request for `target` from `sender`
    NETWORK_INSTALL,     // install and start the driver; network_policy_installed() tells the end
    NETWORK_RESTART_MAC, // stop and start the MAC alone: link and address stay
    NETWORK_RESTART,     // stop and start the driver
    NETWORK_REINSTALL,   // stop and uninstall the driver, then as INSTALL
};

struct network_action {
    enum network_action_type type;
    uint8_t sender[NETWORK_IP_SIZE], target[NETWORK_IP_SIZE];
};

enum network_step {
    NETWORK_STEP_DOWN,     // no link
    NETWORK_STEP_DHCP,     // DHCP, as the settings say
    NETWORK_STEP_CHECKING, // static: is it free?
    NETWORK_STEP_PROVING,  // static taken: does anybody answer?
    NETWORK_STEP_STATIC,   // static, proven
    NETWORK_STEP_HELD,     // static without proof, for want of anything better
    NETWORK_STEP_FALLEN,   // DHCP instead of static
    NETWORK_STEP_RETRYING, // DHCP instead of static: would static work now?
};

enum { NETWORK_MAX_ACTIONS = 8 };

struct network_policy {
    struct settings_network wanted;
    enum network_step step;
    enum network_trouble trouble;
    bool link_up, installed, using_static;
    uint8_t address[NETWORK_IP_SIZE], gateway[NETWORK_IP_SIZE]; // in use now

    uint64_t step_us;          // when this step began
    uint64_t ask_us;           // next ARP of this step
    uint64_t nothing_us;       // since when DHCP gives nothing
    uint64_t retry_us;         // FALLEN: next look at static
    unsigned falls, holds;     // since the link came up
    struct network_heard base; // counts when this step began
    unsigned defences;         // in the running NETWORK_CONTEST_S
    uint64_t contest_us, defend_us;
    uint32_t conflicts_seen;
    uint8_t link_local[NETWORK_IP_SIZE]; // the one that is next to be tried, or in use
    bool link_local_checking;
    uint64_t link_local_us; // since when

    struct network_heard heard;       // last told
    bool partner_known;               // somebody on this link answers ARP
    bool partner_heard;               // ... and has done so since the last restart
    uint8_t partner[NETWORK_IP_SIZE]; // the last gateway in use
    uint64_t quiet_us;                // since when nothing is heard: last frame, or link up
    uint64_t frame_us;                // last frame of this link; 0: none
    bool held;                        // somebody has a device attached
    uint64_t keep_us;                 // next ARP to a partner while quiet
    uint64_t down_us;                 // since when there is no link
    uint64_t restart_us;              // last restart
    unsigned failures;                // restarts in a row that brought no frame
    bool restarted, reinstalled;      // no frame heard since; which kind it was
    bool reinstall_only; // stop and start has been seen not to help, the other one to help
    uint64_t install_us; // not installed: next try
    unsigned install_failures;
    uint32_t restarts; // of either kind, for people

    struct network_action actions[NETWORK_MAX_ACTIONS];
    unsigned action_count;
};

// The driver is not installed yet: the first action is INSTALL, behind the address to begin with.
void network_policy_init(struct network_policy *p, const struct settings_network *wanted,
                         uint64_t now_us);

// The MAC address, known when the driver is there: whence the link-local address.
void network_policy_mac(struct network_policy *p, const uint8_t mac[NETWORK_MAC_SIZE]);

// --- what happens --------------------------------------------------------------------------------

void network_policy_link(struct network_policy *p, bool up, uint64_t now_us);

// The answer to INSTALL and REINSTALL.
void network_policy_installed(struct network_policy *p, bool ok, uint64_t now_us);

// What lwIP has now; all 0: none.
void network_policy_address(struct network_policy *p, const uint8_t address[NETWORK_IP_SIZE],
                            const uint8_t gateway[NETWORK_IP_SIZE], uint64_t now_us);

void network_policy_heard(struct network_policy *p, const struct network_heard *h, uint64_t now_us);

// Somebody has a device attached.
void network_policy_held(struct network_policy *p, bool held);

// Nothing happens if they are what they were.
void network_policy_settings(struct network_policy *p, const struct settings_network *wanted,
                             uint64_t now_us);

// --- what to do ----------------------------------------------------------------------------------

// Call until it returns false, after each of the above and every half second. An action is to be
// carried out before anything else is told.
bool network_policy_next(struct network_policy *p, uint64_t now_us, struct network_action *a);

// What frames should be compared with now.
void network_policy_watch(const struct network_policy *p, struct network_watch *w);

enum network_source network_policy_source(const struct network_policy *p);
