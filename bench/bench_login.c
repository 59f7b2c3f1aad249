// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_login.h"

#include "bench/bench_http_client.h"
#include "bench/bench_load.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PER_SECOND = 400, // logins; 15 rounds of two seconds are more than 10,000
    ADDRESSES = 50,
    FLYING = 64, // at a time
    LONGER = 20, // than other loads: two seconds
    REQUESTS = 50,
    REQUESTS_QUICK = 3,
    QUIET_MS = 1500, // until the last hash is over
};

const struct bench_row bench_login_rows[BENCH_LOGIN_ROWS] = {
    {.name = "bulk_in_64KiB_beside_logins",
     .unit = "MB/s",
     .against = "alone",
     .aim = {BENCH_AIM_RATIO_AT_LEAST, 0.9}},
    {.name = "healthz_beside_logins",
     .unit = "us",
     .against = "alone",
     .aim = {BENCH_AIM_VALUE_AT_MOST, 50000}},
};

// What became of them; shared with the process that sends them.
struct tally {
    unsigned sent, in, wrong, wait, busy, other;
};

struct flood {
    pid_t pid;
    struct tally *tally;
};

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

// --- logins --------------------------------------------------------------------------------------

static void post(int fd, const char *path, const char *body)
{
    char text[400];
    int n = snprintf(text, sizeof text,
                     "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     path, strlen(body), body);
    if (send(fd, text, (size_t)n, MSG_NOSIGNAL) != n)
        bench_die("%s was not sent", path);
}

static int status_of(int fd)
{
    char answer[400] = "";
    int status = 0;
    if (recv(fd, answer, sizeof answer - 1, 0) > 0)
        (void)sscanf(answer, "HTTP/1.1 %d", &status);
    close(fd);
    return status;
}

static void count(struct tally *t, int status)
{
    unsigned *of = status == 200   ? &t->in
                   : status == 401 ? &t->wrong
                   : status == 429 ? &t->wait
                   : status == 503 ? &t->busy
                                   : &t->other;
    ++*of;
}

// Every other one has the right password.
static int begin_login(uint16_t port, unsigned number)
{
    int fd = bench_http_connect(port, 2 + number / 2 % ADDRESSES);
    post(fd, "/api/v1/login",
         number % 2 ? "{\"user\":\"admin\",\"password\":\"admin's own\"}"
                    : "{\"user\":\"admin\",\"password\":\"not admin's\"}");
    return fd;
}

// Takes the answers that have come, or waits for one if all places are taken.
static void look(struct pollfd *flying, struct tally *t, int wait_ms)
{
    bool full = true;
    for (unsigned i = 0; i < FLYING; i++)
        full = full && flying[i].fd >= 0;
    if (poll(flying, FLYING, full ? -1 : wait_ms) <= 0)
        return;
    for (unsigned i = 0; i < FLYING; i++)
        if (flying[i].fd >= 0 && flying[i].revents) {
            count(t, status_of(flying[i].fd));
            flying[i].fd = -1;
        }
}

// Stopped meanwhile, it does not make up for that.
static _Noreturn void be_flood(uint16_t port, struct tally *t)
{
    struct pollfd flying[FLYING];
    double next_us = now_us();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bench_pin(-1);
    for (unsigned i = 0; i < FLYING; i++)
        flying[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    for (;;) {
        double late_us = now_us() - next_us;
        look(flying, t, late_us >= 0 ? 0 : 1);
        if (late_us < 0)
            continue;
        next_us = (late_us > 1e5 ? now_us() : next_us) + 1e6 / PER_SECOND;
        for (unsigned i = 0; i < FLYING; i++)
            if (flying[i].fd < 0) {
                flying[i].fd = begin_login(port, t->sent++);
                break;
            }
    }
}

static struct flood begin_flood(uint16_t port)
{
    struct flood f = {.tally = mmap(NULL, sizeof *f.tally, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
    if (f.tally == MAP_FAILED)
        bench_die("no memory");
    int fd = bench_http_connect(port, 1);
    post(fd, "/api/v1/setup", "{\"password\":\"admin's own\"}");
    int status = status_of(fd);
    if (status != 200)
        bench_die("no password could be set: %d", status);
    fflush(NULL);
    f.pid = fork();
    if (f.pid < 0)
        bench_die("cannot fork");
    if (f.pid == 0)
        be_flood(port, f.tally);
    return f;
}

static void pause_flood(const struct flood *f, const struct bench_options *o)
{
    kill(f->pid, SIGSTOP);
    if (!o->quick)
        usleep(QUIET_MS * 1000);
}

static void end_flood(const struct flood *f)
{
    const struct tally *t = f->tally;
    kill(f->pid, SIGKILL);
    waitpid(f->pid, NULL, 0);
    fprintf(stderr,
            "logins: %u, of which %u were let in, %u wrong, %u to wait, %u too many, %u %s\n",
            t->sent, t->in, t->wrong, t->wait, t->busy, t->other, "otherwise");
    if (t->other)
        bench_die("logins were not answered as they should be");
    munmap(f->tally, sizeof *f->tally);
}

// --- what they cost ------------------------------------------------------------------------------

// The slowest.
static struct bench_figures time_healthz(uint16_t port, const struct bench_options *o)
{
    struct bench_figures f = {0};
    for (unsigned i = 0; i < (o->quick ? REQUESTS_QUICK : REQUESTS); i++) {
        double before = now_us();
        bench_http_get(port, "/healthz");
        double took = now_us() - before;
        f.value = took > f.value ? took : f.value;
    }
    return f;
}

struct both {
    struct bench_figures bulk, healthz;
};

static struct both measure(const struct bench_load *load, const struct bench_target *t,
                           uint16_t http, const struct bench_options *o)
{
    struct bench_figures figures[BENCH_LOAD_VALUES];
    struct both b;
    bench_load_run(load, t, figures);
    b.bulk = figures[0];
    b.healthz = time_healthz(http, o);
    return b;
}

void bench_login_measure(struct bench_row rows[BENCH_LOGIN_ROWS], const struct bench_options *o)
{
    if (!rows[0].wanted && !rows[1].wanted)
        return;
    struct bench_target t = bench_target_server(o->server, o->server_cpu);
    uint16_t http = bench_child_next_port(&t.child);
    struct bench_load load = {
        BENCH_THROUGHPUT, {.ep = BENCH_ZERO_IN, .length = 65536, .depth = 8}, 0};
    bench_load_calibrate(&load, &t, o->quick);
    load.count *= o->quick ? 1 : LONGER;
    struct flood f = begin_flood(http);
    for (unsigned round = 0; round < o->rounds; round++) {
        pause_flood(&f, o);
        struct both alone = measure(&load, &t, http, o);
        kill(f.pid, SIGCONT);
        struct both beside = measure(&load, &t, http, o);
        if (rows[0].wanted)
            bench_row_add(&rows[0], &beside.bulk, &alone.bulk);
        if (rows[1].wanted)
            bench_row_add(&rows[1], &beside.healthz, &alone.healthz);
    }
    end_flood(&f);
    bench_child_stop(&t.child);
}
