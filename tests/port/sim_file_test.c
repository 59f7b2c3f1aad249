// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sim_file.h"
#include "ports/posix/posix_time.h"
#include "tests/port/file_calls.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHORT_US = 10000, LONG_US = 10000000 };
enum { BLOCK = 512, TWO = 2 * BLOCK, LAST = 3 * BLOCK, FOUR = 4 * BLOCK };

// A folder of our own, with one file.
struct place {
    char folder[64], path[80];
    char why[200];
    unsigned open_files; // of the process, before
    struct sim_file_port port;
    uint64_t told; // number of the last event that was looked at
};

static unsigned open_files(void)
{
    unsigned n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void place_begin(struct place *f)
{
    *f = (struct place){.folder = P_tmpdir "/usbip-file-XXXXXX", .open_files = open_files()};
    f->port.log = eventlog_create(&heap, 16);
    f->port.threads = file_threads_create(LONG_US, LONG_US);
    CHECK(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/it", f->folder);
}

static void place_end(struct place *f)
{
    CHECK(file_threads_end(f->port.threads, UINT64_MAX));
    (void)unlink(f->path);
    (void)rmdir(f->folder);
    CHECK_EQ(access(f->folder, F_OK), -1);
    CHECK_EQ(open_files(), f->open_files);
    CHECK(eventlog_next(f->port.log, f->told) == NULL); // a test has asked for all that was told
    eventlog_destroy(f->port.log);
}

// The next event of the file, and its words behind the name.
static void check_event(struct place *f, const char *words)
{
    char want[160], have[160];
    const struct eventlog_event *e = eventlog_next(f->port.log, f->told);
    CHECK(e);
    f->told = e->number;
    snprintf(want, sizeof want, "%s %s", f->path, words);
    eventlog_text(e, have, sizeof have);
    CHECK_STR(have, want);
}

static void check_told(struct place *f, const char *words)
{
    char all[80];
    snprintf(all, sizeof all, "cannot be %s", words);
    check_event(f, all);
}

static void check_why(const struct place *f, const char *what, const char *reason)
{
    char want[sizeof f->why];
    snprintf(want, sizeof want, "cannot %s %s: %s", what, f->path, reason);
    CHECK_STR(f->why, want);
}

static void threads_anew(struct place *f, uint64_t open_us, uint64_t answer_us)
{
    CHECK(file_threads_end(f->port.threads, UINT64_MAX));
    f->port.threads = file_threads_create(open_us, answer_us);
}

// What was closed is closed by its thread: waits for that.
static void await_closed(struct place *f)
{
    threads_anew(f, LONG_US, LONG_US);
}

// Waits until the thread of a file is done with something.
static void await_job(struct place *f)
{
    struct pollfd p = {.fd = file_threads_fd(f->port.threads), .events = POLLIN};
    CHECK_EQ(poll(&p, 1, 10000), 1);
    file_threads_tell(f->port.threads);
}

// --- images --------------------------------------------------------------------------------------

static void image_begin(struct place *f, off_t size)
{
    place_begin(f);
    int fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(ftruncate(fd, size), 0);
    close(fd);
}

static enum base_err image_open(struct place *f, bool read_only, struct sim_storage *s)
{
    strcpy(f->why, "?");
    return sim_file_image(&f->port, f->path, read_only, s, f->why, sizeof f->why);
}

// As a disk does it: asks again when something has happened.
static enum base_err image_read(struct place *f, struct sim_storage *s, uint64_t offset, void *buf,
                                size_t size)
{
    enum base_err err;
    while ((err = s->read(s->ctx, offset, buf, size)) == BASE_ERR_AGAIN)
        await_job(f);
    return err;
}

static enum base_err image_flush(struct place *f, struct sim_storage *s)
{
    enum base_err err;
    while ((err = s->flush(s->ctx)) == BASE_ERR_AGAIN)
        await_job(f);
    return err;
}

static enum base_err image_write(struct place *f, struct sim_storage *s, uint64_t offset,
                                 const void *buf, size_t size)
{
    enum base_err err;
    while ((err = s->write(s->ctx, offset, buf, size)) == BASE_ERR_AGAIN)
        await_job(f);
    while (err == BASE_OK && (err = s->slow->settle(s->ctx)) == BASE_ERR_AGAIN) {
        await_job(f);
        err = BASE_OK;
    }
    return err;
}

TEST(sim_file_image_keeps_what_is_written)
{
    struct place f;
    struct sim_storage s;
    struct stat st;
    uint8_t out[TWO], in[FOUR], zeros[BLOCK] = {0};
    image_begin(&f, FOUR + 100);
    CHECK_EQ(image_open(&f, false, &s), BASE_OK);
    CHECK_EQ(s.size_bytes, FOUR); // whole blocks
    CHECK(!s.read_only);
    memset(out, 0x3c, sizeof out);
    CHECK_EQ(image_write(&f, &s, BLOCK, out, sizeof out), BASE_OK);
    CHECK_EQ(image_flush(&f, &s), BASE_OK);
    s.destroy(s.ctx);
    await_closed(&f);

    CHECK_EQ(image_open(&f, true, &s), BASE_OK);
    CHECK(s.read_only);
    CHECK_EQ(image_read(&f, &s, 0, in, sizeof in), BASE_OK);
    CHECK_BYTES(in, zeros, BLOCK);
    CHECK_BYTES(in + BLOCK, out, sizeof out);
    CHECK_BYTES(in + LAST, zeros, BLOCK);
    s.destroy(s.ctx);
    CHECK_EQ(stat(f.path, &st), 0);
    CHECK_EQ(st.st_size, FOUR + 100);
    place_end(&f);
}

TEST(sim_file_image_larger_than_4_gib)
{
    struct place f;
    struct sim_storage s;
    uint8_t out[BLOCK], in[BLOCK];
    uint64_t last = 6ull << 30;
    image_begin(&f, (off_t)(last + BLOCK)); // sparse
    CHECK_EQ(image_open(&f, false, &s), BASE_OK);
    CHECK_EQ(s.size_bytes, last + BLOCK);
    memset(out, 0x71, sizeof out);
    CHECK_EQ(image_write(&f, &s, last, out, sizeof out), BASE_OK);
    CHECK_EQ(image_read(&f, &s, last, in, sizeof in), BASE_OK);
    CHECK_BYTES(in, out, sizeof in);
    CHECK_EQ(image_read(&f, &s, last - (4ull << 30), in, sizeof in), BASE_OK);
    CHECK_EQ(in[0], 0);
    s.destroy(s.ctx);
    place_end(&f);
}

TEST(sim_file_image_errors_come_back)
{
    struct place f;
    struct sim_storage s;
    uint8_t data[TWO] = {0};
    image_begin(&f, FOUR);
    CHECK_EQ(image_open(&f, true, &s), BASE_OK);
    CHECK_EQ(image_write(&f, &s, 0, data, BLOCK), BASE_ERR_IO); // not open for that
    CHECK_EQ(truncate(f.path, BLOCK), 0);                       // somebody cuts the file
    CHECK_EQ(image_read(&f, &s, 0, data, BLOCK), BASE_OK);
    CHECK_EQ(image_read(&f, &s, 0, data, TWO), BASE_ERR_IO);
    CHECK_EQ(image_read(&f, &s, LAST, data, BLOCK), BASE_ERR_IO);
    s.destroy(s.ctx);
    check_told(&f, "written: input/output error");
    check_told(&f, "read: it is shorter than it was");
    place_end(&f);
}

TEST(sim_file_image_trouble_is_told_once)
{
    struct place f;
    struct sim_storage s;
    image_begin(&f, FOUR);
    CHECK_EQ(image_open(&f, false, &s), BASE_OK);
    for (unsigned i = 0; i < 3; i++) {
        file_calls_fail(0, ENOSPC); // the thread's fsync
        CHECK_EQ(image_flush(&f, &s), BASE_ERR_IO);
        CHECK_EQ(file_calls_end(), 1);
        CHECK_EQ(image_flush(&f, &s), BASE_OK);
    }
    check_told(&f, "flushed: no space is left on its disk");
    file_calls_fail(0, EIO);
    CHECK_EQ(image_flush(&f, &s), BASE_ERR_IO);
    CHECK_EQ(file_calls_end(), 1);
    check_told(&f, "flushed: input/output error"); // another kind
    s.destroy(s.ctx);
    place_end(&f);
}

// An event has room for the end of a long path, in ASCII.
TEST(sim_file_trouble_has_the_name)
{
    char path[128];
    struct place f;
    struct sim_storage s;
    image_begin(&f, FOUR);
    snprintf(path, sizeof path, "%s/in a folder with a name that is far, far too long \xc3\xa4.img",
             f.folder);
    CHECK_EQ(rename(f.path, path), 0);
    CHECK_EQ(sim_file_image(&f.port, path, false, &s, f.why, sizeof f.why), BASE_OK);
    CHECK_EQ(truncate(path, 0), 0);
    CHECK_EQ(image_read(&f, &s, 0, (uint8_t[BLOCK]){0}, BLOCK), BASE_ERR_IO);
    s.destroy(s.ctx);
    CHECK_EQ(unlink(path), 0);
    const struct eventlog_event *e = eventlog_next(f.port.log, f.told);
    CHECK(e);
    CHECK_STR(e->file, "... folder with a name that is far, far too long ??.img");
    f.told = e->number;
    place_end(&f);
}

TEST(sim_file_image_belongs_to_one_device)
{
    struct place f;
    struct sim_storage s, other;
    image_begin(&f, FOUR);
    CHECK_EQ(image_open(&f, false, &s), BASE_OK);
    CHECK_EQ(image_open(&f, false, &other), BASE_ERR_BUSY);
    check_why(&f, "use the image", "another device uses it");
    CHECK_EQ(image_open(&f, true, &other), BASE_ERR_BUSY);
    s.destroy(s.ctx);
    await_closed(&f);
    CHECK_EQ(image_open(&f, true, &s), BASE_OK); // several may read
    CHECK_EQ(image_open(&f, true, &other), BASE_OK);
    other.destroy(other.ctx);
    CHECK_EQ(image_open(&f, false, &other), BASE_ERR_BUSY);
    s.destroy(s.ctx);
    await_closed(&f);
    CHECK_EQ(image_open(&f, false, &s), BASE_OK);
    s.destroy(s.ctx);
    place_end(&f);
}

TEST(sim_file_image_refused)
{
    struct place f;
    struct sim_storage s;
    char why[24];
    image_begin(&f, BLOCK - 1);
    CHECK_EQ(image_open(&f, false, &s), BASE_ERR_INVALID);
    check_why(&f, "use the image", "it is smaller than one block of 512 bytes");

    CHECK_EQ(unlink(f.path), 0);
    CHECK_EQ(image_open(&f, false, &s), BASE_ERR_NOT_FOUND);
    check_why(&f, "use the image", "No such file or directory");
    CHECK_EQ(access(f.path, F_OK), -1); // it is not created

    CHECK_EQ(mkfifo(f.path, 0600), 0); // neither waits for a writer
    CHECK_EQ(image_open(&f, true, &s), BASE_ERR_INVALID);
    check_why(&f, "use the image", "it is not a regular file");
    CHECK_EQ(unlink(f.path), 0);

    CHECK_EQ(sim_file_image(&f.port, f.folder, true, &s, why, sizeof why), BASE_ERR_INVALID);
    CHECK_EQ(strlen(why), sizeof why - 1); // cut to fit
    place_end(&f);
}

// The system may move less than it was asked for.
TEST(sim_file_moves_all_in_the_end)
{
    struct place f;
    struct sim_storage s;
    uint8_t out[FOUR], in[FOUR] = {0};
    for (unsigned i = 0; i < FOUR; i++)
        out[i] = (uint8_t)(i * 7 + i / 256);
    image_begin(&f, FOUR);
    CHECK_EQ(image_open(&f, false, &s), BASE_OK);
    file_calls_shorten(100);
    CHECK_EQ(image_write(&f, &s, 0, out, sizeof out), BASE_OK);
    file_calls_shorten(SIZE_MAX);
    CHECK_EQ(image_read(&f, &s, 0, in, sizeof in), BASE_OK);
    CHECK_BYTES(in, out, sizeof out);
    memset(in, 0, sizeof in);
    file_calls_shorten(100);
    CHECK_EQ(image_read(&f, &s, BLOCK, in, LAST), BASE_OK);
    CHECK_BYTES(in, out + BLOCK, LAST);
    file_calls_shorten(SIZE_MAX);
    s.destroy(s.ctx);
    place_end(&f);
}

// --- files that do not answer --------------------------------------------------------------------

TEST(sim_file_that_hangs_when_it_is_opened_is_refused)
{
    struct place f;
    struct sim_storage s;
    image_begin(&f, FOUR);
    threads_anew(&f, SHORT_US, LONG_US);
    file_calls_hang(true);
    CHECK_EQ(image_open(&f, false, &s), BASE_ERR_IO);
    check_why(&f, "use the image", "it does not answer");
    CHECK(!file_threads_end(f.port.threads, 0));
    file_calls_hang(false); // opened at last, it is closed again
    place_end(&f);
}

TEST(sim_file_that_hangs_is_told_and_when_it_answers_again)
{
    struct place f;
    struct sim_storage s;
    uint8_t data[BLOCK];
    image_begin(&f, FOUR);
    threads_anew(&f, LONG_US, SHORT_US);
    CHECK_EQ(image_open(&f, false, &s), BASE_OK);
    for (unsigned i = 0; i < 2; i++) { // each time it happens
        file_calls_hang(true);
        CHECK_EQ(s.read(s.ctx, 0, data, BLOCK), BASE_ERR_AGAIN);
        await_job(&f);
        check_event(&f, "does not answer, its device waits for it");
        CHECK_EQ(s.read(s.ctx, 0, data, BLOCK), BASE_ERR_AGAIN);
        file_calls_hang(false);
        await_job(&f);
        check_event(&f, "answers again after 0 s");
        CHECK_EQ(s.read(s.ctx, 0, data, BLOCK), BASE_OK);
    }
    s.destroy(s.ctx);
    place_end(&f);
}

// The one that was busy first is told first, the other one in its own time.
TEST(sim_file_each_that_hangs_is_told)
{
    struct place f;
    struct sim_storage s, other;
    uint8_t data[BLOCK];
    image_begin(&f, FOUR);
    threads_anew(&f, LONG_US, SHORT_US);
    CHECK_EQ(image_open(&f, true, &s), BASE_OK);
    CHECK_EQ(image_open(&f, true, &other), BASE_OK);
    uint64_t half_us = posix_now_us() + SHORT_US / 2;
    do { // when the timer of the first read goes off, nobody is late
        CHECK_EQ(image_read(&f, &s, 0, data, BLOCK), BASE_OK);
    } while (posix_now_us() < half_us);
    file_calls_hang(true);
    CHECK_EQ(s.read(s.ctx, 0, data, BLOCK), BASE_ERR_AGAIN);
    file_calls_await_hanging(1);
    CHECK_EQ(other.read(other.ctx, 0, data, BLOCK), BASE_ERR_AGAIN);
    file_calls_await_hanging(2);
    while (!eventlog_next(f.port.log, f.told + 1))
        await_job(&f);
    check_event(&f, "does not answer, its device waits for it");
    check_event(&f, "does not answer, its device waits for it");
    s.destroy(s.ctx);
    other.destroy(other.ctx);
    file_calls_hang(false);
    place_end(&f);
}

// --- recordings ----------------------------------------------------------------------------------

static enum base_err recording_open(struct place *f, struct sim_recording *r)
{
    strcpy(f->why, "?");
    return sim_file_recording(&f->port, f->path, r, f->why, sizeof f->why);
}

static void check_content(const struct place *f, const char *want)
{
    char have[64] = "";
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK(read(fd, have, sizeof have - 1) >= 0);
    close(fd);
    CHECK_STR(have, want);
}

TEST(sim_file_recording_is_made_and_appended_to)
{
    struct place f;
    struct sim_recording r;
    place_begin(&f);
    CHECK_EQ(recording_open(&f, &r), BASE_OK);
    check_content(&f, "");
    CHECK_EQ(r.append(r.ctx, "left", 4), BASE_OK);
    await_job(&f);
    check_content(&f, "left"); // at once
    CHECK_EQ(r.append(r.ctx, "right", 5), BASE_OK);
    CHECK_EQ(r.append(r.ctx, "", 0), BASE_OK);
    r.destroy(r.ctx);
    await_closed(&f);
    check_content(&f, "leftright");

    CHECK_EQ(recording_open(&f, &r), BASE_OK);
    CHECK_EQ(r.append(r.ctx, "more", 4), BASE_OK);
    await_job(&f);
    check_content(&f, "leftrightmore");
    CHECK_EQ(truncate(f.path, 0), 0); // somebody starts anew
    CHECK_EQ(r.append(r.ctx, "new", 3), BASE_OK);
    r.destroy(r.ctx);
    await_closed(&f);
    check_content(&f, "new");
    place_end(&f);
}

TEST(sim_file_recording_belongs_to_one_device)
{
    struct place f;
    struct sim_recording r, other;
    place_begin(&f);
    CHECK_EQ(recording_open(&f, &r), BASE_OK);
    CHECK_EQ(recording_open(&f, &other), BASE_ERR_BUSY);
    check_why(&f, "record to", "another device uses it");
    r.destroy(r.ctx);
    await_closed(&f);
    CHECK_EQ(recording_open(&f, &other), BASE_OK);
    other.destroy(other.ctx);
    place_end(&f);
}

TEST(sim_file_recording_that_cannot_grow)
{
    struct place f;
    struct sim_recording r;
    struct rlimit before, small;
    place_begin(&f);
    CHECK_EQ(recording_open(&f, &r), BASE_OK);
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 6;
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum base_err first = r.append(r.ctx, "left", 4);
    await_job(&f);
    (void)r.append(r.ctx, "right", 5);
    await_job(&f);
    enum base_err second = r.append(r.ctx, "", 0); // tells it
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    CHECK_EQ(first, BASE_OK);
    CHECK_EQ(second, BASE_ERR_IO);
    check_content(&f, "leftri");
    r.destroy(r.ctx);
    check_told(&f, "written: it would be larger than the system allows");
    place_end(&f);
}

// Nobody waits for its disk: what finds no room is lost, and that is told.
TEST(sim_file_recording_that_hangs)
{
    static uint8_t sound[64 * 1024];
    struct place f;
    struct sim_recording r;
    struct stat st;
    off_t taken = 0;
    place_begin(&f);
    CHECK_EQ(recording_open(&f, &r), BASE_OK);
    file_calls_hang(true);
    while (taken < 8 << 20 && r.append(r.ctx, sound, sizeof sound) == BASE_OK)
        taken += sizeof sound;
    CHECK(taken >= 1 << 20 && taken < 2 << 20);
    check_told(&f, "written: its disk takes too long, data are lost");
    CHECK_EQ(r.append(r.ctx, "x", 1), BASE_ERR_IO); // told once
    file_calls_hang(false);
    r.destroy(r.ctx);
    await_closed(&f);
    CHECK_EQ(stat(f.path, &st), 0);
    CHECK_EQ(st.st_size, taken);
    place_end(&f);
}

TEST(sim_file_recording_refused)
{
    struct place f;
    struct sim_recording r;
    char why[24];
    place_begin(&f);
    CHECK_EQ(mkfifo(f.path, 0600), 0); // does not wait for a reader
    CHECK_EQ(recording_open(&f, &r), BASE_ERR_INVALID);
    check_why(&f, "record to", "it is not a regular file");
    int reader = open(f.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK(reader >= 0);
    CHECK_EQ(recording_open(&f, &r), BASE_ERR_INVALID);
    check_why(&f, "record to", "it is not a regular file");
    close(reader);
    CHECK_EQ(unlink(f.path), 0);

    CHECK_EQ(sim_file_recording(&f.port, f.folder, &r, why, sizeof why), BASE_ERR_INVALID);
    CHECK_EQ(strlen(why), sizeof why - 1); // cut to fit
    CHECK_EQ(rmdir(f.folder), 0);
    CHECK_EQ(recording_open(&f, &r), BASE_ERR_NOT_FOUND);
    check_why(&f, "record to", "No such file or directory");
    place_end(&f);
}
