// SPDX-License-Identifier: Apache-2.0
#include "sim_echo.h"

#include <string.h>

static void ring_put(struct sim_echo *e, const uint8_t *from, uint32_t n)
{
    uint32_t at = (e->first + e->count) % SIM_ECHO_RING;
    uint32_t to_end = SIM_ECHO_RING - at;
    uint32_t part = n < to_end ? n : to_end;
    memcpy(e->ring + at, from, part);
    memcpy(e->ring, from + part, n - part);
    e->count += n;
}

static void ring_take(struct sim_echo *e, uint8_t *to, uint32_t n)
{
    uint32_t to_end = SIM_ECHO_RING - e->first;
    uint32_t part = n < to_end ? n : to_end;
    memcpy(to, e->ring + e->first, part);
    memcpy(to + part, e->ring, n - part);
    e->first = (e->first + n) % SIM_ECHO_RING;
    e->count -= n;
}

int sim_echo_out(struct sim_echo *e, const uint8_t *buf, uint32_t len)
{
    if (len == 0)
        return 0;
    uint32_t room = SIM_ECHO_RING - e->count;
    uint32_t n = len <= room ? len : room - room % e->packet_size;
    e->out_waits = n < len;
    if (n == 0)
        return SIM_NAK;
    ring_put(e, buf, n);
    sim_kick(e->device, e->in);
    return (int)n;
}

int sim_echo_in(struct sim_echo *e, uint8_t *buf, uint32_t max)
{
    uint32_t n = e->count < max ? e->count : max;
    if (n == 0 && !e->end_due)
        return SIM_NAK;
    if (n > 0)
        ring_take(e, buf, n);
    // A host that reads with larger transfers would otherwise wait for what comes behind.
    e->end_due = n > 0 && n % e->packet_size == 0;
    if (e->out_waits)
        sim_kick(e->device, e->out);
    return (int)n;
}

void sim_echo_clear(struct sim_echo *e)
{
    e->first = e->count = 0;
    e->end_due = e->out_waits = false;
}

void sim_echo_init(struct sim_echo *e, struct sim_device *device, uint8_t out, uint8_t in,
                   uint16_t packet_size)
{
    e->device = device;
    e->out = out;
    e->in = in;
    e->packet_size = packet_size;
    sim_echo_clear(e);
}
