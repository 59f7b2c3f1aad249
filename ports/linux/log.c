// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/log.h"
#include "api/api.h"
#include "ports/linux/journal.h"

#include <cJSON.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { STAMP_SIZE = 40, TEXT_SIZE = 512, LINE_SIZE = 1024 };

// The local time `age_us` ago: "2026-03-01T12:34:56.789+01:00".
static void write_stamp(char stamp[STAMP_SIZE], uint64_t age_us)
{
    struct timespec now;
    struct tm tm;
    char date[24], zone[8];
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000 - age_us;
    time_t seconds = (time_t)(us / 1000000);
    localtime_r(&seconds, &tm);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
    strftime(zone, sizeof zone, "%z", &tm); // "+0100"
    snprintf(stamp, STAMP_SIZE, "%s.%03u%.3s:%s", date, (unsigned)(us / 1000 % 1000), zone,
             zone + 3);
}

// Text of events has words of clients in it, which must not reach a terminal as they are. `e`: NULL
// if it is none of an event.
static void put_text(const struct log *l, const char *stamp, enum eventlog_level level, char *text,
                     const struct eventlog_event *e)
{
    char line[LINE_SIZE];
    int n;
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    if (l->format == LOG_JOURNAL)
        n = (int)journal_record(line, sizeof line, level, text, e);
    else if (l->format == LOG_PRIORITIES)
        n = snprintf(line, sizeof line, "<%u>%s\n", journal_priority(level), text);
    else
        n = snprintf(line, sizeof line, "%s %-7s %s\n", stamp, eventlog_level_name(level), text);
    output_put(l->output, line, (size_t)n);
}

// Puts the time in front of the members of a JSON object. Frees `json`; NULL: no memory, no line.
static void put_json(const struct log *l, const char *stamp, char *json)
{
    if (!json)
        return;
    size_t size = strlen(json) + STAMP_SIZE + 16;
    char *line = cJSON_malloc(size);
    if (line) {
        int n = snprintf(line, size, "{\"time\":\"%s\",%s\n", stamp, json + 1);
        output_put(l->output, line, (size_t)n);
    }
    cJSON_free(line);
    cJSON_free(json);
}

static char *message_json(enum eventlog_level level, const char *text)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "level", eventlog_level_name(level));
    cJSON_AddStringToObject(o, "type", "message");
    cJSON_AddStringToObject(o, "text", text);
    char *json = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    return json;
}

void log_message(const struct log *l, enum eventlog_level level, const char *format, ...)
{
    char stamp[STAMP_SIZE], text[TEXT_SIZE];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (level > l->level || n < 0)
        return;
    write_stamp(stamp, 0);
    if (l->format == LOG_JSON)
        put_json(l, stamp, message_json(level, text));
    else
        put_text(l, stamp, level, text, NULL);
}

void log_lines_lost(void *log, uint64_t lines)
{
    const struct log *l = log;
    enum eventlog_level level = l->level < EVENTLOG_WARNING ? l->level : EVENTLOG_WARNING;
    log_message(l, level, "%" PRIu64 " lines are missing here: nobody read the log", lines);
}

static void write_event(const struct log *l, const struct eventlog_event *e, uint64_t now_us)
{
    char stamp[STAMP_SIZE], text[TEXT_SIZE];
    write_stamp(stamp, now_us > e->time_us ? now_us - e->time_us : 0);
    if (l->format == LOG_JSON) {
        put_json(l, stamp, api_event_json(e));
    } else {
        eventlog_text(e, text, sizeof text);
        put_text(l, stamp, eventlog_level(e), text, e);
    }
}

void log_events(struct log *l, const struct eventlog *events, uint64_t now_us)
{
    const struct eventlog_event *e;
    while ((e = eventlog_next(events, l->last)) != NULL) {
        uint64_t lost = e->number - l->last - 1;
        if (lost)
            log_message(l, EVENTLOG_WARNING, "%" PRIu64 " events were lost before they were logged",
                        lost);
        l->last = e->number;
        if (eventlog_level(e) <= l->level)
            write_event(l, e, now_us);
    }
}
