// SPDX-License-Identifier: Apache-2.0
// A file system that does not answer: who uses that disk waits, and nobody else.
#include "ports/linux/sim_file.h"
#include "ports/posix/posix_time.h"
#include "sim/set/sim_set.h"
#include "tests/port/file_calls.h"
#include "tests/port/port_rig.h"
#include "tests/support/tcp_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 512, IMAGE_SIZE = 65536, SHORT_US = 10000, LONG_US = 3600000000 };

// A server with a disk in 1-1 whose image is a file of ours, and Gadget Zero in 1-3.
struct hang {
    struct port_rig rig;
    struct sim_file_port port;
    struct posix_watch watch;
    char path[64];
    struct usbip_client disk;
};

static void ready(void *ctx, short revents)
{
    (void)revents;
    file_threads_tell(ctx);
}

static void make_image(struct hang *h)
{
    uint8_t block[BLOCK];
    strcpy(h->path, P_tmpdir "/usbip-hang-XXXXXX");
    int fd = mkstemp(h->path);
    CHECK(fd >= 0);
    memset(block, 0x5a, sizeof block);
    for (unsigned i = 0; i < IMAGE_SIZE / BLOCK; i++)
        CHECK_EQ(write(fd, block, sizeof block), BLOCK);
    close(fd);
}

static void command(struct hang *h, const uint8_t cbw[31])
{
    usbip_client_submit(&h->disk, 2, false, cbw, 31);
    CHECK_EQ(usbip_client_reply(&h->disk, false, NULL, 0).u.ret_submit.status, 0);
}

static void attach_disk(struct hang *h)
{
    static const uint8_t request_sense[31] = {
        'U', 'S', 'B', 'C', [8] = 18, [12] = 0x80, [14] = 6, 3, [19] = 18};
    uint8_t data[18];
    port_rig_attach(&h->rig, &h->disk, "1-1", 1);
    command(h, request_sense); // takes the unit attention
    usbip_client_read(&h->disk, 1, data, 18);
    usbip_client_read(&h->disk, 1, data, 13);
}

static void hang_begin(struct hang *h)
{
    const struct sim_files files = {.open_image = sim_file_image, .ctx = &h->port};
    char sim[80], why[160];
    memset(h, 0, sizeof *h);
    make_image(h);
    port_rig_init(&h->rig);
    port_rig_prepare(&h->rig);
    h->port = (struct sim_file_port){file_threads_create(LONG_US, LONG_US),
                                     server_eventlog(h->rig.server)};
    snprintf(sim, sizeof sim, "disk:file=%s", h->path);
    CHECK_EQ(sim_set_plug(h->rig.bus, sim, &files, why, sizeof why), BASE_OK);
    h->watch = (struct posix_watch){
        .fd = file_threads_fd(h->port.threads),
        .events = POLLIN,
        .ready = ready,
        .ctx = h->port.threads,
    };
    CHECK(posix_loop_watch(h->rig.loop, &h->watch));
    port_rig_run(&h->rig);
    attach_disk(h);
    file_calls_hang(true);
}

static void check_others_are_served(struct hang *h)
{
    struct usbip_client zero;
    port_rig_attach(&h->rig, &zero, "1-3", 2);
    usbip_client_echo(&zero, 1, 64);
    close(zero.fd);
    CHECK(port_rig_await_sessions(&h->rig, 1)); // the disk's
    int fd = port_rig_connect(&h->rig);
    CHECK_EQ(usbip_client_devlist(fd), 1);
    close(fd);
}

static const uint8_t read_one[31] = {
    'U', 'S', 'B', 'C', [9] = 2, [12] = 0x80, [14] = 10, 0x28, [20] = 8, [23] = 1};
static const uint8_t write_one[31] = {
    'U', 'S', 'B', 'C', [9] = 2, [14] = 10, 0x2a, [20] = 8, [23] = 1};

TEST(sim_file_that_hangs_stops_nobody_else)
{
    struct hang hang, *h = &hang;
    uint8_t data[BLOCK] = {0};
    hang_begin(h);
    command(h, read_one);
    usbip_client_submit(&h->disk, 1, true, NULL, sizeof data);
    file_calls_await_hanging(1);
    check_others_are_served(h);
    file_calls_hang(false); // it answers, after all
    CHECK_EQ(usbip_client_reply(&h->disk, true, data, sizeof data).u.ret_submit.status, 0);
    CHECK_EQ(data[0] + data[BLOCK - 1], 2 * 0x5a);
    close(h->disk.fd);
    port_rig_end(&h->rig);
    CHECK(file_threads_end(h->port.threads, UINT64_MAX));
    CHECK_EQ(unlink(h->path), 0);
}

// Its client goes and comes again, the server ends: all without waiting for the file.
TEST(sim_file_that_hangs_is_left_behind)
{
    struct hang hang, *h = &hang;
    uint8_t data[BLOCK] = {0};
    hang_begin(h);
    command(h, write_one);
    usbip_client_submit(&h->disk, 2, false, data, sizeof data);
    CHECK_EQ(usbip_client_reply(&h->disk, false, NULL, 0).u.ret_submit.status, 0);
    usbip_client_submit(&h->disk, 1, true, NULL, 13); // the status, which does not come
    file_calls_await_hanging(1);
    close(h->disk.fd);
    CHECK(port_rig_await_sessions(&h->rig, 0));
    attach_disk(h);
    command(h, read_one);
    usbip_client_submit(&h->disk, 1, true, NULL, sizeof data);
    check_others_are_served(h);
    close(h->disk.fd);
    port_rig_end(&h->rig);
    CHECK(!file_threads_end(h->port.threads, posix_now_us() + SHORT_US));
    file_calls_hang(false);
    CHECK(file_threads_end(h->port.threads, UINT64_MAX));
    CHECK_EQ(unlink(h->path), 0);
}
