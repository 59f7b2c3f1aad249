// SPDX-License-Identifier: Apache-2.0
// Stand-in for what newlib and lwIP of ESP-IDF have under this name and picolibc has not: as much
// as the sources use, to compile with.
#pragma once

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

typedef uint32_t pthread_t;
typedef uint32_t pthread_mutex_t;
typedef uint32_t pthread_cond_t;

typedef struct {
    int is_initialized;
    void *stackaddr;
    int stacksize;
    int detachstate;
} pthread_attr_t;

typedef struct {
    int is_initialized;
    int type;
    int recursive;
} pthread_mutexattr_t;

typedef struct {
    int is_initialized;
    clock_t clock;
} pthread_condattr_t;

#define PTHREAD_MUTEX_INITIALIZER ((pthread_mutex_t)0xFFFFFFFF)
#define PTHREAD_COND_INITIALIZER ((pthread_cond_t)0xFFFFFFFF)

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start_routine)(void *),
                   void *arg);
int pthread_join(pthread_t thread, void **retval);
int pthread_detach(pthread_t thread);
pthread_t pthread_self(void);
int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr);
int pthread_mutex_destroy(pthread_mutex_t *mutex);
int pthread_mutex_lock(pthread_mutex_t *mutex);
int pthread_mutex_unlock(pthread_mutex_t *mutex);
int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr);
int pthread_cond_destroy(pthread_cond_t *cond);
int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                           const struct timespec *abstime);
int pthread_cond_signal(pthread_cond_t *cond);
int pthread_cond_broadcast(pthread_cond_t *cond);
