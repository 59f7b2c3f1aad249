// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sim_storage_file.h"

#include "tests/support/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512, TWO = 2 * BLOCK, LAST = 3 * BLOCK, FOUR = 4 * BLOCK };

struct image {
    char folder[64], path[80];
    char why[200];
};

static void image_begin(struct image *f, off_t size)
{
    *f = (struct image){.folder = P_tmpdir "/usbip-image-XXXXXX"};
    CHECK(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/disk.img", f->folder);
    int fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(ftruncate(fd, size), 0);
    close(fd);
}

static enum base_err image_open(struct image *f, bool read_only, struct sim_storage *s)
{
    strcpy(f->why, "?");
    return sim_storage_file(NULL, f->path, read_only, s, f->why, sizeof f->why);
}

static void check_why(const struct image *f, const char *reason)
{
    char want[sizeof f->why];
    snprintf(want, sizeof want, "cannot use the image %s: %s", f->path, reason);
    CHECK_STR(f->why, want);
}

static void image_end(struct image *f)
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

TEST(storage_file_keeps_what_is_written)
{
    struct image f;
    struct sim_storage s;
    struct stat st;
    uint8_t out[TWO], in[FOUR], zeros[BLOCK] = {0};
    unsigned files = open_files();
    image_begin(&f, FOUR + 100);
    CHECK_EQ(image_open(&f, false, &s), BASE_OK);
    CHECK_EQ(s.size_bytes, FOUR); // whole blocks
    CHECK(!s.read_only);
    memset(out, 0x3c, sizeof out);
    CHECK_EQ(s.write(s.ctx, BLOCK, out, sizeof out), BASE_OK);
    CHECK_EQ(s.flush(s.ctx), BASE_OK);
    s.destroy(s.ctx);
    CHECK_EQ(open_files(), files);

    CHECK_EQ(image_open(&f, true, &s), BASE_OK);
    CHECK(s.read_only);
    CHECK_EQ(s.read(s.ctx, 0, in, sizeof in), BASE_OK);
    CHECK_BYTES(in, zeros, BLOCK);
    CHECK_BYTES(in + BLOCK, out, sizeof out);
    CHECK_BYTES(in + LAST, zeros, BLOCK);
    s.destroy(s.ctx);
    CHECK_EQ(stat(f.path, &st), 0);
    CHECK_EQ(st.st_size, FOUR + 100);
    image_end(&f);
}

TEST(storage_file_larger_than_4_gib)
{
    struct image f;
    struct sim_storage s;
    uint8_t out[BLOCK], in[BLOCK];
    uint64_t last = 6ull << 30;
    image_begin(&f, (off_t)(last + BLOCK)); // sparse
    CHECK_EQ(image_open(&f, false, &s), BASE_OK);
    CHECK_EQ(s.size_bytes, last + BLOCK);
    memset(out, 0x71, sizeof out);
    CHECK_EQ(s.write(s.ctx, last, out, sizeof out), BASE_OK);
    CHECK_EQ(s.read(s.ctx, last, in, sizeof in), BASE_OK);
    CHECK_BYTES(in, out, sizeof in);
    CHECK_EQ(s.read(s.ctx, last - (4ull << 30), in, sizeof in), BASE_OK);
    CHECK_EQ(in[0], 0);
    s.destroy(s.ctx);
    image_end(&f);
}

TEST(storage_file_errors_come_back)
{
    struct image f;
    struct sim_storage s;
    uint8_t data[TWO] = {0};
    image_begin(&f, FOUR);
    CHECK_EQ(image_open(&f, true, &s), BASE_OK);
    CHECK_EQ(s.write(s.ctx, 0, data, BLOCK), BASE_ERR_IO); // not open for that
    CHECK_EQ(truncate(f.path, BLOCK), 0);                  // somebody cuts the file
    CHECK_EQ(s.read(s.ctx, 0, data, BLOCK), BASE_OK);
    CHECK_EQ(s.read(s.ctx, 0, data, TWO), BASE_ERR_IO);
    CHECK_EQ(s.read(s.ctx, LAST, data, BLOCK), BASE_ERR_IO);
    s.destroy(s.ctx);
    image_end(&f);
}

TEST(storage_file_belongs_to_one_disk)
{
    struct image f;
    struct sim_storage s, other;
    image_begin(&f, FOUR);
    CHECK_EQ(image_open(&f, false, &s), BASE_OK);
    CHECK_EQ(image_open(&f, false, &other), BASE_ERR_BUSY);
    check_why(&f, "another disk uses it");
    CHECK_EQ(image_open(&f, true, &other), BASE_ERR_BUSY);
    s.destroy(s.ctx);
    CHECK_EQ(image_open(&f, true, &s), BASE_OK); // several may read
    CHECK_EQ(image_open(&f, true, &other), BASE_OK);
    other.destroy(other.ctx);
    CHECK_EQ(image_open(&f, false, &other), BASE_ERR_BUSY);
    s.destroy(s.ctx);
    CHECK_EQ(image_open(&f, false, &s), BASE_OK);
    s.destroy(s.ctx);
    image_end(&f);
}

TEST(storage_file_refused)
{
    struct image f;
    struct sim_storage s;
    char why[24];
    unsigned files = open_files();
    image_begin(&f, BLOCK - 1);
    CHECK_EQ(image_open(&f, false, &s), BASE_ERR_INVALID);
    check_why(&f, "it is smaller than one block of 512 bytes");

    CHECK_EQ(unlink(f.path), 0);
    CHECK_EQ(image_open(&f, false, &s), BASE_ERR_NOT_FOUND);
    check_why(&f, "No such file or directory");
    CHECK_EQ(access(f.path, F_OK), -1); // it is not created

    CHECK_EQ(mkfifo(f.path, 0600), 0); // neither waits for a writer
    CHECK_EQ(image_open(&f, true, &s), BASE_ERR_INVALID);
    check_why(&f, "it is not a regular file");
    CHECK_EQ(unlink(f.path), 0);

    CHECK_EQ(sim_storage_file(NULL, f.folder, true, &s, why, sizeof why), BASE_ERR_INVALID);
    CHECK_EQ(strlen(why), sizeof why - 1); // cut to fit
    CHECK_EQ(open_files(), files);
    image_end(&f);
}
