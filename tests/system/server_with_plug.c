// SPDX-License-Identifier: Apache-2.0
// For tests: usbip-server, whole, whose simulated devices a test can pull and put back. Commands on
// standard input, one a line: "unplug BUSID", "replug BUSID", "pattern BUSID" (a zero device's data
// is no longer zeroes but counts, so that a byte in the wrong place shows). The linker hands two
// calls of the product's program_*.c to the __wrap_ functions here (--wrap), which is how this file
// comes to bus and loop; the product itself has no such commands.
#include "ports/posix/posix_loop.h"
#include "sim/bus/sim_bus.h"
#include "sim/device/sim_zero.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct sim_bus *bus;
static struct posix_loop *loop;

enum { LINE_SIZE = 80 };

static enum base_err count(const char *busid)
{
    struct sim_device *zero = sim_find(bus, busid);
    if (!zero)
        return BASE_ERR_NOT_FOUND;
    sim_zero_set_pattern(zero, 1);
    return BASE_OK;
}

// Loop thread.
static void carry_out(void *arg)
{
    char *line = arg, *busid = strchr(line, ' ');
    enum base_err e = BASE_ERR_INVALID;
    line[strcspn(line, "\n")] = '\0';
    if (busid && strncmp(line, "unplug ", 7) == 0)
        e = sim_unplug(bus, busid + 1);
    if (busid && strncmp(line, "replug ", 7) == 0)
        e = sim_replug(bus, busid + 1);
    if (busid && strncmp(line, "pattern ", 8) == 0)
        e = count(busid + 1);
    fprintf(stderr, "%s: %s\n", line, e == BASE_OK ? "done" : "failed");
}

static void *read_commands(void *unused)
{
    (void)unused;
    char line[LINE_SIZE];
    while (fgets(line, sizeof line, stdin))
        posix_loop_call(loop, carry_out, line);
    return NULL;
}

struct sim_bus *__real_sim_bus_create(const struct base_alloc *alloc, uint8_t busnum);
struct sim_bus *__wrap_sim_bus_create(const struct base_alloc *alloc, uint8_t busnum);
struct posix_loop *__real_posix_loop_create(struct usbip_server *server,
                                            const struct posix_loop_config *config, char *why,
                                            size_t why_size);
struct posix_loop *__wrap_posix_loop_create(struct usbip_server *server,
                                            const struct posix_loop_config *config, char *why,
                                            size_t why_size);

struct sim_bus *__wrap_sim_bus_create(const struct base_alloc *alloc, uint8_t busnum)
{
    bus = __real_sim_bus_create(alloc, busnum);
    return bus;
}

struct posix_loop *__wrap_posix_loop_create(struct usbip_server *server,
                                            const struct posix_loop_config *config, char *why,
                                            size_t why_size)
{
    pthread_t thread;
    loop = __real_posix_loop_create(server, config, why, why_size);
    if (loop && pthread_create(&thread, NULL, read_commands, NULL) == 0)
        pthread_detach(thread);
    return loop;
}
