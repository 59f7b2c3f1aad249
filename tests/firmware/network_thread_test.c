// SPDX-License-Identifier: Apache-2.0
// components/network with the threads that it has on the chip: its own task, the driver's receive
// task, the event loop, and others that ask and leave word.
#include "network.h"
#include "tests/firmware/idf_double.h"
#include "tests/firmware/network_double.h"
#include "tests/support/check.h"

#include <pthread.h>

enum { FRAMES = 2000 };

static struct settings settings = {.host_name = "box"};
static struct network *n;

static void *run(void *arg)
{
    network_run(arg);
    return NULL;
}

static void *receive(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < FRAMES; i++)
        network_double_receive();
    return NULL;
}

static struct network_state wait_until_installed(void)
{
    struct network_state state;
    do
        network_state(n, &state);
    while (!state.installed);
    return state;
}

TEST(network_threads_get_along)
{
    static const struct network_config config = {.version = "1", .usbip_port = 3240};
    struct network_state state;
    pthread_t task, driver;
    const char *why;
    network_double_reset();
    n = network_create(&config, &settings, &why);
    CHECK(n);
    CHECK_EQ(pthread_create(&task, NULL, run, n), 0);
    wait_until_installed();
    CHECK_EQ(pthread_create(&driver, NULL, receive, NULL), 0);
    network_double_link(true);
    network_double_pump();
    for (unsigned i = 0; i < 100; i++) {
        settings.host_name[0] = (char)('a' + i % 26);
        network_settings(n, &settings);
        network_devices(n, i);
    }
    pthread_join(driver, NULL);
    do
        network_state(n, &state);
    while (!state.link_up || state.frames != FRAMES || state.host_name[0] != 'a' + 99 % 26);
    network_stop(n);
    pthread_join(task, NULL);
    CHECK_EQ(idf_double_watched_tasks(), 0);
    CHECK(idf_double_watchdog_resets() > 0);
    network_destroy(n);
}
