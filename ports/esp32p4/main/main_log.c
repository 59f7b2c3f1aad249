// SPDX-License-Identifier: Apache-2.0
#include "main_log.h"
#include "main_tasks.h"

#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#include <string.h>

enum { EVENTS = 8, LINE_SIZE = 256 };

static const char tag[] = "usbip";

// Some events, as a copy that the loop task made.
struct batch {
    struct main_log *log;
    struct eventlog_event events[EVENTS];
    unsigned count;
};

// Loop task.
static void copy_events(void *arg)
{
    struct batch *b = arg;
    const struct eventlog_event *e;
    uint64_t after = b->log->written;
    while (b->count < EVENTS &&
           (e = eventlog_next(server_eventlog(b->log->server), after)) != NULL) {
        b->events[b->count++] = *e;
        after = e->number;
    }
}

static void write_event(const struct eventlog_event *e)
{
    char line[LINE_SIZE];
    eventlog_text(e, line, sizeof line);
    for (char *c = line; *c; c++) // a client's words must not steer the terminal
        if (*c < ' ' || *c > '~')
            *c = '?';
    switch (eventlog_level(e)) {
    case EVENTLOG_ERROR:
        ESP_LOGE(tag, "%s", line);
        break;
    case EVENTLOG_WARNING:
        ESP_LOGW(tag, "%s", line);
        break;
    case EVENTLOG_INFO:
        ESP_LOGI(tag, "%s", line);
        break;
    case EVENTLOG_DEBUG:
        ESP_LOGD(tag, "%s", line);
        break;
    }
}

// False: the loop has ended.
static bool write_batch(struct main_log *l, struct batch *b)
{
    *b = (struct batch){.log = l};
    if (!posix_loop_call(l->loop, copy_events, b))
        return false;
    for (unsigned i = 0; i < b->count; i++) {
        uint64_t lost = b->events[i].number - l->written - 1;
        if (lost > 0 && l->written > 0)
            ESP_LOGW(tag, "%u events were lost before they were logged", (unsigned)lost);
        l->written = b->events[i].number;
        write_event(&b->events[i]);
    }
    return true;
}

static void log_task(void *arg)
{
    static struct batch batch; // one log task, and too large for its stack
    struct main_log *l = arg;
    main_task_watch();
    atomic_store(&l->task, (uintptr_t)xTaskGetCurrentTaskHandle());
    while (write_batch(l, &batch)) {
        main_task_alive();
        if (batch.count == 0)
            (void)ulTaskNotifyTake(pdTRUE, pdMS_TO_TICKS(MAIN_TASK_WAIT_MS));
    }
    main_task_end();
}

// Events of earlier runs are in the ring as well; they have been written then.
static uint64_t last_of_earlier_runs(const struct eventlog *events)
{
    const struct eventlog_event *e;
    uint64_t last = 0;
    while ((e = eventlog_next(events, last)) != NULL && e->boot != eventlog_boot(events))
        last = e->number;
    return last;
}

void main_log_start(struct main_log *l, struct posix_loop *loop, struct usbip_server *server)
{
    l->loop = loop;
    l->server = server;
    l->task = 0;
    l->told = l->written = last_of_earlier_runs(server_eventlog(server));
    main_task_start(&main_task_log, log_task, l);
}

bool main_log_turn(struct main_log *l)
{
    const struct eventlog *events = server_eventlog(l->server);
    const struct eventlog_event *e;
    bool news = false;
    while ((e = eventlog_next(events, l->told)) != NULL) {
        l->told = e->number;
        news = true;
    }
    TaskHandle_t task = (TaskHandle_t)atomic_load(&l->task);
    if (news && task)
        (void)xTaskNotifyGive(task);
    return news;
}
