// SPDX-License-Identifier: Apache-2.0
// Events as records of systemd's journal, which is played here.
#include "ports/linux/journal.h"
#include "ports/linux/log.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

// Whoever holds `lock` is why the journal takes nothing.
static struct {
    pthread_mutex_t lock;
    char text[4096]; // a field a line, an empty one behind each record
    int result;
} journal;

int sd_journal_sendv(const struct iovec *fields, int count);

int sd_journal_sendv(const struct iovec *fields, int count)
{
    CHECK_EQ(pthread_mutex_lock(&journal.lock), 0);
    for (int i = 0; i < count; i++) {
        strncat(journal.text, fields[i].iov_base, fields[i].iov_len);
        strcat(journal.text, "\n");
    }
    strcat(journal.text, "\n");
    pthread_mutex_unlock(&journal.lock);
    return journal.result;
}

struct rig {
    struct log log;
    struct eventlog *events;
    int fds[2];
    char text[1000]; // what came on the descriptor
};

static void begin(struct rig *r)
{
    pthread_mutexattr_t a;
    memset(&journal, 0, sizeof journal);
    pthread_mutexattr_init(&a);
    pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK); // the thread that holds it may not ask
    pthread_mutex_init(&journal.lock, &a);
    pthread_mutexattr_destroy(&a);
    CHECK_EQ(pipe(r->fds), 0);
    r->events = eventlog_create(&heap, 8);
    r->log = (struct log){EVENTLOG_INFO, LOG_JOURNAL, NULL, 0};
    r->log.output = output_create(r->fds[1], journal_write, log_lines_lost, &r->log);
    CHECK(r->log.output != NULL);
}

static void record(struct rig *r, enum eventlog_type type, const char *busid)
{
    struct eventlog_event e = {.what = {.type = type}, .session = 3};
    strncpy(e.busid, busid, sizeof e.busid - 1);
    strcpy(e.peer, "127.0.0.1:5123");
    eventlog_record(r->events, &e);
    log_events(&r->log, r->events, 0);
}

// All is written then.
static void end(struct rig *r)
{
    output_end(r->log.output, UINT64_MAX);
    close(r->fds[1]);
    ssize_t n = read(r->fds[0], r->text, sizeof r->text - 1);
    CHECK(n >= 0);
    r->text[n] = '\0';
    close(r->fds[0]);
    eventlog_destroy(r->events);
    pthread_mutex_destroy(&journal.lock);
}

TEST(journal_has_fields_of_an_event)
{
    struct rig r;
    begin(&r);
    record(&r, EVENT_IMPORTED, "1-1");
    end(&r);
    CHECK_STR(journal.text,
              "PRIORITY=6\nUSBIP_EVENT=imported\nUSBIP_BUSID=1-1\nUSBIP_PEER=127.0.0.1:5123\n"
              "USBIP_SESSION=3\nMESSAGE=session 3: 127.0.0.1:5123 imported 1-1\n\n");
    CHECK_STR(r.text, "");
}

// Only what the event has, by the names that JSON has for it.
TEST(journal_has_fields_by_the_names_of_json)
{
    struct rig r;
    begin(&r);
    record(&r, EVENT_LOGIN, "anna");
    CHECK(strstr((end(&r), journal.text), "\nUSBIP_EVENT=login\nUSBIP_USER=anna\n"));
    begin(&r);
    eventlog_record(r.events, &(struct eventlog_event){.what = {.type = EVENT_SERVER_STARTED}});
    log_events(&r.log, r.events, 0);
    end(&r);
    CHECK_STR(journal.text, "PRIORITY=6\nUSBIP_EVENT=server_started\nMESSAGE=server started\n\n");
}

TEST(journal_has_messages_of_the_program)
{
    struct rig r;
    begin(&r);
    log_message(&r.log, EVENTLOG_ERROR, "a\tb%c", '\n');
    log_message(&r.log, EVENTLOG_DEBUG, "below the level");
    end(&r);
    CHECK_STR(journal.text, "PRIORITY=3\nMESSAGE=a?b?\n\n");
}

TEST(journal_fields_are_not_made_by_words_of_clients)
{
    struct rig r;
    begin(&r);
    record(&r, EVENT_IMPORTED, "1\tPRIORITY=0\n\xff");
    end(&r);
    CHECK(strstr(journal.text, "\nUSBIP_BUSID=1?PRIORITY=0??\n"));
    CHECK(!strstr(journal.text, "\nPRIORITY=0"));
}

TEST(journal_that_takes_nothing_leaves_text)
{
    struct rig r;
    begin(&r);
    journal.result = -ECONNREFUSED;
    record(&r, EVENT_IMPORTED, "1-1");
    log_message(&r.log, EVENTLOG_ERROR, "a message");
    output_line(r.log.output, "a line\n");
    end(&r);
    CHECK_STR(r.text, "session 3: 127.0.0.1:5123 imported 1-1\na message\na line\n");
}

// The loop logs and goes on.
TEST(journal_that_blocks_stops_nobody)
{
    struct rig r;
    begin(&r);
    CHECK_EQ(pthread_mutex_lock(&journal.lock), 0);
    for (unsigned i = 0; i < 3; i++)
        record(&r, EVENT_IMPORTED, "1-1");
    CHECK_STR(journal.text, "");
    pthread_mutex_unlock(&journal.lock);
    end(&r);
    unsigned records = 0;
    for (const char *at = journal.text; (at = strstr(at, "\n\n")); at += 2)
        records++;
    CHECK_EQ(records, 3);
}
