// SPDX-License-Identifier: Apache-2.0
#include "server/server_history.h"

#include <string.h>

enum { STEPS_PER_S = 1000000 / SERVER_HISTORY_STEP_US };

void server_history_init(struct server_history *h, uint32_t hour_steps)
{
    memset(&h->minute.point, 0xff, sizeof h->minute.point);
    memset(&h->hour.point, 0xff, sizeof h->hour.point);
    h->hour_steps = hour_steps;
}

static uint32_t as_point(uint64_t bytes_per_s)
{
    return bytes_per_s < UINT32_MAX ? (uint32_t)bytes_per_s : UINT32_MAX - 1;
}

static void push(struct server_history_ring *r, uint64_t in_per_s, uint64_t out_per_s)
{
    r->point[0][r->next] = as_point(in_per_s);
    r->point[1][r->next] = as_point(out_per_s);
    r->next = (r->next + 1) % SERVER_HISTORY_POINTS;
}

static void end_hour_step(struct server_history *h)
{
    const uint64_t seconds = SERVER_HISTORY_STEPS / STEPS_PER_S;
    push(&h->hour, h->hour_bytes[0] / seconds, h->hour_bytes[1] / seconds);
    h->hour_bytes[0] = h->hour_bytes[1] = 0;
    h->hour_steps = 0;
}

void server_history_add(struct server_history *h, const struct server_moved *moved)
{
    push(&h->minute, moved->bytes[0] * STEPS_PER_S, moved->bytes[1] * STEPS_PER_S);
    h->urbs[1] = h->urbs[0];
    h->urbs[0] = as_point(moved->urbs);
    for (unsigned direction = 0; direction < 2; direction++)
        h->hour_bytes[direction] += moved->bytes[direction];
    if (++h->hour_steps >= SERVER_HISTORY_STEPS)
        end_hour_step(h);
}

void server_history_idle(struct server_history *h, uint64_t steps)
{
    const uint64_t all = (uint64_t)SERVER_HISTORY_POINTS * SERVER_HISTORY_STEPS;
    if (steps > 0)
        h->urbs[1] = steps == 1 ? h->urbs[0] : 0;
    if (steps > 0)
        h->urbs[0] = 0;
    for (uint64_t i = 0; i < steps && i < SERVER_HISTORY_POINTS; i++)
        push(&h->minute, 0, 0);
    if (steps > 2 * all) // the same, but for how far the running step is
        steps = steps % SERVER_HISTORY_STEPS + 2 * all;
    while (steps > 0) {
        uint64_t rest = SERVER_HISTORY_STEPS - h->hour_steps, n = steps < rest ? steps : rest;
        h->hour_steps += (uint32_t)n;
        steps -= n;
        if (h->hour_steps == SERVER_HISTORY_STEPS)
            end_hour_step(h);
    }
}

uint32_t server_history_point(const struct server_history_ring *r, unsigned direction, unsigned i)
{
    return r->point[direction][(r->next + i) % SERVER_HISTORY_POINTS];
}

struct server_rates server_history_rates(const struct server_history *h)
{
    struct server_rates rates = {.urbs_per_s = h->urbs[0] + h->urbs[1]};
    for (unsigned direction = 0; direction < 2; direction++) {
        uint64_t sum = 0;
        unsigned known = 0;
        for (unsigned i = SERVER_HISTORY_POINTS - STEPS_PER_S; i < SERVER_HISTORY_POINTS; i++) {
            uint32_t point = server_history_point(&h->minute, direction, i);
            sum += point == UINT32_MAX ? 0 : point;
            known += point != UINT32_MAX;
        }
        rates.bytes_per_s[direction] = known ? (uint32_t)(sum / known) : 0;
    }
    return rates;
}
