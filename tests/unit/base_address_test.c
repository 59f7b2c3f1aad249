// SPDX-License-Identifier: Apache-2.0
#include "base/base_address.h"
#include "tests/support/check.h"

static struct base_address address(const char *text)
{
    struct base_address a = {.bits = 0};
    if (!base_address_parse(text, &a))
        check_fail(__FILE__, __LINE__, "'%s' is no address", text);
    return a;
}

static struct base_block block(const char *text)
{
    struct base_block b = {.prefix = 0};
    if (!base_block_parse(text, &b))
        check_fail(__FILE__, __LINE__, "'%s' is no block", text);
    return b;
}

static void check_text(const char *from, const char *want)
{
    char buf[BASE_ADDRESS_TEXT_SIZE];
    struct base_text t;
    struct base_address a = address(from);
    base_text_init(&t, buf, sizeof buf);
    base_address_text(&a, &t);
    CHECK_STR(buf, want);
    CHECK(!t.cut);
}

static void check_block_text(const char *from, const char *want)
{
    char buf[BASE_BLOCK_TEXT_SIZE];
    struct base_text t;
    struct base_block b = block(from);
    base_text_init(&t, buf, sizeof buf);
    base_block_text(&b, &t);
    CHECK_STR(buf, want);
    CHECK(!t.cut);
}

static bool contains(const char *b, const char *a)
{
    struct base_block in = block(b);
    struct base_address it = address(a);
    return base_block_contains(&in, &it);
}

TEST(base_address_bytes_in_the_order_of_the_text)
{
    struct base_address a = address("10.0.200.7"), b = address("2001:db8::1:2");
    static const uint8_t v4[16] = {10, 0, 200, 7};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [13] = 1, 0, 2};
    CHECK_EQ(a.bits, 32);
    CHECK_BYTES(a.bytes, v4, 16);
    CHECK_EQ(b.bits, 128);
    CHECK_BYTES(b.bytes, v6, 16);
}

// RFC 5952 sections 4 and 5.
TEST(base_address_text_is_the_one_of_rfc_5952)
{
    check_text("0.0.0.0", "0.0.0.0");
    check_text("255.255.255.255", "255.255.255.255");
    check_text("::", "::");
    check_text("::1", "::1");
    check_text("1::", "1::");
    check_text("2001:0DB8:0:0:0:0:0002:1", "2001:db8::2:1");
    check_text("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"); // one zero group stays
    check_text("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");          // the longest run
    check_text("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1");    // the first of two
    check_text("0:0:1:2:3:4:0:0", "::1:2:3:4:0:0");
    check_text("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0");
    check_text("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8");
    check_text("1111:2222:3333:4444:5555:6666:7777:8888",
               "1111:2222:3333:4444:5555:6666:7777:8888");
    check_text("64:ff9b::192.0.2.33", "64:ff9b::c000:221");
    check_text("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304");
}

TEST(base_address_none_has_no_text)
{
    char buf[4] = "x";
    struct base_text t;
    base_text_init(&t, buf, sizeof buf);
    base_address_text(&(struct base_address){.bits = 0}, &t);
    CHECK_STR(buf, "");
}

TEST(base_address_refuses_what_is_none)
{
    static const char *const texts[] = {
        "",
        "10",
        "10.0.0",
        "10.0.0.256",
        "10.0.0.1.",
        "10.0.0.1.2",
        "010.0.0.1",
        "10.0.0.01",
        " 10.0.0.1",
        "10.0.0.1 ",
        "10.0.0.-1",
        "10.0.0.1/32",
        "10.0.0.1%eth0",
        "10.0.0.1:80",
        "a.b.c.d",
        ":",
        ":::",
        "1:",
        ":1",
        "1::2::3",
        "::1::",
        "12345::",
        "g::",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8",
        "1:2:3:4:5:6:7:",
        "[::1]",
        "::1%",
        "::1%a%b",
        "::1.2.3",
        "::1.2.3.4.5",
        "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1.2.3.4::",
        "::1/64",
        "localhost",
    };
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct base_address a = {.bits = 7};
        if (base_address_parse(texts[i], &a) || a.bits != 7)
            check_fail(__FILE__, __LINE__, "'%s' became an address", texts[i]);
    }
}

TEST(base_address_mapped_ipv6_is_ipv4)
{
    struct base_address a = address("::ffff:10.0.0.7"), b = address("::FFFF:a00:7");
    struct base_address v4 = address("10.0.0.7"), v6 = address("::10.0.0.7");
    CHECK(base_address_equal(&a, &v4) && base_address_equal(&b, &v4));
    CHECK(!base_address_equal(&v6, &v4)); // "compatible", not mapped
    const uint8_t bytes[16] = {[10] = 0xff, 0xff, 10, 0, 0, 7};
    a = base_address_of(bytes, 128);
    CHECK(base_address_equal(&a, &v4));
    a = base_address_of(bytes + 12, 32);
    CHECK(base_address_equal(&a, &v4));
}

TEST(base_address_a_zone_is_ignored)
{
    struct base_address a = address("fe80::1%eth0"), b = address("fe80::1");
    CHECK(base_address_equal(&a, &b));
    CHECK(contains("fe80::%wlan0/10", "fe80::1%2"));
}

TEST(base_address_equal_in_family_and_every_byte)
{
    struct base_address a = address("10.0.0.7"), b = address("10.0.0.8"), c = address("a00:7::");
    CHECK(base_address_equal(&a, &a) && base_address_equal(&c, &c));
    CHECK(!base_address_equal(&a, &b) && !base_address_equal(&a, &c));
}

TEST(base_address_loopback)
{
    static const char *const own[] = {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"};
    static const char *const others[] = {
        "128.0.0.1", "10.0.0.7", "::", "::2", "7f00::1", "fe80::1"};
    for (unsigned i = 0; i < sizeof own / sizeof own[0]; i++) {
        struct base_address a = address(own[i]);
        CHECK(base_address_is_loopback(&a));
    }
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct base_address a = address(others[i]);
        CHECK(!base_address_is_loopback(&a));
    }
    CHECK(!base_address_is_loopback(&(struct base_address){.bytes = {127}}));
}

static void check_peer_text(const char *from, uint16_t port, const char *want)
{
    char buf[BASE_PEER_TEXT_SIZE];
    struct base_text t;
    base_text_init(&t, buf, sizeof buf);
    base_peer_text(&(struct base_peer){address(from), port}, &t);
    CHECK_STR(buf, want);
    CHECK(!t.cut);
}

TEST(base_peer_text_has_the_port)
{
    check_peer_text("127.0.0.1", 5123, "127.0.0.1:5123");
    check_peer_text("::ffff:10.0.0.7", 1, "10.0.0.7:1");
    check_peer_text("1111:2222:3333:4444:5555:6666:7777:8888", 65535,
                    "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
    char buf[4];
    struct base_text t;
    base_text_init(&t, buf, sizeof buf);
    base_peer_text(&(struct base_peer){.port = 5}, &t);
    CHECK_STR(buf, "");
}

// --- blocks --------------------------------------------------------------------------------------

TEST(base_block_text)
{
    check_block_text("10.0.0.0/28", "10.0.0.0/28");
    check_block_text("10.0.0.7", "10.0.0.7");
    check_block_text("10.0.0.7/32", "10.0.0.7");
    check_block_text("10.0.0.23/28", "10.0.0.16/28"); // what is behind the prefix goes
    check_block_text("255.255.255.255/0", "0.0.0.0/0");
    check_block_text("2001:db8::/32", "2001:db8::/32");
    check_block_text("2001:db8:ffff::1/33", "2001:db8:8000::/33");
    check_block_text("::/0", "::/0");
    check_block_text("::ffff:10.0.0.0/104", "10.0.0.0/8");
    check_block_text("::ffff:0:0/96", "0.0.0.0/0");
    check_block_text("1111:2222:3333:4444:5555:6666:7777:8888/127",
                     "1111:2222:3333:4444:5555:6666:7777:8888/127");
}

TEST(base_block_begins_at_its_first_address)
{
    CHECK(base_block_begins("10.0.0.16/28") && base_block_begins("10.0.0.7"));
    CHECK(base_block_begins("0.0.0.0/0") && base_block_begins("::ffff:10.0.0.0/104"));
    CHECK(base_block_begins("fe80::%eth0/64"));
    CHECK(!base_block_begins("10.0.0.17/28") && !base_block_begins("fe80::1/64"));
    CHECK(!base_block_begins("::ffff:10.0.0.1/104") && !base_block_begins("10.0.0.0/33"));
}

TEST(base_block_refuses_what_is_none)
{
    static const char *const texts[] = {"",
                                        "/8",
                                        "10.0.0.0/",
                                        "10.0.0.0/33",
                                        "10.0.0.0/-1",
                                        "10.0.0.0/8x",
                                        "10.0.0.0/8/8",
                                        "10.0.0/8",
                                        "10.0.0.0/255.0.0.0",
                                        "::/129",
                                        "::/",
                                        "::/4294967296",
                                        "any",
                                        "10.0.0.1-10.0.0.9"};
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct base_block b = {.prefix = 7};
        if (base_block_parse(texts[i], &b) || b.prefix != 7)
            check_fail(__FILE__, __LINE__, "'%s' became a block", texts[i]);
    }
}

TEST(base_block_contains_up_to_its_edges)
{
    CHECK(contains("10.0.0.16/28", "10.0.0.16") && contains("10.0.0.16/28", "10.0.0.31"));
    CHECK(!contains("10.0.0.16/28", "10.0.0.15") && !contains("10.0.0.16/28", "10.0.0.32"));
    CHECK(contains("10.0.0.7", "10.0.0.7") && !contains("10.0.0.7", "10.0.0.6"));
    CHECK(contains("10.0.0.6/31", "10.0.0.7") && !contains("10.0.0.6/31", "10.0.0.8"));
    CHECK(contains("128.0.0.0/1", "255.1.1.1") && !contains("128.0.0.0/1", "127.1.1.1"));
    CHECK(contains("2001:db8::/33", "2001:db8:7fff:ffff::1"));
    CHECK(!contains("2001:db8::/33", "2001:db8:8000::"));
    CHECK(contains("2001:db8::1", "2001:db8::1") && !contains("2001:db8::1", "2001:db8::"));
}

// Each bit of the address behind the prefix is free, each in it is not.
TEST(base_block_contains_every_prefix)
{
    const struct base_address one = address("2001:db8:aaaa:5555:1234:5678:9abc:def0");
    for (unsigned prefix = 0; prefix <= 128; prefix++) {
        struct base_block b = {.first = one, .prefix = (uint8_t)prefix};
        for (unsigned bit = 0; bit < 128; bit++) {
            struct base_address a = one;
            a.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            CHECK_EQ(base_block_contains(&b, &a), bit >= prefix);
        }
    }
}

TEST(base_block_of_one_family_has_none_of_the_other)
{
    CHECK(contains("0.0.0.0/0", "1.2.3.4") && !contains("0.0.0.0/0", "::1"));
    CHECK(contains("::/0", "2001:db8::1") && !contains("::/0", "1.2.3.4"));
    CHECK(contains("10.0.0.0/8", "::ffff:10.0.0.7") && contains("::ffff:10.0.0.0/104", "10.9.9.9"));
    CHECK(!contains("::/0", "::ffff:10.0.0.7"));
    const struct base_block all = block("0.0.0.0/0");
    CHECK(!base_block_contains(&all, &(struct base_address){.bits = 0}));
}
