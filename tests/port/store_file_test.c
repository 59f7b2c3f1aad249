// SPDX-License-Identifier: Apache-2.0
// The settings in files: what is left after a disk that fails, or power that goes, at every step.
#include "ports/linux/store_file.h"
#include "tests/port/file_calls.h"
#include "tests/port/settings_folder.h"
#include "tests/support/check.h"
#include "tests/support/settings_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct rig {
    struct settings_folder folder;
    struct store_file file;
    struct settings_store *st;
};

static void rig_open(struct rig *r)
{
    char why[SETTINGS_WHY_SIZE] = "";
    if (!store_file_open(&r->file, r->folder.path, why))
        check_fail(__FILE__, __LINE__, "%s", why);
    r->st = &r->file.store;
}

static void rig_begin(struct rig *r)
{
    settings_folder_make(&r->folder);
    rig_open(r);
}

static void rig_end(struct rig *r)
{
    store_file_close(&r->file);
    settings_folder_remove(&r->folder);
}

// What a process that starts anew would see.
static void rig_reopen(struct rig *r)
{
    store_file_close(&r->file);
    rig_open(r);
}

static enum settings_store_result save(struct rig *r, const char *host_name)
{
    struct settings s = settings_rig();
    strcpy(s.host_name, host_name);
    return settings_store_save(r->st, &s);
}

static void check_load(struct rig *r, enum settings_store_result want, const char *host_name)
{
    struct settings s = settings_rig();
    enum settings_store_result have = settings_store_load(r->st, &s);
    if (have != want)
        check_fail(__FILE__, __LINE__, "%d, not %d: %s", have, want, r->st->why);
    CHECK_STR(s.host_name, host_name);
}

TEST(store_file_saves_loads_and_erases)
{
    struct rig r;
    struct stat st;
    rig_begin(&r);
    check_load(&r, SETTINGS_STORE_NONE, "usbip-test");
    CHECK_EQ(save(&r, "one"), SETTINGS_STORE_OK);
    check_load(&r, SETTINGS_STORE_OK, "one");
    CHECK_EQ(save(&r, "two"), SETTINGS_STORE_OK);
    CHECK_EQ(stat(settings_folder_file(&r.folder, "settings.json"), &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0600);
    rig_reopen(&r);
    check_load(&r, SETTINGS_STORE_OK, "two");
    CHECK_EQ(settings_store_erase(r.st), SETTINGS_STORE_OK);
    check_load(&r, SETTINGS_STORE_NONE, "usbip-test");
    CHECK_EQ(settings_store_erase(r.st), SETTINGS_STORE_OK);
    rig_end(&r);
}

// Bytes are on the disk before a name leads to them, and names before it is called done.
TEST(store_file_flushes_in_order)
{
    struct rig r;
    rig_begin(&r);
    CHECK_EQ(save(&r, "one"), SETTINGS_STORE_OK);
    file_calls_watch();
    CHECK_EQ(save(&r, "two"), SETTINGS_STORE_OK);
    file_calls_end();
    CHECK_STR(file_calls_text(),
              "open settings.json; unlink settings.json.new; open settings.json.new; write; fsync; "
              "rename settings.json settings.json.old; rename settings.json.new settings.json; "
              "fsync; ");
    file_calls_watch();
    CHECK_EQ(settings_store_erase(r.st), SETTINGS_STORE_OK);
    file_calls_end();
    CHECK_STR(file_calls_text(), "unlink settings.json.new; fsync; unlink settings.json.old; "
                                 "fsync; unlink settings.json; fsync; ");
    rig_end(&r);
}

// --- power that goes -----------------------------------------------------------------------------

// A folder with one, then two; the newest is cut short if `torn`.
static void rig_begin_with_two(struct rig *r, bool torn)
{
    rig_begin(r);
    CHECK_EQ(save(r, "one"), SETTINGS_STORE_OK);
    CHECK_EQ(save(r, "two"), SETTINGS_STORE_OK);
    if (torn)
        settings_folder_put(&r->folder, "settings.json", "{\"version\":1", 12);
}

// What is good in there after that.
static const char *good_one(bool torn)
{
    return torn ? "one" : "two";
}

static unsigned steps_of_saving(bool torn)
{
    struct rig r;
    rig_begin_with_two(&r, torn);
    file_calls_watch();
    CHECK_EQ(save(&r, "three"), SETTINGS_STORE_OK);
    unsigned steps = file_calls_end();
    CHECK(steps >= 7);
    rig_end(&r);
    return steps;
}

// What a process that starts anew gets; there must be something good.
static void reload(struct rig *r, char name[SETTINGS_HOST_NAME_SIZE])
{
    struct settings s = settings_rig();
    rig_reopen(r);
    enum settings_store_result result = settings_store_load(r->st, &s);
    if (result != SETTINGS_STORE_OK && result != SETTINGS_STORE_OLDER)
        check_fail(__FILE__, __LINE__, "%d: %s", result, r->st->why);
    strcpy(name, s.host_name);
}

// Power goes at each step of saving "three": the last good settings are there, or these, and the
// next change is kept.
static void check_power_goes(bool torn)
{
    unsigned steps = steps_of_saving(torn);
    for (unsigned nth = 0; nth < steps; nth++) {
        struct rig r;
        char name[SETTINGS_HOST_NAME_SIZE];
        rig_begin_with_two(&r, torn);
        file_calls_cut(nth);
        CHECK_EQ(save(&r, "three"), SETTINGS_STORE_FAILED);
        file_calls_end();
        reload(&r, name);
        const char *want = nth == steps - 1 ? "three" : good_one(torn); // the last only flushes
        if (strcmp(name, want) != 0)
            check_fail(__FILE__, __LINE__, "after step %u it is %s", nth, name);
        CHECK_EQ(save(&r, "four"), SETTINGS_STORE_OK);
        check_load(&r, SETTINGS_STORE_OK, "four");
        rig_end(&r);
    }
}

TEST(store_file_power_goes_while_saving)
{
    check_power_goes(false);
}

TEST(store_file_power_goes_while_saving_over_a_torn_file)
{
    check_power_goes(true);
}

// What is left is the newest copy or nothing: never the one before it.
TEST(store_file_power_goes_while_erasing)
{
    for (unsigned nth = 0; nth < 6; nth++) {
        struct rig r;
        rig_begin_with_two(&r, false);
        file_calls_cut(nth);
        CHECK_EQ(settings_store_erase(r.st), SETTINGS_STORE_FAILED);
        file_calls_end();
        rig_reopen(&r);
        if (nth < 5)
            check_load(&r, SETTINGS_STORE_OK, "two");
        else
            check_load(&r, SETTINGS_STORE_NONE, "usbip-test");
        rig_end(&r);
    }
}

// --- disks that fail -----------------------------------------------------------------------------

// Each step fails once, the program goes on: an error with its reason, what was good is still there
// without a fall-back, nothing is left lying about, and the next change is kept.
static void check_disk_fails(int error, bool torn)
{
    unsigned steps = steps_of_saving(torn);
    for (unsigned nth = 0; nth < steps; nth++) {
        struct rig r;
        rig_begin_with_two(&r, torn);
        file_calls_fail(nth, error);
        CHECK_EQ(save(&r, "three"), SETTINGS_STORE_FAILED);
        file_calls_end();
        CHECK(strstr(r.st->why, strerror(error)) != NULL);
        CHECK(!settings_folder_has(&r.folder, "settings.json.new"));
        if (nth == steps - 1)
            check_load(&r, SETTINGS_STORE_OK, "three"); // only the last flush has failed
        else
            check_load(&r, torn ? SETTINGS_STORE_OLDER : SETTINGS_STORE_OK, good_one(torn));
        CHECK_EQ(save(&r, "four"), SETTINGS_STORE_OK);
        check_load(&r, SETTINGS_STORE_OK, "four");
        rig_end(&r);
    }
}

TEST(store_file_disk_fails)
{
    check_disk_fails(EIO, false);
    check_disk_fails(EIO, true);
}

TEST(store_file_disk_is_full)
{
    struct rig r;
    check_disk_fails(ENOSPC, false);
    rig_begin_with_two(&r, false);
    file_calls_fail(3, ENOSPC); // the write
    CHECK_EQ(save(&r, "three"), SETTINGS_STORE_FAILED);
    file_calls_end();
    CHECK_STR(r.st->why, "cannot write settings.json: No space left on device");
    rig_end(&r);
}

TEST(store_file_folder_is_read_only)
{
    struct rig r;
    rig_begin_with_two(&r, false);
    file_calls_fail(2, EROFS);
    CHECK_EQ(save(&r, "three"), SETTINGS_STORE_FAILED);
    file_calls_end();
    CHECK_STR(r.st->why, "cannot write settings.json: Read-only file system");
    check_load(&r, SETTINGS_STORE_OK, "two");
    rig_end(&r);
}

// Not the same as no file: the defaults must not take its place.
TEST(store_file_cannot_be_read)
{
    struct rig r;
    rig_begin_with_two(&r, false);
    struct settings s = settings_rig();
    file_calls_fail(0, EACCES);
    CHECK_EQ(settings_store_load(r.st, &s), SETTINGS_STORE_FAILED);
    file_calls_end();
    CHECK_STR(r.st->why, "cannot read settings.json: Permission denied");
    rig_end(&r);
}

// --- files that others have touched --------------------------------------------------------------

TEST(store_file_torn_anywhere_falls_back)
{
    struct rig r;
    struct settings s = settings_rig();
    char text[SETTINGS_MAX_BYTES + 1];
    rig_begin_with_two(&r, false);
    strcpy(s.host_name, "two");
    size_t size = settings_print(&s, SETTINGS_CHANGED, text, sizeof text);
    for (size_t n = 0; n < size - 1; n++) { // only the last line end does not matter
        settings_folder_put(&r.folder, "settings.json", text, n);
        check_load(&r, SETTINGS_STORE_OLDER, "one");
    }
    memset(text, 0, size); // what a crash makes of a file on some file systems
    settings_folder_put(&r.folder, "settings.json", text, size);
    check_load(&r, SETTINGS_STORE_OLDER, "one");
    CHECK_STR(r.st->why, "line 1: the document must begin with {; the settings before the last "
                         "change are used");
    rig_end(&r);
}

TEST(store_file_lost_or_too_long_falls_back)
{
    struct rig r;
    static char text[STORE_FILE_MAX_BYTES + 1];
    rig_begin_with_two(&r, false);
    memset(text, ' ', sizeof text);
    memcpy(text, "{\"version\":1}", 13);
    settings_folder_put(&r.folder, "settings.json", text, sizeof text);
    check_load(&r, SETTINGS_STORE_OLDER, "one");
    CHECK_STR(r.st->why, "settings.json is longer than 262144 bytes; the settings before the last "
                         "change are used");
    settings_folder_put(&r.folder, "settings.json", NULL, 0);
    check_load(&r, SETTINGS_STORE_OLDER, "one");
    settings_folder_put(&r.folder, "settings.json.old", "", 0);
    check_load(&r, SETTINGS_STORE_DAMAGED, "usbip-test");
    rig_end(&r);
}

TEST(store_file_of_a_newer_version_stays)
{
    struct rig r;
    char text[64];
    size_t size;
    rig_begin_with_two(&r, false);
    settings_folder_put(&r.folder, "settings.json", "{\"version\":9}", 13);
    check_load(&r, SETTINGS_STORE_NEWER, "usbip-test");
    CHECK_EQ(save(&r, "three"), SETTINGS_STORE_NEWER);
    CHECK_EQ(r.st->read(r.st, 0, &size), SETTINGS_STORE_OK);
    memcpy(text, r.st->text, size);
    CHECK_BYTES(text, "{\"version\":9}", 13);
    rig_end(&r);
}

// A pipe would keep the server waiting for a writer.
TEST(store_file_that_is_no_file)
{
    struct rig r;
    rig_begin(&r);
    CHECK_EQ(mkfifo(settings_folder_file(&r.folder, "settings.json"), 0600), 0);
    check_load(&r, SETTINGS_STORE_FAILED, "usbip-test");
    CHECK_STR(r.st->why, "settings.json is not a file");
    rig_end(&r);
}

// --- the folder ----------------------------------------------------------------------------------

TEST(store_file_folder_has_one_user)
{
    struct rig r;
    struct store_file second;
    char why[SETTINGS_WHY_SIZE];
    rig_begin(&r);
    CHECK(!store_file_open(&second, r.folder.path, why));
    CHECK_STR(why, "another usbip-server uses this folder");
    rig_reopen(&r); // free again after the end of the first
    rig_end(&r);
}

TEST(store_file_folder_is_made)
{
    struct settings_folder folder;
    struct store_file f;
    struct stat st;
    char path[100], why[SETTINGS_WHY_SIZE];
    settings_folder_make(&folder);
    snprintf(path, sizeof path, "%s/state", folder.path);
    CHECK(store_file_open(&f, path, why));
    store_file_close(&f);
    CHECK_EQ(stat(path, &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0700);
    CHECK_EQ(rmdir(path), 0);
    snprintf(path, sizeof path, "%s/no/state", folder.path);
    CHECK(!store_file_open(&f, path, why));
    CHECK_STR(why, "cannot make the folder: No such file or directory");
    settings_folder_put(&folder, "file", "", 0);
    CHECK(!store_file_open(&f, settings_folder_file(&folder, "file"), why));
    CHECK_STR(why, "cannot open the folder: Not a directory");
    settings_folder_remove(&folder);
}

// Root sets a password for a service that runs as somebody else (not root: nothing to see).
TEST(store_file_of_root_belongs_to_whom_the_folder_belongs)
{
    enum { SOMEBODY = 1234 };
    struct rig r;
    struct stat st;
    rig_begin(&r);
    if (geteuid() == 0)
        CHECK_EQ(chown(r.folder.path, SOMEBODY, SOMEBODY), 0);
    CHECK_EQ(save(&r, "box"), SETTINGS_STORE_OK);
    CHECK_EQ(fstatat(r.file.folder, "settings.json", &st, 0), 0);
    CHECK_EQ(st.st_uid, geteuid() == 0 ? SOMEBODY : geteuid());
    CHECK_EQ(st.st_mode & 0777, 0600);
    rig_end(&r);
}

static void two_open(struct settings_folder *folder, struct store_file two[2])
{
    char why[SETTINGS_WHY_SIZE];
    settings_folder_make(folder);
    CHECK(store_file_open_secrets(&two[0], folder->path, why));
    CHECK(store_file_open_secrets(&two[1], folder->path, why));
}

static void two_close(struct settings_folder *folder, struct store_file two[2])
{
    store_file_close(&two[0]);
    store_file_close(&two[1]);
    settings_folder_remove(folder);
}

static void put(struct store_file *f)
{
    strcpy(f->store.text, "{}");
    CHECK_EQ(f->store.write(&f->store, 2, 1), SETTINGS_STORE_OK);
}

// Its inode may be that of a file that was there before.
TEST(store_file_knows_its_own_writes_from_those_of_others)
{
    struct settings_folder folder;
    struct store_file two[2];
    two_open(&folder, two);
    for (unsigned i = 0; i < 30; i++) {
        put(&two[0]);
        CHECK(!store_file_is_anothers(&two[0]));
        for (unsigned twice = 0; twice < 2; twice++) {
            put(&two[1]);
            CHECK(store_file_is_anothers(&two[0]));
        }
    }
    two_close(&folder, two);
}

// The loop does not wait for who is writing.
TEST(store_file_that_another_one_holds)
{
    struct settings_folder folder;
    struct store_file two[2];
    two_open(&folder, two);
    CHECK(store_file_try_hold(&two[0]));
    CHECK(!store_file_try_hold(&two[1]));
    CHECK(two[0].store.hold(&two[0].store, false));
    CHECK(store_file_try_hold(&two[1]));
    CHECK(two[1].store.hold(&two[1].store, false));
    two_close(&folder, two);
}
