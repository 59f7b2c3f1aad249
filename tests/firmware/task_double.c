// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/task_double.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "tests/support/check.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { TASKS = 32 };

// A thread's own; those of threads that no task was created for are never in use.
struct tskTaskControlBlock {
    const char *name;
    TaskFunction_t run;
    void *arg;
    sem_t notified; // how often, without upper limit
    bool in_use;
};

static struct tskTaskControlBlock tasks[TASKS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // guards `tasks`
static _Thread_local TaskHandle_t current;

static TaskHandle_t take(const char *name)
{
    TaskHandle_t found = NULL;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < TASKS && !found; i++)
        if (!tasks[i].in_use)
            found = &tasks[i];
    if (found) {
        *found = (struct tskTaskControlBlock){.name = name, .in_use = true};
        sem_init(&found->notified, 0, 0);
    }
    pthread_mutex_unlock(&lock);
    return found;
}

static void *begin(void *task)
{
    current = task;
    current->run(current->arg);
    check_fail(__FILE__, __LINE__, "the task %s has returned, which FreeRTOS does not survive",
               current->name);
}

BaseType_t xTaskCreatePinnedToCore(TaskFunction_t pxTaskCode, const char *const pcName,
                                   const uint32_t ulStackDepth, void *const pvParameters,
                                   UBaseType_t uxPriority, TaskHandle_t *const pxCreatedTask,
                                   const BaseType_t xCoreID)
{
    pthread_t thread;
    TaskHandle_t task = take(pcName);
    CHECK(task && ulStackDepth >= 2048 && uxPriority < 25 && xCoreID >= 0 && xCoreID < 2);
    task->run = pxTaskCode;
    task->arg = pvParameters;
    if (pxCreatedTask)
        *pxCreatedTask = task;
    if (pthread_create(&thread, NULL, begin, task) != 0)
        return pdFAIL;
    pthread_detach(thread);
    return pdPASS;
}

void vTaskDelete(TaskHandle_t xTaskToDelete)
{
    CHECK(!xTaskToDelete && current); // only of the caller
    pthread_mutex_lock(&lock);
    current->in_use = false;
    pthread_mutex_unlock(&lock);
    pthread_exit(NULL);
}

TaskHandle_t xTaskGetCurrentTaskHandle(void)
{
    return current;
}

static atomic_uint notices;

unsigned task_double_notices(void)
{
    return atomic_load(&notices);
}

BaseType_t xTaskNotifyGive(TaskHandle_t xTaskToNotify)
{
    atomic_fetch_add(&notices, 1);
    sem_post(&xTaskToNotify->notified);
    return pdPASS;
}

uint32_t ulTaskNotifyTake(BaseType_t xClearCountOnExit, TickType_t xTicksToWait)
{
    struct timespec until;
    CHECK(xClearCountOnExit && current);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(xTicksToWait / configTICK_RATE_HZ);
    if (sem_timedwait(&current->notified, &until) != 0)
        return 0;
    while (sem_trywait(&current->notified) == 0)
        ;
    return 1;
}

bool task_double_runs(const char *name)
{
    bool found = false;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < TASKS; i++)
        found |= tasks[i].in_use && strcmp(tasks[i].name, name) == 0;
    pthread_mutex_unlock(&lock);
    return found;
}

bool task_double_is(const char *name)
{
    return current && strcmp(current->name, name) == 0;
}
