// SPDX-License-Identifier: Apache-2.0
// What names and addresses may be. Pure functions, any thread. IPv4 addresses are 4 bytes in the
// order of their text.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// RFC 1123 section 2.1: letters, digits and hyphens, not a hyphen first or last; 1 to 63.
bool settings_rule_label(const char *text, size_t size);

// Four numbers from 0 to 255 with dots between. False leaves *bytes.
bool settings_rule_ipv4(const char *text, uint8_t *bytes);

// Labels with dots between, the IPv4 address of one machine, or "" for none.
bool settings_rule_server(const char *text);

// 0.0.0.0 (none), or the address of one machine that others can reach: not 0.*, 127.*, multicast
// or above (RFC 6890).
bool settings_rule_machine(const uint8_t *address);

// 0.0.0.0 (none), or 8 to 30 leading ones.
bool settings_rule_netmask(const uint8_t *netmask);

bool settings_rule_none(const uint8_t *address);

// Whether `address` is one that a machine of that network may have: not its first and not its last.
bool settings_rule_host_of(const uint8_t *address, const uint8_t *network, const uint8_t *netmask);
