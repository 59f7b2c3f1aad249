// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_rule.h"

#include "base/base_address.h"
#include "base/base_bytes.h"

#include <string.h>

enum { LABEL_MAX = 63 }; // RFC 1035 section 2.3.4

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool settings_rule_label(const char *text, size_t size)
{
    if (size < 1 || size > LABEL_MAX || text[0] == '-' || text[size - 1] == '-')
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_digit(text[i]) && !is_letter(text[i]) && text[i] != '-')
            return false;
    return true;
}

bool settings_rule_ipv4(const char *text, uint8_t *bytes)
{
    struct base_address a;
    if (strchr(text, ':') || !base_address_parse(text, &a))
        return false;
    memcpy(bytes, a.bytes, 4);
    return true;
}

bool settings_rule_server(const char *text)
{
    const char *label = text;
    uint8_t address[4];
    if (!*text)
        return true;
    for (;;) {
        size_t size = strcspn(label, ".");
        if (!settings_rule_label(label, size))
            return false;
        if (!label[size])
            break;
        label += size + 1;
    }
    // A last label of digits is no name's (RFC 3696 section 2).
    return !is_digit(label[0]) ||
           (settings_rule_ipv4(text, address) && settings_rule_machine(address));
}

bool settings_rule_none(const uint8_t *address)
{
    return base_get_be32(address) == 0;
}

bool settings_rule_machine(const uint8_t *address)
{
    return settings_rule_none(address) ||
           (address[0] != 0 && address[0] != 127 && address[0] < 224);
}

bool settings_rule_netmask(const uint8_t *netmask)
{
    uint32_t mask = base_get_be32(netmask), hosts = ~mask;
    return mask == 0 || (netmask[0] == 255 && (hosts & (hosts + 1)) == 0 && hosts >= 3);
}

bool settings_rule_host_of(const uint8_t *address, const uint8_t *network, const uint8_t *netmask)
{
    uint32_t mask = base_get_be32(netmask), a = base_get_be32(address), host = a & ~mask;
    return (a & mask) == (base_get_be32(network) & mask) && host != 0 && host != ~mask;
}
