// SPDX-License-Identifier: Apache-2.0
// What every HTTP adapter does with answers that take long.
#include "ports/posix/posix_jobs.h"
#include "tests/http/http_adapter.h"
#include "tests/http/http_fake_api.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 16 };

static void begin(void)
{
    http_fake_begin();
    http_adapter_begin();
}

static void finish(void)
{
    http_adapter_end();
    CHECK_EQ(http_fake_jobs(), 0);
}

#define JOB_TEST(id) TEST_BETWEEN(id, begin(), finish())

static int ask(const char *name)
{
    char request[200];
    int fd = http_adapter_connect();
    int n = snprintf(request, sizeof request,
                     "POST /job/%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                     "Content-Length: 2\r\n\r\n{}",
                     name);
    CHECK(tcp_client_send(fd, request, (size_t)n, TCP_CLIENT_MS));
    return fd;
}

// Returns the status.
static int read_answer(int fd, char answer[1000])
{
    int status = 0;
    long n = tcp_client_recv_all(fd, answer, 999, TCP_CLIENT_MS);
    CHECK(n > 0);
    answer[n] = '\0';
    CHECK_EQ(sscanf(answer, "HTTP/1.1 %d ", &status), 1);
    close(fd);
    return status;
}

static void answers(int fd, int status, const char *body)
{
    char answer[1000];
    CHECK_EQ(read_answer(fd, answer), status);
    CHECK_STR(strstr(answer, "\r\n\r\n") + 4, body);
}

static void others_are_answered(void)
{
    size_t size;
    const char *answer = http_adapter_send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n", &size);
    CHECK(strstr(answer, "GET /x  0:"));
}

static void await_jobs(unsigned count)
{
    for (unsigned ms = 0; http_fake_jobs() != count; ms++) {
        if (ms >= TCP_CLIENT_MS)
            CHECK_EQ(http_fake_jobs(), count);
        usleep(1000);
    }
}

JOB_TEST(http_job_stops_nobody)
{
    int fd = ask("slow");
    http_fake_await_run();
    others_are_answered();
    http_fake_let_run(1);
    answers(fd, 200, "slow 1");
    answers(ask("none"), 200, "none 2"); // nothing to run
}

// Each begins when the one before it has ended.
JOB_TEST(http_jobs_keep_their_order)
{
    int first = ask("a");
    http_fake_await_run();
    int second = ask("b");
    await_jobs(2);
    others_are_answered();
    http_fake_let_run(1);
    answers(first, 200, "a 1");
    http_fake_await_run();
    http_fake_let_run(1);
    answers(second, 200, "b 2");
}

JOB_TEST(http_jobs_only_so_many_wait)
{
    int fd[MOST];
    char answer[1000], body[20];
    for (unsigned i = 0; i < http_adapter_jobs; i++) {
        fd[i] = ask("a");
        await_jobs(i + 1);
        if (i == 0)
            http_fake_await_run();
    }
    CHECK_EQ(read_answer(ask("b"), answer), 503);
    CHECK(strstr(answer, "\r\nRetry-After: 1\r\n") && strstr(answer, "application/problem+json"));
    others_are_answered();
    http_fake_let_run(http_adapter_jobs);
    for (unsigned i = 0; i < http_adapter_jobs; i++) {
        snprintf(body, sizeof body, "a %u", i + 1);
        answers(fd[i], 200, body);
    }
    http_fake_let_run(1);
    answers(ask("c"), 200, http_adapter_jobs == 2 ? "c 3" : "c 10"); // there is room again
}

// A flood of logins is no reason to refuse who is logged in.
JOB_TEST(http_jobs_of_nobody_leave_room)
{
    const unsigned most = http_adapter_jobs_of_nobody;
    int fd[MOST], known;
    char answer[1000], body[20];
    for (unsigned i = 0; i < most; i++) {
        fd[i] = ask("nobody");
        await_jobs(i + 1);
        if (i == 0)
            http_fake_await_run();
    }
    CHECK_EQ(read_answer(ask("nobody"), answer), 503);
    known = ask("a");
    await_jobs(most + 1);
    http_fake_let_run(most + 1);
    for (unsigned i = 0; i < most; i++)
        CHECK_EQ(read_answer(fd[i], answer), 200);
    snprintf(body, sizeof body, "a %u", most + 1);
    answers(known, 200, body);
    http_fake_let_run(1);
    CHECK_EQ(read_answer(ask("nobody"), answer), 200); // there is room again
}

JOB_TEST(http_job_whose_client_has_gone)
{
    int fd = ask("a");
    http_fake_await_run();
    tcp_client_reset(fd);
    int second = ask("b");
    await_jobs(2);
    close(second); // has not even begun
    http_fake_let_run(2);
    await_jobs(0);
    others_are_answered();
}

static void *end(void *unused)
{
    http_adapter_end();
    return unused;
}

// The job that runs comes to its end; who waits behind it is told that there will be none.
TEST(http_jobs_when_the_server_ends)
{
    pthread_t thread;
    char answer[1000];
    begin();
    int running = ask("a");
    http_fake_await_run();
    int waiting = ask("b");
    await_jobs(2);
    CHECK_EQ(pthread_create(&thread, NULL, end, NULL), 0);
    http_fake_let_run(2);
    answers(running, 200, "a 1");
    int status = read_answer(waiting, answer);
    CHECK(status == 503 || status == 200); // it may have been in time
    CHECK(strstr(answer, status == 503 ? "shutting down" : "b 2"));
    pthread_join(thread, NULL);
    CHECK_EQ(http_fake_jobs(), 0);
}
