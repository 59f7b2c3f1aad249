// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_access.h"

#include "access/access.h"

#include <time.h>

enum { RULES = 1000, TIMES = 2000, TIMES_QUICK = 10 };

const struct bench_row bench_access_row = {
    .name = "import_1000_rules", .unit = "us", .aim = {BENCH_AIM_VALUE_AT_MOST, 20}};

// Each names the device by its serial number, and has an address block of which the client is not.
static void fill(struct access_rule *rules, struct base_block *blocks,
                 const struct base_address *client)
{
    for (unsigned i = 0; i < RULES; i++) {
        blocks[i] = (struct base_block){.first = *client, .prefix = 64};
        blocks[i].first.bytes[6] = (uint8_t)(i >> 8);
        blocks[i].first.bytes[7] = (uint8_t)(i | 1);
        rules[i] = (struct access_rule){.by = ACCESS_BY_SERIAL,
                                        .text = "0123456789ABCDEF",
                                        .blocks = &blocks[i],
                                        .block_count = 1};
    }
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

void bench_access_measure(struct bench_row *row, const struct bench_options *o)
{
    static struct access_rule rules[RULES], export_rules[RULES];
    static struct base_block blocks[RULES];
    const struct access_identity who = {.address = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}, 128}};
    const struct access_device device = {.busid = "1-1", .alias = "", .serial = "0123456789ABCDEF"};
    fill(rules, blocks, &who.address);
    for (unsigned i = 0; i < RULES; i++)
        export_rules[i] = (struct access_rule){.by = ACCESS_BY_SERIAL, .text = "0123456789ABCDE0"};
    const struct access_list list = {.rules = rules,
                                     .rule_count = RULES,
                                     .export_rules = export_rules,
                                     .export_rule_count = RULES};
    unsigned times = o->quick ? TIMES_QUICK : TIMES;
    for (unsigned round = 0; round < o->rounds; round++) {
        double before = now_us();
        for (unsigned i = 0; i < times; i++)
            if (!access_exports(&list, &device).yes || !access_decide(&list, &who, &device).yes)
                bench_die("a rule fits");
        const struct bench_figures f = {.value = (now_us() - before) / times};
        bench_row_add(row, &f, NULL);
    }
}
