// SPDX-License-Identifier: Apache-2.0
#include "access_cost.h"

#include "access/access.h"

#include <stdlib.h>

enum { RULES = 64 };

uint32_t access_cost(uint32_t (*instructions)(void))
{
    const struct access_identity who = {.address = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}, 128}};
    const struct access_device device = {
        .busid = "1-1.4", .alias = "", .serial = "0123456789ABCDEF"};
    struct base_block blocks[RULES];
    struct access_rule rules[RULES];
    for (unsigned i = 0; i < RULES; i++) {
        blocks[i] = (struct base_block){.first = who.address, .prefix = 64};
        blocks[i].first.bytes[7] = (uint8_t)(i + 1); // the last one of the prefix
        rules[i] = (struct access_rule){.by = ACCESS_BY_SERIAL,
                                        .text = "0123456789ABCDEF",
                                        .blocks = &blocks[i],
                                        .block_count = 1};
    }
    const struct access_list list = {.rules = rules, .rule_count = RULES};
    uint32_t before = instructions();
    if (access_decide(&list, &who, &device).reason != ACCESS_IS_OPEN)
        abort();
    return instructions() - before;
}

uint32_t access_cost_export(uint32_t (*instructions)(void))
{
    const struct access_device device = {
        .busid = "1-1.4", .alias = "", .serial = "0123456789ABCDEF"};
    struct access_rule rules[RULES];
    for (unsigned i = 0; i < RULES; i++)
        rules[i] = (struct access_rule){.by = ACCESS_BY_SERIAL, .text = "0123456789ABCDE0"};
    const struct access_list list = {.export_rules = rules, .export_rule_count = RULES};
    uint32_t before = instructions();
    if (!access_exports(&list, &device).yes)
        abort();
    return instructions() - before;
}
