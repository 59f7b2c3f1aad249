// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct store_file_names {
    const char *newest, *before, *coming, *lock; // lock NULL: the folder's is enough
};

static const struct store_file_names settings_names = {"settings.json", "settings.json.old",
                                                       "settings.json.new", NULL};
static const struct store_file_names secrets_names = {STORE_FILE_SECRETS, STORE_FILE_SECRETS ".old",
                                                      STORE_FILE_SECRETS ".new", "secrets.lock"};

static enum settings_store_result failed(char *why, const char *what, const char *name)
{
    int reason = errno;
    snprintf(why, SETTINGS_WHY_SIZE, "cannot %s %s: %s", what, name, strerror(reason));
    return SETTINGS_STORE_FAILED;
}

static const struct store_file_names certificate_names = {"certificate.pem", "certificate.pem.old",
                                                          "certificate.pem.new", NULL};

// --- reading -------------------------------------------------------------------------------------

// Reads `room` bytes, fewer at the end of the file. False: errno says why.
static bool read_all(int fd, char *text, size_t room, size_t *size)
{
    ssize_t n = 1;
    for (*size = 0; *size < room && n > 0; *size += (size_t)(n > 0 ? n : 0))
        n = read(fd, text + *size, room - *size);
    return n >= 0;
}

static enum settings_store_result read_document(int fd, const char *name, char *text, size_t *size,
                                                char *why)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return failed(why, "read", name);
    if (!S_ISREG(st.st_mode)) { // a pipe could keep the server waiting for ever
        snprintf(why, SETTINGS_WHY_SIZE, "%s is not a file", name);
        return SETTINGS_STORE_FAILED;
    }
    if (!read_all(fd, text, STORE_FILE_MAX_BYTES + 1, size))
        return failed(why, "read", name);
    if (*size <= STORE_FILE_MAX_BYTES)
        return SETTINGS_STORE_OK;
    snprintf(why, SETTINGS_WHY_SIZE, "%s is longer than %d bytes", name, STORE_FILE_MAX_BYTES);
    return SETTINGS_STORE_DAMAGED;
}

// `text` has room for STORE_FILE_MAX_BYTES + 1 bytes.
static enum settings_store_result read_named(int folder, const char *path, const char *name,
                                             char *text, size_t *size, char *why)
{
    int fd = openat(folder, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        int reason = errno;
        (void)failed(why, "read", name);
        return reason == ENOENT ? SETTINGS_STORE_NONE : SETTINGS_STORE_FAILED;
    }
    enum settings_store_result result = read_document(fd, name, text, size, why);
    close(fd);
    return result;
}

enum settings_store_result store_file_read(const char *path, char *text, size_t *size, char *why)
{
    return read_named(AT_FDCWD, path, "the file", text, size, why);
}

static enum settings_store_result store_read(struct settings_store *st, unsigned age, size_t *size)
{
    const struct store_file *f = (struct store_file *)st;
    const char *name = age == 0 ? f->names->newest : f->names->before;
    return read_named(f->folder, name, name, st->text, size, st->why);
}

// --- writing -------------------------------------------------------------------------------------

static bool write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, text, size);
        if (n < 0)
            return false;
        text += n;
        size -= (size_t)n;
    }
    return fsync(fd) == 0; // before the rename: a name must never lead to bytes that are not there
}

// Root may set a password for a service that runs as somebody else: what it writes belongs to whom
// the folder belongs.
static bool give_to_owner(int folder, int fd)
{
    struct stat to, file;
    if (geteuid() != 0)
        return true;
    // Not a file of others that somebody has linked here.
    return fstat(folder, &to) == 0 && fstat(fd, &file) == 0 && file.st_nlink == 1 &&
           fchown(fd, to.st_uid, to.st_gid) == 0;
}

// What a crash has left of an earlier attempt goes first.
static bool write_coming(struct store_file *f, const char *text, size_t size)
{
    if (unlinkat(f->folder, f->names->coming, 0) < 0 && errno != ENOENT)
        return false;
    int fd = openat(f->folder, f->names->coming,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool written = give_to_owner(f->folder, fd) && write_all(fd, text, size);
    int reason = errno;
    close(fd);
    errno = reason;
    return written;
}

// Between the two renames only the copy before is there, which is then the newest good one.
static bool put_in_place(const struct store_file *f, unsigned keep)
{
    if (keep == 0 && renameat(f->folder, f->names->newest, f->folder, f->names->before) < 0)
        return false;
    if (renameat(f->folder, f->names->coming, f->folder, f->names->newest) == 0)
        return true;
    int reason = errno;
    if (keep == 0)
        (void)renameat(f->folder, f->names->before, f->folder, f->names->newest);
    errno = reason;
    return false;
}

// Inodes are used again; the time of the last rename is another one. 0: there is none.
static uint64_t newest_file(const struct store_file *f)
{
    struct stat st;
    if (fstatat(f->folder, f->names->newest, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    uint64_t changed_ns = (uint64_t)st.st_ctim.tv_sec * 1000000000 + (uint64_t)st.st_ctim.tv_nsec;
    return st.st_ino * 0x9e3779b97f4a7c15 ^ changed_ns;
}

static enum settings_store_result store_write(struct settings_store *st, size_t size, unsigned keep)
{
    struct store_file *f = (struct store_file *)st;
    if (!write_coming(f, st->text, size) || !put_in_place(f, keep)) {
        (void)failed(st->why, "write", f->names->newest);
        (void)unlinkat(f->folder, f->names->coming, 0);
        return SETTINGS_STORE_FAILED;
    }
    atomic_store(&f->written, newest_file(f));
    return fsync(f->folder) == 0 ? SETTINGS_STORE_OK : failed(st->why, "flush", f->names->newest);
}

static enum settings_store_result store_erase(struct settings_store *st)
{
    struct store_file *f = (struct store_file *)st;
    const char *const names[] = {f->names->coming, f->names->before, f->names->newest};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((unlinkat(f->folder, names[i], 0) < 0 && errno != ENOENT) || fsync(f->folder) < 0)
            return failed(st->why, "remove", names[i]);
    atomic_store(&f->written, newest_file(f));
    return SETTINGS_STORE_OK;
}

// --- the folder ----------------------------------------------------------------------------------

static bool lock(int folder, char *why)
{
    if (flock(folder, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK)
        snprintf(why, SETTINGS_WHY_SIZE, "another usbip-server uses this folder");
    else
        (void)failed(why, "lock", "the folder");
    return false;
}

static bool open_folder(struct store_file *f, const char *folder, char *why)
{
    if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
        (void)failed(why, "make", "the folder");
        return false;
    }
    f->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->folder < 0)
        (void)failed(why, "open", "the folder");
    return f->folder >= 0;
}

// With the folder open; closes it unless it is true.
static bool open_store(struct store_file *f, const struct store_file_names *names, char *why)
{
    f->names = names;
    f->held = -1;
    f->store.text_size = STORE_FILE_MAX_BYTES + 1;
    f->store.text = malloc(f->store.text_size);
    if (!f->store.text) {
        errno = ENOMEM;
        (void)failed(why, "read", "the folder");
        close(f->folder);
        return false;
    }
    f->store.read = store_read;
    f->store.write = store_write;
    f->store.erase = store_erase;
    return true;
}

bool store_file_open(struct store_file *f, const char *folder, char *why)
{
    if (!open_folder(f, folder, why))
        return false;
    if (lock(f->folder, why))
        return open_store(f, &settings_names, why);
    close(f->folder);
    return false;
}

void store_file_close(struct store_file *f)
{
    free(f->store.text);
    close(f->folder); // which ends the lock
}

// --- others that write ---------------------------------------------------------------------------

static bool take_lock(struct store_file *f, int how)
{
    f->held = openat(f->folder, f->names->lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (f->held >= 0 && give_to_owner(f->folder, f->held) && flock(f->held, how) == 0)
        return true;
    (void)failed(f->store.why, "lock", f->names->lock);
    if (f->held >= 0)
        close(f->held);
    f->held = -1;
    return false;
}

// Who holds it has little to do.
static bool hold(struct settings_store *st, bool on)
{
    struct store_file *f = (struct store_file *)st;
    if (on)
        return take_lock(f, LOCK_EX);
    close(f->held);
    f->held = -1;
    return true;
}

bool store_file_try_hold(struct store_file *f)
{
    return take_lock(f, LOCK_EX | LOCK_NB);
}

bool store_file_open_secrets(struct store_file *f, const char *folder, char *why)
{
    if (!open_folder(f, folder, why) || !open_store(f, &secrets_names, why))
        return false;
    f->store.hold = hold;
    atomic_store(&f->written, newest_file(f));
    return true;
}

bool store_file_open_certificate(struct store_file *f, const char *folder, char *why)
{
    return open_folder(f, folder, why) && open_store(f, &certificate_names, why);
}

bool store_file_is_anothers(struct store_file *f)
{
    return newest_file(f) != atomic_load(&f->written);
}
