// SPDX-License-Identifier: Apache-2.0
// Users and their passwords: secrets.json in --state-dir, and the code for the set-up.
#include "ports/linux/crypto_gnutls.h"
#include "ports/linux/program.h"
#include "ports/posix/posix_time.h"

#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { AGAIN_US = 100000 };

// --- the code ------------------------------------------------------------------------------------

static bool offer_setup(struct program *p)
{
    if (users_claimed(&p->users.all))
        return true;
    if (!users_code_make(&crypto_gnutls, p->users.setup_code)) {
        snprintf(p->why, WHY_SIZE, "there are no random numbers");
        return false;
    }
    log_message(&p->log, EVENTLOG_WARNING,
                "nobody has set a password: changes come from this machine only; the code to set "
                "one from elsewhere is %s",
                p->users.setup_code);
    return true;
}

// --- start and end -------------------------------------------------------------------------------

static bool refuse(struct program *p, const char *why)
{
    snprintf(p->why, WHY_SIZE, "--state-dir %.200s: " STORE_FILE_SECRETS ": %s",
             p->options.state_dir, why);
    return false;
}

static bool load(struct program *p)
{
    struct program_users *u = &p->users;
    switch (users_load(&u->all)) {
    case SETTINGS_STORE_OK:
    case SETTINGS_STORE_NONE:
        return true;
    case SETTINGS_STORE_OLDER:
        log_message(&p->log, EVENTLOG_WARNING, "users in %.200s: %s", p->options.state_dir,
                    u->store.store.why);
        return true;
    default:
        return refuse(p, u->store.store.why);
    }
}

static bool open_stores(struct program *p)
{
    struct program_users *u = &p->users;
    char why[SETTINGS_WHY_SIZE];
    if (!store_file_open_secrets(&u->store, p->options.state_dir, why))
        return refuse(p, why);
    if (!store_file_open_secrets(&u->reader, p->options.state_dir, why)) {
        store_file_close(&u->store);
        return refuse(p, why);
    }
    u->all.config.store = &u->store.store;
    return true;
}

bool program_load_users(struct program *p)
{
    struct program_users *u = &p->users;
    u->watch.fd = -1;
    u->all.config.crypto = &crypto_gnutls;
    if (!p->options.state_dir)
        return true;
    if (!open_stores(p))
        return false;
    if (load(p))
        return true;
    program_end_users(p);
    return false;
}

bool program_start_users(struct program *p)
{
    if (!program_load_users(p))
        return false;
    if (offer_setup(p))
        return true;
    program_end_users(p);
    return false;
}

void program_end_users(struct program *p)
{
    struct program_users *u = &p->users;
    if (u->watch.fd >= 0)
        close(u->watch.fd);
    if (!p->options.state_dir)
        return;
    store_file_close(&u->store);
    store_file_close(&u->reader);
}

// --- what others write ---------------------------------------------------------------------------

static void take_over(struct program *p)
{
    struct program_users *u = &p->users;
    const struct users_config from = {.crypto = &crypto_gnutls, .store = &u->reader.store};
    static const char changed[] = "users: another program has changed them";
    struct users_document now;
    enum settings_store_result result = users_read(&from, &now);
    if (result != SETTINGS_STORE_OK && result != SETTINGS_STORE_NONE &&
        result != SETTINGS_STORE_OLDER) {
        log_message(&p->log, EVENTLOG_WARNING, "%s, which cannot be used: %s", changed,
                    u->reader.store.why);
        return;
    }
    bool was_claimed = users_claimed(&u->all);
    users_take(&u->all, &now, 0);
    log_message(&p->log, EVENTLOG_INFO, "%s", changed);
    if (was_claimed)
        (void)offer_setup(p);
}

// While nobody writes: else it would be the copy before. Of our own changes is known already.
static void look(struct program *p)
{
    struct program_users *u = &p->users;
    struct settings_store *st = &u->reader.store;
    if (!store_file_try_hold(&u->reader)) {
        u->again.due_us = posix_now_us() + AGAIN_US;
        return;
    }
    if (store_file_is_anothers(&u->store))
        take_over(p);
    (void)st->hold(st, false);
}

static void look_again(void *ctx, uint64_t now_us)
{
    struct program *p = ctx;
    (void)now_us;
    p->users.again.due_us = UINT64_MAX;
    look(p);
}

// Loop thread.
static void folder_ready(void *ctx, short revents)
{
    struct program *p = ctx;
    struct program_users *u = &p->users;
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t size = read(u->watch.fd, events, sizeof events);
    bool ours = false;
    (void)revents;
    for (ssize_t at = 0; at < size;) {
        const struct inotify_event *e = (const void *)(events + at);
        ours = ours || (e->len && strcmp(e->name, STORE_FILE_SECRETS) == 0);
        at += (ssize_t)(sizeof *e + e->len);
    }
    if (ours)
        look(p);
}

bool program_watch_users(struct program *p)
{
    struct program_users *u = &p->users;
    if (!p->options.state_dir)
        return true;
    u->watch = (struct posix_watch){
        .fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
        .events = POLLIN,
        .ready = folder_ready,
        .ctx = p,
    };
    u->again = (struct posix_timer){.due_us = UINT64_MAX, .due = look_again, .ctx = p};
    posix_loop_remind(p->loop, &u->again);
    if (u->watch.fd >= 0 &&
        inotify_add_watch(u->watch.fd, p->options.state_dir, IN_MOVED_TO | IN_DELETE) >= 0 &&
        posix_loop_watch(p->loop, &u->watch)) {
        look(p); // since they were read
        return true;
    }
    return refuse(p, "it cannot be watched");
}
