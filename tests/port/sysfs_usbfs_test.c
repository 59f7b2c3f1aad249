// SPDX-License-Identifier: Apache-2.0
// The kernel's memory for transfers, and what comes of it.
#include "ports/linux/server_settings.h"
#include "ports/linux/sysfs_usbfs.h"
#include "tests/support/check.h"
#include "tests/support/sysfs_tree.h"

static void begin(struct sysfs_tree *t)
{
    sysfs_tree_make(t);
}

#define USBFS_TEST(id) TEST_WITH(id, struct sysfs_tree, t, begin(t), sysfs_tree_remove(t))

enum { MIB = 1 << 20 };

USBFS_TEST(usbfs_memory_is_read)
{
    static const char parameter[] = "/sys/module/usbcore/parameters/usbfs_memory_mb";
    CHECK(sysfs_usbfs_bytes(t->root) == UINT64_MAX); // no such module
    sysfs_tree_put(t, parameter, "16\n");
    CHECK_EQ(sysfs_usbfs_bytes(t->root), 16 * MIB);
    sysfs_tree_put(t, parameter, "0\n"); // no limit
    CHECK(sysfs_usbfs_bytes(t->root) == UINT64_MAX);
    sysfs_tree_put(t, parameter, "much\n");
    CHECK(sysfs_usbfs_bytes(t->root) == UINT64_MAX);
}

static void check_fit(uint64_t bytes, uint64_t total, uint64_t session)
{
    struct server_config c;
    const char *why = "";
    server_config_default(&c);
    CHECK_EQ(server_settings_fit(&c, bytes), total < 256 * MIB);
    CHECK_EQ(c.total_budget_bytes, total);
    CHECK_EQ(c.session.budget_bytes, session);
    CHECK_EQ(server_config_check(&c, &why), BASE_OK);
}

// A sixteenth stays for what the kernel adds to each transfer, and for others.
USBFS_TEST(usbfs_memory_limits_the_budget)
{
    (void)t;
    check_fit(UINT64_MAX, 256 * MIB, 16 * MIB);
    check_fit(UINT64_C(1024) * MIB, 256 * MIB, 16 * MIB);
    check_fit(64 * MIB, 60 * MIB, 16 * MIB);
    check_fit(16 * MIB, 15 * MIB, 15 * MIB);
    check_fit(1 * MIB, 1 * MIB, 1 * MIB); // what one session needs at least
}
