// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/host_facts.h"

#include "ports/posix/posix_time.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { AGE_US = 5000000 };

// The machine's id is not for everybody (machine-id(5)): a hash of it says the same.
static void read_id(struct api_port_facts *f)
{
    char id[64] = "usbip-server ";
    size_t n = strlen(id);
    FILE *file = fopen("/etc/machine-id", "re");
    uint64_t hash = UINT64_C(14695981039346656037); // FNV-1a
    if (!file)
        return;
    bool read = fgets(id + n, (int)(sizeof id - n), file) != NULL;
    fclose(file);
    for (const char *s = id; *s && *s != '\n'; s++)
        hash = (hash ^ (unsigned char)*s) * UINT64_C(1099511628211);
    if (read)
        snprintf(f->id, sizeof f->id, "%016llx", (unsigned long long)hash);
}

static bool address_of(const struct sockaddr *a, struct base_address *out)
{
    const void *in4 = &((const struct sockaddr_in *)(const void *)a)->sin_addr;
    const void *in6 = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
    if (!a || (a->sa_family != AF_INET && a->sa_family != AF_INET6))
        return false;
    *out = a->sa_family == AF_INET ? base_address_of(in4, 32) : base_address_of(in6, 128);
    return !base_address_is_loopback(out);
}

static void read_addresses(struct api_port_facts *f)
{
    struct ifaddrs *list = NULL;
    f->address_count = 0;
    f->link_up = false;
    if (getifaddrs(&list) != 0)
        return;
    for (const struct ifaddrs *i = list; i && f->address_count < API_ADDRESSES_MAX;
         i = i->ifa_next) {
        if (!(i->ifa_flags & IFF_UP) || !address_of(i->ifa_addr, &f->addresses[f->address_count]))
            continue;
        f->address_count++;
        f->link_up |= (i->ifa_flags & IFF_RUNNING) != 0;
    }
    freeifaddrs(list);
}

void host_facts_fill(void *host_facts, struct api_port_facts *out)
{
    struct host_facts *h = host_facts;
    uint64_t now_us = posix_now_us();
    if (!h->facts.port)
        read_id(&h->facts);
    if (!h->facts.port || now_us - h->made_us > AGE_US) {
        h->facts.port = "linux";
        h->made_us = now_us;
        read_addresses(&h->facts);
        if (gethostname(h->facts.name, sizeof h->facts.name - 1) != 0)
            h->facts.name[0] = '\0';
    }
    *out = h->facts;
}
