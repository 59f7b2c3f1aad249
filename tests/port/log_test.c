// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/log.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"

#include <cJSON.h>
#include <string.h>
#include <unistd.h>

struct rig {
    struct log log;
    struct eventlog *events;
    int read_fd, write_fd;
    char text[8192];
};

static void begin(struct rig *r, unsigned capacity, enum eventlog_level level,
                  enum log_format format)
{
    int fds[2];
    CHECK_EQ(pipe(fds), 0);
    r->events = eventlog_create(&heap, capacity);
    r->read_fd = fds[0];
    r->write_fd = fds[1];
    r->log = (struct log){level, format,
                          output_create(fds[1], output_write, log_lines_lost, &r->log), 0};
    CHECK(r->log.output != NULL);
}

static void record(struct rig *r, enum eventlog_type type, const char *busid)
{
    struct eventlog_event e = {.time_us = 1500000, .what = {.type = type}, .session = 3};
    strncpy(e.busid, busid, sizeof e.busid - 1);
    strcpy(e.peer, "127.0.0.1:5123");
    eventlog_record(r->events, &e);
}

// Writes what is new and returns all that was logged, the end included.
static char *finish(struct rig *r)
{
    log_events(&r->log, r->events, 1500000);
    output_end(r->log.output, UINT64_MAX);
    close(r->write_fd);
    ssize_t n = read(r->read_fd, r->text, sizeof r->text - 1);
    CHECK(n >= 0);
    r->text[n] = '\0';
    close(r->read_fd);
    eventlog_destroy(r->events);
    return r->text;
}

// "2026-03-01T12:34:56.789+01:00"; returns what is behind it.
static const char *check_stamp(const char *text)
{
    static const char pattern[] = "0000-00-00T00:00:00.000+00:00";
    for (unsigned i = 0; pattern[i]; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        bool same = pattern[i] == '0' ? digit : text[i] == pattern[i];
        if (!same && !(pattern[i] == '+' && text[i] == '-'))
            check_fail(__FILE__, __LINE__, "no time of day: %.40s", text);
    }
    return text + strlen(pattern);
}

TEST(log_text_line)
{
    struct rig r;
    begin(&r, 8, EVENTLOG_INFO, LOG_TEXT);
    record(&r, EVENT_IMPORTED, "1-1");
    const char *text = check_stamp(finish(&r));
    CHECK(strncmp(text, " info    ", 9) == 0);
    CHECK(strstr(text, "1-1") != NULL);
    CHECK(strchr(text, '\n') == strrchr(text, '\n'));
    CHECK_EQ(text[strlen(text) - 1], '\n');
}

TEST(log_json_line)
{
    struct rig r;
    begin(&r, 8, EVENTLOG_INFO, LOG_JSON);
    r.log.last = 1; // the start, 1.25 s before
    eventlog_record(r.events, &(struct eventlog_event){.time_us = 250000, .what = {.type = 1}});
    record(&r, EVENT_IMPORTED, "1-1");
    cJSON *o = cJSON_Parse(finish(&r));
    CHECK(o != NULL);
    check_stamp(cJSON_GetStringValue(cJSON_GetObjectItem(o, "time")));
    CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(o, "type")), "imported");
    CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(o, "level")), "info");
    CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(o, "busid")), "1-1");
    CHECK(cJSON_GetNumberValue(cJSON_GetObjectItem(o, "uptime_s")) == 1.25);
    CHECK_EQ(cJSON_GetNumberValue(cJSON_GetObjectItem(o, "session")), 3);
    cJSON_Delete(o);
}

TEST(log_level_filters)
{
    struct rig r;
    begin(&r, 8, EVENTLOG_WARNING, LOG_TEXT);
    record(&r, EVENT_IMPORTED, "1-1");
    log_message(&r.log, EVENTLOG_INFO, "not this");
    log_message(&r.log, EVENTLOG_ERROR, "but %s", "this");
    const char *text = check_stamp(finish(&r));
    CHECK_STR(text, " error   but this\n");
}

TEST(log_events_once)
{
    struct rig r;
    begin(&r, 8, EVENTLOG_DEBUG, LOG_TEXT);
    record(&r, EVENT_IMPORTED, "1-1");
    log_events(&r.log, r.events, 1500000);
    const char *text = finish(&r);
    CHECK(strchr(text, '\n') == strrchr(text, '\n'));
}

TEST(log_says_how_many_events_were_lost)
{
    struct rig r;
    begin(&r, 2, EVENTLOG_DEBUG, LOG_TEXT);
    for (unsigned i = 0; i < 7; i++)
        record(&r, EVENT_IMPORTED, "1-1");
    const char *text = check_stamp(finish(&r));
    CHECK(strstr(text, " warning 5 events were lost before they were logged\n") == text);
}

// Words of a client do not reach the terminal or break the line.
TEST(log_text_is_printable)
{
    struct rig r;
    begin(&r, 8, EVENTLOG_DEBUG, LOG_TEXT);
    record(&r, EVENT_IMPORTED, "a\n\x1b[2J\x9b\xff");
    log_message(&r.log, EVENTLOG_INFO, "b\r\n");
    const char *text = finish(&r);
    CHECK(strstr(text, "a??[2J??") != NULL);
    CHECK(strstr(text, "b??\n") != NULL);
}

TEST(log_json_message)
{
    struct rig r;
    begin(&r, 8, EVENTLOG_DEBUG, LOG_JSON);
    log_message(&r.log, EVENTLOG_WARNING, "a \"%s\"", "quote");
    cJSON *o = cJSON_Parse(finish(&r));
    CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(o, "text")), "a \"quote\"");
    CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(o, "level")), "warning");
    CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(o, "type")), "message");
    cJSON_Delete(o);
}

// Whatever the level is, and in the log's own format.
TEST(log_says_how_many_lines_nobody_read)
{
    struct rig r;
    begin(&r, 8, EVENTLOG_ERROR, LOG_TEXT);
    log_lines_lost(&r.log, 12);
    CHECK_STR(check_stamp(finish(&r)), " error   12 lines are missing here: nobody read the log\n");
    begin(&r, 8, EVENTLOG_DEBUG, LOG_JSON);
    log_lines_lost(&r.log, 3);
    cJSON *o = cJSON_Parse(finish(&r));
    CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(o, "level")), "warning");
    cJSON_Delete(o);
}
