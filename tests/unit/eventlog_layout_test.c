// SPDX-License-Identifier: Apache-2.0
// The chip keeps its events over a reset, and a reset may be an update: what the earlier firmware
// has stored must mean the same to the new one. Here stands what is stored; a difference is either
// something new at the end, or another layout.
#include "base/base_text.h"
#include "eventlog/eventlog.h"
#include "eventlog/eventlog_word.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"

#include <string.h>

enum { LAYOUT_VERSION = 2 }; // of eventlog.c, to which the rest belongs

// By number, from 1: name and values.
static const char *const types[] = {
    "server_started eventlog_start:reason loss:damaged_events",
    "server_stopping",
    "device_plugged usb_id:id usb_speed:speed",
    "device_unplugged",
    "device_refused eventlog_refusal:reason",
    "connection_opened",
    "connection_refused eventlog_refusal:reason",
    "connection_closed eventlog_end:reason",
    "devlist count:devices",
    "imported",
    "import_refused status:status",
    "session_ended count:urbs eventlog_end:reason",
    "protocol_error eventlog_protocol:error hex:value",
    "budget_exhausted count:bytes",
    "urb_refused endpoint:endpoint count:length",
    "unlink_overdue endpoint:endpoint",
    "device_reset",
    "device_obstacle usb_obstacle:reason",
    "clock_set",
    "network_up ipv4:address eventlog_address:source",
    "network_down eventlog_network_end:reason",
    "network_fallback eventlog_fallback:reason",
    "file_trouble eventlog_file_task:task eventlog_file_reason:reason",
    "peer_silent",
    "peer_back count:seconds",
    "access_denied access_reason:reason rule:rule",
    "access_ended access_reason:reason rule:rule",
    "access_changed access_mode:mode count:rules",
    "name_ambiguous count:devices",
    "device_renamed",
    "file_silent",
    "file_back count:seconds",
    "device_claim_failed eventlog_claim:reason",
    "settings_changed",
    "device_reset_done",
    "device_reset_failed eventlog_reset:reason",
    "access_rules_changed access_mode:mode count:rules",
    "port_powered_on",
    "port_powered_off",
    "port_power_failed eventlog_power:reason",
    "stranger eventlog_protocol:error hex:value",
    "usb_memory_short",
    "device_hangs",
    "device_hangs_over count:seconds",
    "device_kept access_reason:reason rule:rule",
    "device_exported",
    "device_taken usb_obstacle:reason",
    "claimed",
    "login",
    "login_refused",
    "login_backed_off count:seconds",
    "user_changed eventlog_user:action",
    "token_made",
    "token_revoked",
    "restart_asked",
    "factory_reset",
    "not_served place:where eventlog_cost:reason",
    "control_too_long count:bytes count:most",
    "lease_taken count:seconds",
    "lease_ended eventlog_lease:reason",
    "lease_in_force",
    "backup_made count:users count:tokens",
    "restored count:users count:tokens",
    "certificate_changed",
    "configuration_refused count:value",
};

// The words of each enum by number, from 0; '-' if there is none.
static const char *const words[EVENTLOG_KIND_COUNT] = {
    [EVENTLOG_KIND_status] = "ok not_available busy failed no_device",
    [EVENTLOG_KIND_usb_speed] = "- low full high - super",
    [EVENTLOG_KIND_usb_obstacle] =
        "- speed enumeration host_full mounted swap holders network keyboard usbip configuration",
    [EVENTLOG_KIND_eventlog_start] =
        ("- power_on restart factory_reset update panic task_watchdog interrupt_watchdog watchdog "
         "lockup brownout power_glitch external debugger"),
    [EVENTLOG_KIND_eventlog_refusal] =
        "- descriptors duplicate limit no_memory stopping no_descriptor",
    [EVENTLOG_KIND_eventlog_end] =
        ("- peer_closed peer_lost done timeout protocol unplugged stopping crowded no_memory "
         "peer_dead peer_silent peer_full access operator"),
    [EVENTLOG_KIND_eventlog_protocol] =
        ("- version operation command devid direction length packet_count duplicate_seqnum "
         "http tls"),
    [EVENTLOG_KIND_eventlog_address] = "- static dhcp link_local",
    [EVENTLOG_KIND_eventlog_network_end] = "- no_link no_address",
    [EVENTLOG_KIND_eventlog_fallback] = "- in_use gateway_silent",
    [EVENTLOG_KIND_eventlog_file_task] = "- read write flush",
    [EVENTLOG_KIND_eventlog_file_reason] = "- error no_space too_large cut slow",
    [EVENTLOG_KIND_access_reason] =
        ("- open on_list not_on_list rule_allows rule_hides not_exported export_rule "
         "export_manual exported"),
    [EVENTLOG_KIND_access_mode] = "open closed",
    [EVENTLOG_KIND_eventlog_claim] = "- permission busy in_use gone no_memory failed",
    [EVENTLOG_KIND_eventlog_reset] = "- unplugged session_ended busy not_opened failed stuck",
    [EVENTLOG_KIND_eventlog_power] =
        "- not_known fixed ganged in_use busy limit stopping gone permission failed",
    [EVENTLOG_KIND_eventlog_user] = "- added removed role password",
    [EVENTLOG_KIND_eventlog_cost] = "- channels packet_size high_bandwidth interval control",
    [EVENTLOG_KIND_eventlog_lease] = "- ran_out given_back taken_back",
};

static void compare(const char *what, const char *stored, const char *now)
{
    if (strcmp(stored, now) != 0)
        check_fail(
            __FILE__, __LINE__,
            "%s is stored as \"%s\" and read as \"%s\". If that is new and at the end, write "
            "it here, too. Else earlier events would be misread: put it to the end, or raise "
            "LAYOUT_VERSION in eventlog.c and then write here how it is now",
            what, stored, now);
}

TEST(eventlog_types_are_read_as_they_are_stored)
{
#define VALUE(kind, name) " " #kind ":" #name
#define TYPE(NAME, name, level, sentence, ...) #name __VA_ARGS__,
#define PLAIN(NAME, name, level, sentence) #name,
    static const char *const now[] = {EVENTLOG_TYPES(PLAIN, TYPE, VALUE, VALUE)};
    unsigned stored = sizeof types / sizeof types[0], known = sizeof now / sizeof now[0];
    for (unsigned i = 0; i < stored || i < known; i++) {
        check_context("type", i + 1);
        compare("it", i < stored ? types[i] : "", i < known ? now[i] : "");
    }
}

static void words_of(enum eventlog_kind kind, char *line, size_t size)
{
    struct base_text t;
    size_t known = 0;
    base_text_init(&t, line, size);
    for (uint32_t n = 0; n < 64; n++) {
        const char *word = eventlog_word_json(kind, n);
        bool is_one = strcmp(word, "unknown") != 0;
        base_text_str(&t, n ? " " : "");
        base_text_str(&t, is_one ? word : "-");
        known = is_one ? t.length : known;
    }
    line[known] = '\0';
}

TEST(eventlog_words_are_read_as_they_are_stored)
{
    char line[400];
    for (enum eventlog_kind kind = 0; kind < EVENTLOG_KIND_COUNT; kind++) {
        check_context("kind", kind);
        words_of(kind, line, sizeof line);
        compare("it", words[kind] ? words[kind] : "", line);
    }
}

TEST(eventlog_records_are_read_as_they_are_stored)
{
    char line[200];
    struct base_text t;
    base_text_init(&t, line, sizeof line);
#define MEMBER(name)                                                                               \
    base_text_str(&t, " " #name " ");                                                              \
    base_text_u64(&t, offsetof(struct eventlog_event, name))
    base_text_u64(&t, eventlog_memory_size(0));
    MEMBER(number);
    MEMBER(time_us);
    MEMBER(uptime_us);
    MEMBER(unix_us);
    MEMBER(boot);
    MEMBER(session);
    MEMBER(what.type);
    MEMBER(what.value);
    MEMBER(busid);
    MEMBER(peer);
    base_text_char(&t, ' ');
    base_text_u64(&t, sizeof(struct eventlog_event));
    base_text_char(&t, ' ');
    base_text_u64(&t, eventlog_memory_size(1) - eventlog_memory_size(0));
    compare("a record",
            "16 number 0 time_us 8 uptime_us 16 unix_us 24 boot 32 session 36 what.type 40 "
            "what.value 44 busid 52 peer 84 144 152",
            line);
}

TEST(eventlog_layout_version_is_that_of_this_test)
{
    uint64_t bytes[64] = {0};
    uint32_t layout;
    struct eventlog *log =
        eventlog_create_in(&heap, &(struct eventlog_memory){.bytes = bytes, .size = sizeof bytes});
    memcpy(&layout, (uint8_t *)bytes + 4, sizeof layout);
    eventlog_destroy(log);
    if (layout >> 16 != LAYOUT_VERSION)
        check_fail(__FILE__, __LINE__,
                   "eventlog.c has another LAYOUT_VERSION: is what this test says of it true?");
}
