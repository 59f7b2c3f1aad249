// SPDX-License-Identifier: Apache-2.0
// The socket loop of both ports: one thread that runs the core. It waits for descriptors, moves
// bytes between sockets and sessions, and calls server_step(). All the core's functions belong to
// that thread; other threads use posix_loop_call(). Time: posix_now_us().
#pragma once

#include "base/base_list.h"
#include "ports/posix/posix_poller.h"
#include "ports/posix/posix_socket.h"
#include "server/server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct posix_loop;

// Something that the loop comes back for. Its owner's memory, until posix_loop_forget().
struct posix_timer {
    uint64_t due_us;                         // whoever is called moves it on
    void (*due)(void *ctx, uint64_t now_us); // loop thread
    void *ctx;
    struct base_list link; // the loop's
};

struct posix_loop_config {
    const char *listen; // numeric address; NULL: all, IPv4 and IPv6
    uint16_t port;      // 0: a free one
    // Open already, instead of these two: the loop's from then on. NULL or empty: none.
    const struct posix_listener *listener;
    unsigned max_sockets;   // accepted ones, those included that are just being closed
    unsigned max_watches;   // of posix_loop_watch()
    uint64_t stop_limit_us; // how long an orderly end may take
    // What the system's TCP knows of a peer; false: nothing. posix_silence_heard() on Linux.
    bool (*heard)(int fd, uint64_t now_us, struct session_heard *h);
    uint64_t longest_wait_us; // a turn at least this often, for a watchdog; 0: only when needed
    // Loop thread, before the first wait and after each turn; may be NULL.
    void (*after_turn)(void *ctx, uint64_t now_us);
    void *ctx;
};

void posix_loop_config_default(struct posix_loop_config *c);

// Listens. `server` is borrowed for the loop's life, `config` is copied (`listen` borrowed until
// the return). NULL: *why is a plain sentence.
struct posix_loop *posix_loop_create(struct usbip_server *server,
                                     const struct posix_loop_config *config, char *why,
                                     size_t why_size);

// Serves until posix_loop_stop(), then ends every session in order and closes all sockets. Once.
void posix_loop_run(struct posix_loop *loop);

// After posix_loop_run() has returned (or was never called), when no other thread uses the loop.
void posix_loop_destroy(struct posix_loop *loop);

// Where it listens, for messages. Any thread.
const struct posix_listener *posix_loop_listener(const struct posix_loop *loop);

// Asks the loop to end. Any thread, also a signal handler, also before posix_loop_run().
void posix_loop_stop(struct posix_loop *loop);

// Lets the loop take a turn, for a backend's thread that has an event. Any thread, signal handlers
// too.
void posix_loop_wake(struct posix_loop *loop);

// Runs fn(arg) on the loop thread and waits for it; not from the loop thread. False: the loop has
// ended, fn was not run. Before posix_loop_run() it waits.
bool posix_loop_call(struct posix_loop *loop, void (*fn)(void *arg), void *arg);

// Descriptors of others (a USB library's, say) in the same wait: see posix_poller.h; ready() is
// called on the loop thread, and what the core has to do then is done in the same turn. Loop
// thread, or while the loop does not run. False: no room for one more, or it cannot be waited for.
bool posix_loop_watch(struct posix_loop *loop, struct posix_watch *watch);
void posix_loop_watch_change(struct posix_loop *loop, struct posix_watch *watch, short events);
void posix_loop_unwatch(struct posix_loop *loop, struct posix_watch *watch);

// Calls it when it is due, until it is forgotten. There are few. As posix_loop_watch().
void posix_loop_remind(struct posix_loop *loop, struct posix_timer *timer);
void posix_loop_forget(struct posix_loop *loop, struct posix_timer *timer);
