// SPDX-License-Identifier: Apache-2.0
// The real usbip-server as a child process: files behind its devices.
#include "tests/port/program_rig.h"
#include "tests/port/settings_folder.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

// Somebody makes the image of an imported disk shorter, and the client reads it.
TEST(program_tells_what_is_wrong_with_an_image)
{
    static const uint8_t request_sense[31] = {
        'U', 'S', 'B', 'C', [8] = 18, [12] = 0x80, [14] = 6, 3, [19] = 18};
    static const uint8_t read_10[31] = {
        'U', 'S', 'B', 'C', [9] = 2, [12] = 0x80, [14] = 10, 0x28, [23] = 1};
    char path[] = P_tmpdir "/usbip-image-XXXXXX", sim[64], want[128];
    uint8_t data[512];
    struct usbip_client c;
    int image = mkstemp(path);
    CHECK(image >= 0 && ftruncate(image, 65536) == 0);
    snprintf(sim, sizeof sim, "disk:file=%s", path);
    struct running *r = STARTED("--sim", sim);
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-1"), WIRE_ST_OK);
    CHECK_EQ(ftruncate(image, 0), 0);
    usbip_client_submit(&c, 2, false, request_sense, sizeof request_sense);
    usbip_client_reply(&c, false, NULL, 0);
    usbip_client_read(&c, 1, data, 18);
    usbip_client_read(&c, 1, data, 13);
    usbip_client_submit(&c, 2, false, read_10, sizeof read_10);
    usbip_client_reply(&c, false, NULL, 0);
    usbip_client_submit(&c, 1, true, NULL, sizeof data);
    CHECK_EQ(usbip_client_reply(&c, true, data, sizeof data).u.ret_submit.status, USB_STATUS_STALL);
    snprintf(want, sizeof want, "%s cannot be read: it is shorter than it was", path);
    child_await_log(&r->child, want);
    close(c.fd);
    close(image);
    CHECK_EQ(unlink(path), 0);
    program_end(r);
}

// A SCSI command to the disk, with `size` bytes of zeros. Returns its status.
static uint8_t command(struct usbip_client *c, uint8_t operation, uint8_t blocks, uint16_t size)
{
    enum { IN = 1, OUT = 2, STATUS = 12 };
    static const uint8_t zeros[512];
    uint8_t csw[13], cbw[31] = "USBC";
    base_put_le16(cbw + 8, size);
    cbw[14] = 10;
    cbw[15] = operation;
    cbw[23] = blocks;
    usbip_client_submit(c, OUT, false, cbw, sizeof cbw);
    CHECK_EQ(usbip_client_reply(c, false, NULL, 0).u.ret_submit.actual_length, sizeof cbw);
    if (size > 0) {
        usbip_client_submit(c, OUT, false, zeros, size);
        (void)usbip_client_reply(c, false, NULL, 0); // halted if the command fails
    }
    usbip_client_read(c, IN, csw, sizeof csw);
    return csw[STATUS];
}

// A file that may not grow (ulimit -f) is for the client what a full disk is.
TEST(program_survives_the_limit_of_a_file)
{
    enum { TEST_UNIT_READY = 0, WRITE_10 = 0x2a, BLOCK = 512 };
    static const char block[BLOCK];
    const struct rlimit none = {0};
    char sim[512];
    struct settings_folder f;
    struct usbip_client c;
    settings_folder_make(&f);
    settings_folder_put(&f, "image", block, sizeof block);
    snprintf(sim, sizeof sim, "disk:file=%s", settings_folder_file(&f, "image"));
    struct running *r = STARTED("--sim", sim);
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-1"), WIRE_ST_OK);
    usbip_client_configure(&c, 1);
    (void)command(&c, TEST_UNIT_READY, 0, 0); // there may be a unit attention
    CHECK_EQ(command(&c, WRITE_10, 1, BLOCK), 0);
    CHECK_EQ(prlimit(r->child.pid, RLIMIT_FSIZE, &none, NULL), 0);
    CHECK_EQ(command(&c, WRITE_10, 1, BLOCK), 1);
    close(c.fd);
    program_end(r);
    settings_folder_remove(&f);
}

// --- a file system that does not answer ----------------------------------------------------------

struct hung {
    struct settings_folder f;
    char sim[512];
    struct child_start_with with;
};

static void hung_begin(struct hung *h, enum hanging_calls which)
{
    static const char image[65536];
    if (!hanging_calls_possible())
        check_skip("seccomp notifications are not to be had here");
    settings_folder_make(&h->f);
    settings_folder_put(&h->f, "image", image, sizeof image);
    snprintf(h->sim, sizeof h->sim, "zero,disk:file=%s", settings_folder_file(&h->f, "image"));
    h->with = (struct child_start_with){.hanging = which};
}

static unsigned threads_of(int pid)
{
    char path[40];
    unsigned count = 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *d = opendir(path);
    CHECK(d);
    for (struct dirent *e; (e = readdir(d));)
        count += e->d_name[0] != '.';
    closedir(d);
    return count;
}

TEST(program_ends_on_sigterm_while_it_opens_an_image)
{
    enum { THREADS = 4 }; // main, the two of its output, and the image's
    struct hung h;
    struct child *c = calloc(1, sizeof *c);
    hung_begin(&h, HANGING_OPEN);
    c->with = h.with;
    CHILD_START(c, LOCAL, "--sim", h.sim);
    for (unsigned ms = 0; threads_of(c->pid) < THREADS; ms++) {
        CHECK(ms < TCP_CLIENT_MS);
        poll(NULL, 0, 1);
    }
    CHECK_EQ(kill(c->pid, SIGTERM), 0);
    CHECK_EQ(child_wait(c), 128 + SIGTERM);
    settings_folder_remove(&h.f);
    free(c);
}

static struct usbip_client read_that_hangs(struct running *r)
{
    enum { IN = 1, OUT = 2, BLOCK = 512 };
    static const uint8_t read_10[31] = {
        'U', 'S', 'B', 'C', [9] = 2, [12] = 0x80, [14] = 10, 0x28, [23] = 1};
    struct usbip_client c;
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-1"), WIRE_ST_OK);
    usbip_client_configure(&c, 1);
    (void)command(&c, 0, 0, 0); // there may be a unit attention
    usbip_client_submit(&c, OUT, false, read_10, sizeof read_10);
    (void)usbip_client_reply(&c, false, NULL, 0);
    usbip_client_submit(&c, IN, true, NULL, BLOCK);
    return c;
}

// It says so, serves the others, and ends when it shall.
TEST(program_serves_on_with_an_image_that_does_not_answer)
{
    struct hung h;
    hung_begin(&h, HANGING_READ);
    struct running *r = STARTED_WITH(&h.with, "--sim", h.sim);
    struct usbip_client c = read_that_hangs(r);
    const char *log = child_await_log(&r->child, "/image does not answer, its device waits for it");
    CHECK(strstr(log, " warning ") != NULL);
    int fd = program_connect(r->port);
    CHECK_EQ(usbip_client_devlist(fd), 1);
    close(fd);
    close(c.fd);
    program_end(r);
    settings_folder_remove(&h.f);
}

// Also when the loop is gone and only the file is still waited for.
TEST(program_takes_signals_to_its_end)
{
    struct hung h;
    siginfo_t ended = {0};
    hung_begin(&h, HANGING_READ);
    struct running *r = STARTED_WITH(&h.with, "--sim", h.sim);
    struct usbip_client c = read_that_hangs(r);
    close(c.fd);
    CHECK_EQ(kill(r->child.pid, SIGTERM), 0);
    while (ended.si_pid == 0) {
        CHECK_EQ(kill(r->child.pid, SIGHUP), 0);
        poll(NULL, 0, 1);
        CHECK_EQ(waitid(P_PID, (id_t)r->child.pid, &ended, WEXITED | WNOHANG | WNOWAIT), 0);
    }
    CHECK_EQ(child_wait(&r->child), 0);
    settings_folder_remove(&h.f);
    free(r);
}
