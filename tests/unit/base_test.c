// SPDX-License-Identifier: Apache-2.0
#include "base/base_bytes.h"
#include "base/base_list.h"
#include "base/base_text.h"
#include "tests/support/check.h"

#include <string.h>

TEST(base_big_and_little_endian)
{
    uint8_t b[8];
    base_put_be64(b, 0x0102030405060708u);
    CHECK_EQ(b[0], 1);
    CHECK_EQ(b[7], 8);
    CHECK_EQ(base_get_be64(b), 0x0102030405060708);
    CHECK_EQ(base_get_be32(b + 1), 0x02030405);
    CHECK_EQ(base_get_be16(b + 6), 0x0708);
    CHECK_EQ(base_get_le16(b), 0x0201);
    CHECK_EQ(base_get_le32(b), 0x04030201);
    base_put_le32(b, 0xfffefdfc);
    CHECK_EQ(b[0], 0xfc);
    base_put_le16(b, 0xabcd);
    CHECK_EQ(b[0], 0xcd);
    base_put_be16(b, 0xabcd);
    CHECK_EQ(b[0], 0xab);
}

struct item {
    int value;
    struct base_list link;
};

static int value(struct base_list *node)
{
    return node ? BASE_CONTAINER(node, struct item, link)->value : -1;
}

TEST(base_list_keeps_order)
{
    struct base_list list;
    struct item a = {1, {0}}, b = {2, {0}}, c = {3, {0}};
    base_list_init(&list);
    CHECK(base_list_empty(&list));
    base_list_append(&list, &b.link);
    base_list_append(&list, &c.link);
    base_list_prepend(&list, &a.link);
    base_list_remove(&b.link);
    base_list_remove(&b.link); // harmless
    CHECK_EQ(value(base_list_pop(&list)), 1);
    CHECK_EQ(value(base_list_pop(&list)), 3);
    CHECK(!base_list_pop(&list));
}

TEST(base_list_walk_survives_removal)
{
    struct base_list list;
    struct item items[4] = {{1, {0}}, {2, {0}}, {3, {0}}, {4, {0}}};
    int sum = 0;
    base_list_init(&list);
    for (unsigned i = 0; i < 4; i++)
        base_list_append(&list, &items[i].link);
    BASE_LIST_FOR_EACH (struct item, i, &list, link) {
        sum += i->value;
        if (i->value % 2 == 0)
            base_list_remove(&i->link);
    }
    CHECK_EQ(sum, 10);
    CHECK_EQ(value(list.next), 1);
    CHECK_EQ(value(list.prev), 3);
}

TEST(base_text_numbers)
{
    char buf[80];
    struct base_text t;
    base_text_init(&t, buf, sizeof buf);
    base_text_u64(&t, 0);
    base_text_char(&t, ' ');
    base_text_u64(&t, UINT64_MAX);
    base_text_char(&t, ' ');
    base_text_hex(&t, 0x1a2b, 6);
    base_text_str(&t, NULL);
    CHECK_STR(buf, "0 18446744073709551615 001a2b");
    CHECK_EQ(t.length, strlen(buf));
    CHECK(!t.cut);
}

TEST(base_text_of_a_time_of_day)
{
    static const struct {
        uint64_t seconds;
        const char *text;
    } times[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {UINT64_C(951782399), "2000-02-28T23:59:59.000Z"},
        {UINT64_C(951782400), "2000-02-29T00:00:00.000Z"},
        {UINT64_C(951868800), "2000-03-01T00:00:00.000Z"},
        {UINT64_C(1709164800), "2024-02-29T00:00:00.000Z"},
        {UINT64_C(1795350896), "2026-11-22T12:34:56.000Z"},
        {UINT64_C(4107542400), "2100-03-01T00:00:00.000Z"},
        {UINT64_C(253402300799), "9999-12-31T23:59:59.000Z"},
        {UINT64_C(253402300800), "?"},
        {UINT64_MAX / 1000000, "?"},
    };
    char buf[25];
    struct base_text t;
    for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++) {
        base_text_init(&t, buf, sizeof buf);
        base_text_utc(&t, times[i].seconds * 1000000);
        CHECK_STR(buf, times[i].text);
    }
    base_text_init(&t, buf, sizeof buf);
    base_text_utc(&t, 7089999);
    CHECK_STR(buf, "1970-01-01T00:00:07.089Z");
}

TEST(base_text_cuts_and_says_so)
{
    char buf[4];
    CHECK(base_text_copy(buf, sizeof buf, "abc"));
    CHECK_STR(buf, "abc");
    CHECK(!base_text_copy(buf, sizeof buf, "abcd"));
    CHECK_STR(buf, "abc");
}
