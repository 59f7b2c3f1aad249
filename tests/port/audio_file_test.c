// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sim_audio_file.h"

#include "tests/support/check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct recording {
    char folder[64], path[80];
    char why[200];
};

static void recording_begin(struct recording *f)
{
    *f = (struct recording){.folder = P_tmpdir "/usbip-audio-XXXXXX"};
    CHECK(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/played.pcm", f->folder);
}

static enum base_err recording_open(struct recording *f, struct sim_audio_recorder *r)
{
    strcpy(f->why, "?");
    return sim_audio_file(NULL, f->path, r, f->why, sizeof f->why);
}

static void check_why(const struct recording *f, const char *reason)
{
    char want[sizeof f->why];
    snprintf(want, sizeof want, "cannot record to %s: %s", f->path, reason);
    CHECK_STR(f->why, want);
}

static void check_content(const struct recording *f, const char *want)
{
    char have[64] = "";
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK(read(fd, have, sizeof have - 1) >= 0);
    close(fd);
    CHECK_STR(have, want);
}

static void recording_end(struct recording *f)
{
    (void)unlink(f->path);
    CHECK_EQ(rmdir(f->folder), 0);
}

static unsigned open_files(void)
{
    unsigned n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

TEST(audio_file_is_made_and_appended_to)
{
    struct recording f;
    struct sim_audio_recorder r;
    unsigned files = open_files();
    recording_begin(&f);
    CHECK_EQ(recording_open(&f, &r), BASE_OK);
    check_content(&f, "");
    CHECK_EQ(r.append(r.ctx, "left", 4), BASE_OK);
    check_content(&f, "left"); // at once
    CHECK_EQ(r.append(r.ctx, "right", 5), BASE_OK);
    CHECK_EQ(r.append(r.ctx, "", 0), BASE_OK);
    r.destroy(r.ctx);
    check_content(&f, "leftright");

    CHECK_EQ(recording_open(&f, &r), BASE_OK);
    CHECK_EQ(r.append(r.ctx, "more", 4), BASE_OK);
    check_content(&f, "leftrightmore");
    CHECK_EQ(truncate(f.path, 0), 0); // somebody starts anew
    CHECK_EQ(r.append(r.ctx, "new", 3), BASE_OK);
    r.destroy(r.ctx);
    check_content(&f, "new");
    CHECK_EQ(open_files(), files);
    recording_end(&f);
}

TEST(audio_file_belongs_to_one_headset)
{
    struct recording f;
    struct sim_audio_recorder r, other;
    recording_begin(&f);
    CHECK_EQ(recording_open(&f, &r), BASE_OK);
    CHECK_EQ(recording_open(&f, &other), BASE_ERR_BUSY);
    check_why(&f, "another headset uses it");
    r.destroy(r.ctx);
    CHECK_EQ(recording_open(&f, &other), BASE_OK);
    other.destroy(other.ctx);
    recording_end(&f);
}

TEST(audio_file_that_cannot_grow)
{
    struct recording f;
    struct sim_audio_recorder r;
    struct rlimit before, small;
    recording_begin(&f);
    CHECK_EQ(recording_open(&f, &r), BASE_OK);
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 6;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum base_err first = r.append(r.ctx, "left", 4);
    enum base_err second = r.append(r.ctx, "right", 5);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    CHECK_EQ(first, BASE_OK);
    CHECK_EQ(second, BASE_ERR_IO);
    check_content(&f, "leftri");
    r.destroy(r.ctx);
    recording_end(&f);
}

TEST(audio_file_refused)
{
    struct recording f;
    struct sim_audio_recorder r;
    char why[24];
    unsigned files = open_files();
    recording_begin(&f);
    CHECK_EQ(mkfifo(f.path, 0600), 0); // does not wait for a reader
    CHECK_EQ(recording_open(&f, &r), BASE_ERR_INVALID);
    check_why(&f, "No such device or address");
    int reader = open(f.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK(reader >= 0);
    CHECK_EQ(recording_open(&f, &r), BASE_ERR_INVALID);
    check_why(&f, "it is not a regular file");
    close(reader);
    CHECK_EQ(unlink(f.path), 0);

    CHECK_EQ(sim_audio_file(NULL, f.folder, &r, why, sizeof why), BASE_ERR_INVALID);
    CHECK_EQ(strlen(why), sizeof why - 1); // cut to fit
    CHECK_EQ(rmdir(f.folder), 0);
    CHECK_EQ(recording_open(&f, &r), BASE_ERR_NOT_FOUND);
    check_why(&f, "No such file or directory");
    CHECK_EQ(open_files(), files);
}
