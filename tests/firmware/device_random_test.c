// SPDX-License-Identifier: Apache-2.0
// 10,000 random stories (tests/support/stories.h) on the chip's backend.
#include "tests/firmware/device_world.h"
#include "tests/support/stories.h"

enum { STORIES = 10000, STORIES_PER_WORLD = 250 };

// The library's moods by turns.
static void begin(struct world *w, uint32_t mood)
{
    world_prepare(w);
    w->library.errors_before_gone = (mood & 1) != 0;
    w->library.control_refused_after_error = (mood & 2) != 0;
    world_start(w);
    stories_begin(&w->rig);
}

TEST(device_random_stories)
{
    struct world w;
    struct stories_totals totals = {0};
    for (uint32_t seed = 1; seed <= STORIES; seed++) {
        if (seed % STORIES_PER_WORLD == 1)
            begin(&w, seed / STORIES_PER_WORLD);
        stories_play(&w.rig, seed, &totals);
        if (seed % STORIES_PER_WORLD == 0)
            world_end(&w);
    }
    stories_check(&totals, STORIES);
}
