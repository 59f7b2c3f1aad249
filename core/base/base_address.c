// SPDX-License-Identifier: Apache-2.0
#include "base/base_address.h"

#include "base/base_bytes.h"
#include "base/base_number.h"

#include <string.h>

enum {
    GROUPS = 8,       // of IPv6
    MAPPED_BITS = 96, // of an IPv4-mapped address before the IPv4 one
    ZONE_MAX = 64,    // longer than any interface's name
};

static const uint8_t mapped_prefix[MAPPED_BITS / 8] = {[10] = 0xff, 0xff};

struct base_address base_address_of(const uint8_t *bytes, unsigned bits)
{
    struct base_address a = {.bits = 32};
    if (bits == 128 && memcmp(bytes, mapped_prefix, sizeof mapped_prefix) == 0)
        bytes += sizeof mapped_prefix;
    else
        a.bits = (uint8_t)bits;
    memcpy(a.bytes, bytes, a.bits / 8);
    return a;
}

// --- from text -----------------------------------------------------------------------------------

// Moves *text behind it.
static bool take_ipv4(const char **text, uint8_t *bytes)
{
    const char *at = *text;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t n;
        if (i > 0 && *at++ != '.')
            return false;
        const char *digits = at;
        if (!base_number_take(&at, 255, &n))
            return false;
        if (digits[0] == '0' && at > digits + 1) // octal to some
            return false;
        bytes[i] = (uint8_t)n;
    }
    *text = at;
    return true;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)((at - digits) & 15) : -1;
}

static bool take_group(const char **text, uint8_t *bytes)
{
    unsigned v = 0, digits = 0;
    for (; hex_digit(**text) >= 0 && digits < 4; digits++)
        v = v << 4 | (unsigned)hex_digit(*(*text)++);
    base_put_be16(bytes, (uint16_t)v);
    return digits > 0;
}

// `gap` is where "::" is, in bytes: what follows goes to the end.
static void open_gap(uint8_t *bytes, unsigned used, unsigned gap)
{
    unsigned behind = used - gap;
    memmove(bytes + 16 - behind, bytes + gap, behind);
    memset(bytes + gap, 0, 16 - used);
}

static bool take_gap(const char **text, unsigned used, int *gap)
{
    if (strncmp(*text, "::", 2) != 0)
        return false;
    *text += 2;
    *gap = (int)used;
    return true;
}

static bool take_ipv6(const char **text, uint8_t *bytes)
{
    const char *at = *text;
    unsigned used = 0;
    int gap = -1;
    (void)take_gap(&at, 0, &gap);
    while (used < 16) {
        if (used <= 12 && take_ipv4(&at, bytes + used)) {
            used += 4;
            break;
        }
        if (!take_group(&at, bytes + used)) {
            if (gap != (int)used)
                return false;
            break; // the text ends with "::"
        }
        used += 2;
        if (gap < 0 && take_gap(&at, used, &gap))
            continue;
        if (*at != ':')
            break;
        at++;
    }
    if (gap >= 0 ? used > 14 : used < 16)
        return false;
    if (gap >= 0)
        open_gap(bytes, used, (unsigned)gap);
    *text = at;
    return true;
}

// 1 to ZONE_MAX characters behind '%'. What they say is not looked at.
static bool take_zone(const char **text)
{
    if (**text != '%')
        return true;
    size_t size = strcspn(++*text, "/%");
    *text += size;
    return size > 0 && size <= ZONE_MAX;
}

// `bits`: as in the text, before mapped addresses become IPv4.
static bool take_address(const char **text, uint8_t *bytes, unsigned *bits)
{
    *bits = 32;
    if (take_ipv4(text, bytes))
        return true;
    *bits = 128;
    return take_ipv6(text, bytes) && take_zone(text);
}

bool base_address_parse(const char *text, struct base_address *a)
{
    uint8_t bytes[16];
    unsigned bits;
    if (!take_address(&text, bytes, &bits) || *text)
        return false;
    *a = base_address_of(bytes, bits);
    return true;
}

static void clear_behind(uint8_t *bytes, unsigned prefix)
{
    for (unsigned bit = prefix; bit < 128; bit++)
        bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

bool base_block_parse(const char *text, struct base_block *b)
{
    uint8_t bytes[16];
    unsigned bits;
    uint64_t prefix;
    if (!take_address(&text, bytes, &bits))
        return false;
    prefix = bits;
    if (*text && (*text != '/' || !base_number(text + 1, 0, bits, &prefix)))
        return false;
    // A block that is larger than all mapped addresses is IPv6, and has none of them.
    clear_behind(bytes, (unsigned)prefix);
    b->first = base_address_of(bytes, bits);
    b->prefix = (uint8_t)(prefix - (bits - b->first.bits));
    return true;
}

bool base_block_begins(const char *text)
{
    struct base_block b;
    uint8_t bytes[16];
    unsigned bits;
    if (!base_block_parse(text, &b))
        return false;
    (void)take_address(&text, bytes, &bits);
    struct base_address named = base_address_of(bytes, bits);
    return base_address_equal(&named, &b.first);
}

// --- to text -------------------------------------------------------------------------------------

static unsigned zeros_from(const uint8_t *bytes, unsigned group)
{
    unsigned n = 0;
    while (group + n < GROUPS && base_get_be16(bytes + 2 * (group + n)) == 0)
        n++;
    return n;
}

// The first longest run of zero groups, 2 at least (RFC 5952 section 4.2); its length, or 0.
static unsigned longest_zeros(const uint8_t *bytes, unsigned *start)
{
    unsigned most = 1;
    for (unsigned i = 0; i < GROUPS; i++) {
        unsigned n = zeros_from(bytes, i);
        if (n <= most)
            continue;
        most = n;
        *start = i;
    }
    return most > 1 ? most : 0;
}

static void add_ipv6(struct base_text *t, const uint8_t *bytes)
{
    unsigned start = GROUPS, zeros = longest_zeros(bytes, &start);
    for (unsigned i = 0; i < GROUPS; i++) {
        if (zeros && i == start) {
            base_text_str(t, "::");
            i += zeros - 1;
            continue;
        }
        if (i > 0 && !(zeros && i == start + zeros))
            base_text_char(t, ':');
        unsigned v = base_get_be16(bytes + 2 * i), digits = 1;
        while (digits < 4 && v >> 4 * digits)
            digits++;
        base_text_hex(t, v, digits);
    }
}

void base_address_text(const struct base_address *a, struct base_text *t)
{
    if (a->bits == 128)
        add_ipv6(t, a->bytes);
    for (unsigned i = 0; a->bits == 32 && i < 4; i++) {
        base_text_u64(t, a->bytes[i]);
        base_text_str(t, i < 3 ? "." : "");
    }
}

void base_peer_text(const struct base_peer *p, struct base_text *t)
{
    if (p->address.bits == 0)
        return;
    base_text_str(t, p->address.bits == 128 ? "[" : "");
    base_address_text(&p->address, t);
    base_text_str(t, p->address.bits == 128 ? "]:" : ":");
    base_text_u64(t, p->port);
}

void base_block_text(const struct base_block *b, struct base_text *t)
{
    base_address_text(&b->first, t);
    if (b->prefix == b->first.bits)
        return;
    base_text_char(t, '/');
    base_text_u64(t, b->prefix);
}

// --- comparing -----------------------------------------------------------------------------------

bool base_address_equal(const struct base_address *a, const struct base_address *b)
{
    return a->bits == b->bits && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool base_address_is_loopback(const struct base_address *a)
{
    static const uint8_t ipv6[16] = {[15] = 1};
    if (a->bits == 32)
        return a->bytes[0] == 127;
    return a->bits == 128 && memcmp(a->bytes, ipv6, sizeof ipv6) == 0;
}

// In words, because a thousand of these may stand between a client and its device.
bool base_block_contains(const struct base_block *b, const struct base_address *a)
{
    if (a->bits != b->first.bits)
        return false;
    uint64_t differs = base_get_be64(a->bytes) ^ base_get_be64(b->first.bytes);
    if (b->prefix <= 64)
        return b->prefix == 0 || differs >> (64 - b->prefix) == 0;
    uint64_t low = base_get_be64(a->bytes + 8) ^ base_get_be64(b->first.bytes + 8);
    return differs == 0 && low >> (128 - b->prefix) == 0;
}
