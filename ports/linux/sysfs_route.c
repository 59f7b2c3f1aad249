// SPDX-License-Identifier: Apache-2.0
// IPv4 addresses are taken as IPv6 has them (::ffff:a.b.c.d), so that there is one table.
#include "ports/linux/sysfs_route.h"

#include "base/base_bytes.h"
#include "ports/linux/sysfs_file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESS = 16, MAPPED = 12, ROUTE_UP = 1, ROUTE_REJECT = 0x200 };
enum { TCP_ESTABLISHED_STATE = 1 };

struct route {
    uint8_t to[ADDRESS];
    unsigned bits; // of `to` that count
    bool ours;     // out of the interface that is asked about
};

struct table {
    const char *interface;
    struct route *routes;
    size_t count, room;
    bool lost; // there was no memory for one
    bool is_default;
};

static void add_route(struct table *t, const struct route *r)
{
    if (t->count == t->room) {
        size_t room = t->room ? 2 * t->room : 64;
        struct route *more = realloc(t->routes, room * sizeof *more);
        t->lost = !more;
        if (!more)
            return;
        t->routes = more;
        t->room = room;
    }
    t->routes[t->count++] = *r;
}

static const uint8_t mapped[MAPPED] = {[10] = 0xff, [11] = 0xff};

// The kernel prints IPv4 addresses as numbers in the host's byte order, as they lie in memory.
static void put_ipv4(uint8_t out[ADDRESS], uint32_t as_printed)
{
    memcpy(out, mapped, MAPPED);
    memcpy(out + MAPPED, &as_printed, sizeof as_printed);
}

// Cuts the line at its blanks. False: it has fewer fields.
static bool cut(char *line, char **field, unsigned count)
{
    char *rest = line;
    unsigned n = 0;
    while (n < count && (field[n] = strtok_r(rest, " \t", &rest)))
        n++;
    return n == count;
}

static uint32_t hex(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 16);
}

// Eight digits from somewhere in a row of them.
static uint32_t hex8(const char *text)
{
    char digits[9] = "";
    memcpy(digits, text, strnlen(text, sizeof digits - 1));
    return hex(digits);
}

static bool leads_on(uint32_t flags)
{
    return (flags & (ROUTE_UP | ROUTE_REJECT)) == ROUTE_UP;
}

// route: interface, destination, gateway, flags, three more, mask
static bool ipv4_route(void *ctx, char *line)
{
    struct table *t = ctx;
    char *f[8];
    if (!cut(line, f, 8) || !leads_on(hex(f[3])))
        return t->lost;
    uint32_t mask = hex(f[7]);
    struct route r = {.ours = strcmp(f[0], t->interface) == 0,
                      .bits = 8 * MAPPED + (unsigned)__builtin_popcount(mask)};
    put_ipv4(r.to, hex(f[1]));
    t->is_default |= r.ours && mask == 0;
    add_route(t, &r);
    return t->lost;
}

// Destinations are printed byte by byte.
static void put_ipv6(uint8_t out[ADDRESS], const char *text)
{
    for (unsigned i = 0; i < ADDRESS / 4; i++)
        base_put_be32(out + (size_t)4 * i, hex8(text + (size_t)8 * i));
}

// ipv6_route: destination, bits, six more, flags, interface
static bool ipv6_route(void *ctx, char *line)
{
    struct table *t = ctx;
    char *f[10];
    if (!cut(line, f, 10) || strlen(f[0]) != (size_t)2 * ADDRESS || !leads_on(hex(f[8])))
        return t->lost;
    struct route r = {.ours = strcmp(f[9], t->interface) == 0, .bits = hex(f[1]) % 129};
    put_ipv6(r.to, f[0]);
    t->is_default |= r.ours && r.bits == 0;
    add_route(t, &r);
    return t->lost;
}

static bool matches(const struct route *r, const uint8_t address[ADDRESS])
{
    unsigned whole = r->bits / 8, rest = r->bits % 8;
    return memcmp(r->to, address, whole) == 0 &&
           (rest == 0 || (r->to[whole] ^ address[whole]) >> (8 - rest) == 0);
}

// Does the longest prefix lead out of the interface? If two do, both are taken to be used.
static bool reached_by_it(const struct table *t, const uint8_t address[ADDRESS])
{
    int best = -1;
    bool ours = false;
    for (size_t i = 0; i < t->count; i++) {
        const struct route *r = &t->routes[i];
        if ((int)r->bits < best || !matches(r, address))
            continue;
        ours = r->ours || (ours && (int)r->bits == best);
        best = (int)r->bits;
    }
    return ours;
}

// tcp, tcp6: "0: 0100007F:0CA8 0200A8C0:A3F2 01 ...": local, remote, state. An address of IPv6 is
// four such numbers.
static bool connection(void *ctx, char *line)
{
    uint8_t address[ADDRESS];
    char *f[4];
    if (!cut(line, f, 4) || hex(f[3]) != TCP_ESTABLISHED_STATE)
        return false;
    size_t digits = strcspn(f[2], ":");
    if (digits == 8)
        put_ipv4(address, hex8(f[2]));
    for (unsigned i = 0; digits == (size_t)2 * ADDRESS && i < ADDRESS / 4; i++) {
        uint32_t part = hex8(f[2] + (size_t)8 * i);
        memcpy(address + (size_t)4 * i, &part, sizeof part);
    }
    return (digits == 8 || digits == (size_t)2 * ADDRESS) && reached_by_it(ctx, address);
}

static bool any_line(const char *root, const char *name, bool (*each)(void *ctx, char *line),
                     struct table *t)
{
    char path[SYSFS_PATH_SIZE];
    int n = snprintf(path, sizeof path, "%s/proc/self/net/%s", root, name);
    return n > 0 && n < (int)sizeof path && sysfs_any_line(path, each, t);
}

bool sysfs_route_uses(const char *root, const char *name)
{
    struct table t = {.interface = name};
    bool uses = any_line(root, "route", ipv4_route, &t) ||
                any_line(root, "ipv6_route", ipv6_route, &t) || t.is_default ||
                any_line(root, "tcp", connection, &t) || any_line(root, "tcp6", connection, &t);
    free(t.routes);
    return uses;
}
