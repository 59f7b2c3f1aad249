// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/journal.h"
#include "api/api.h"
#include "base/base_text.h"

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <string.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

enum { FIELDS = 8 };

// Between two fields of a line: no printable text has it.
static const char separator = '\t';

bool journal_is_there(void)
{
    return access("/run/systemd/journal/socket", F_OK) == 0;
}

unsigned journal_priority(enum eventlog_level level)
{
    static const unsigned priorities[] = {
        [EVENTLOG_ERROR] = 3,
        [EVENTLOG_WARNING] = 4,
        [EVENTLOG_INFO] = 6,
        [EVENTLOG_DEBUG] = 7,
    };
    return priorities[level];
}

// --- a line --------------------------------------------------------------------------------------

// "busid" becomes "USBIP_BUSID=".
static void put_name(struct base_text *t, const char *name)
{
    base_text_str(t, "USBIP_");
    for (; *name; name++)
        base_text_char(t, *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name);
    base_text_char(t, '=');
}

// Words of clients: nothing in them begins another field.
static void put_field(struct base_text *t, const char *name, const char *value)
{
    if (!value[0])
        return;
    put_name(t, name);
    for (; *value; value++)
        base_text_char(t, *value < ' ' || *value > '~' ? '?' : *value);
    base_text_char(t, separator);
}

static void put_event(struct base_text *t, const struct eventlog_event *e)
{
    put_field(t, "event", eventlog_name(e->what.type));
    put_field(t, api_event_busid_name(e), e->busid);
    put_field(t, api_event_peer_name(e), e->peer);
    if (!e->session)
        return;
    put_name(t, "session");
    base_text_u64(t, e->session);
    base_text_char(t, separator);
}

// The message last: it is what may be cut.
size_t journal_record(char *line, size_t size, enum eventlog_level level, const char *text,
                      const struct eventlog_event *e)
{
    struct base_text t;
    base_text_init(&t, line, size - 1);
    base_text_str(&t, "PRIORITY=");
    base_text_u64(&t, journal_priority(level));
    base_text_char(&t, separator);
    if (e)
        put_event(&t, e);
    base_text_str(&t, "MESSAGE=");
    base_text_str(&t, text);
    size_t n = strlen(line);
    line[n] = '\n';
    return n + 1;
}

// --- the journal ---------------------------------------------------------------------------------

static bool send_fields(const char *line, const char *end)
{
    struct iovec fields[FIELDS];
    int count = 0;
    if (strncmp(line, "PRIORITY=", 9) != 0)
        return false;
    while (line < end && count < FIELDS) {
        const char *stop = memchr(line, separator, (size_t)(end - line));
        stop = stop ? stop : end;
        fields[count++] = (struct iovec){(void *)(uintptr_t)line, (size_t)(stop - line)};
        line = stop + 1;
    }
    return sd_journal_sendv(fields, count) == 0;
}

// The message is behind the last separator.
static void write_text(int fd, const char *line, const char *end)
{
    const char *tab = memrchr(line, separator, (size_t)(end - line));
    const char *text = tab ? tab + sizeof "MESSAGE=" : line;
    output_write(fd, text, (size_t)(end + 1 - text));
}

void journal_write(int fd, const char *lines, size_t size)
{
    const char *behind = lines + size, *end;
    for (; lines < behind; lines = end + 1) {
        end = memchr(lines, '\n', (size_t)(behind - lines));
        if (!send_fields(lines, end))
            write_text(fd, lines, end);
    }
}
