// SPDX-License-Identifier: Apache-2.0
// Random stories (tests/support/stories.h) on libusb: all controllers' ways to move bulk, and
// little memory. ./dev test --long plays ten times as many.
#include "tests/support/stories.h"
#include "tests/usbfs/usbfs_rig.h"

#include <linux/usbdevice_fs.h>
#include <stdlib.h>

enum { STORIES = 1000, STORIES_PER_WORLD = 250 };

static void begin(struct usbfs_rig *u, uint32_t mood)
{
    usbfs_rig_begin(u);
    if (mood & 1) {
        u->host.kernel.capabilities &= ~(uint32_t)USBDEVFS_CAP_BULK_SCATTER_GATHER;
        u->host.kernel.capabilities |= USBDEVFS_CAP_BULK_CONTINUATION;
    }
    if (mood & 2)
        u->host.kernel.memory_limit = 64 << 10;
    stories_begin(&u->r);
}

TEST(usbfs_random_stories)
{
    static struct usbfs_rig u;
    struct stories_totals totals = {0};
    const char *is_long = getenv("USBIP_TEST_LONG");
    uint32_t stories = is_long && *is_long ? 10 * STORIES : STORIES;
    for (uint32_t seed = 1; seed <= stories; seed++) {
        if (seed % STORIES_PER_WORLD == 1)
            begin(&u, seed / STORIES_PER_WORLD);
        stories_play(&u.r, seed, &totals);
        if (seed % STORIES_PER_WORLD == 0 || seed == stories)
            usbfs_rig_end(&u);
    }
    stories_check(&totals, stories);
}
