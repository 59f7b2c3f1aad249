// SPDX-License-Identifier: Apache-2.0
// The thread of jobs gives way to the others. What jobs are is tests/http/http_job_test.c's.
#include "ports/posix/posix_jobs.h"
#include "tests/port/http_rig.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

// Threads of this process with that nice value.
static unsigned threads_with(int nice_value)
{
    DIR *d = opendir("/proc/self/task");
    unsigned count = 0;
    CHECK(d);
    for (const struct dirent *e; (e = readdir(d));)
        count += e->d_name[0] != '.' &&
                 getpriority(PRIO_PROCESS, (id_t)strtoul(e->d_name, NULL, 10)) == nice_value;
    closedir(d);
    return count;
}

TEST(jobs_give_way)
{
    const int ours = getpriority(PRIO_PROCESS, 0);
    CHECK(ours < POSIX_JOBS_NICE);
    CHECK_EQ(threads_with(POSIX_JOBS_NICE), 0);
    struct http_rig *r = http_rig_begin();
    for (unsigned ms = 0; threads_with(POSIX_JOBS_NICE) == 0 && ms < TCP_CLIENT_MS; ms++)
        usleep(1000);
    CHECK_EQ(threads_with(POSIX_JOBS_NICE), 1); // and the loop, and HTTP's, are as they were
    CHECK(threads_with(ours) >= 3);
    http_rig_end(r);
}
