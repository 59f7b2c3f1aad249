// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_child.h"

#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHILDREN_MAX = 4, READY_MS = 20000, LINE_MAX_BYTES = 512 };

static pid_t children[CHILDREN_MAX];

void bench_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void bench_pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < CPU_SETSIZE; i++) // the kernel leaves out those that we may not use
        if (cpu < 0 || i == cpu)
            CPU_SET(i, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        bench_die("cannot run on CPU %d", cpu);
}

int bench_last_cpu(void)
{
    cpu_set_t set;
    int last = 0;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return -1;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set))
            last = i;
    return last;
}

static void kill_children(void)
{
    for (int i = 0; i < CHILDREN_MAX; i++)
        if (children[i] > 0)
            bench_child_stop(&(struct bench_child){.pid = children[i]});
}

static void remember(pid_t pid)
{
    static int at_exit_set;
    if (!at_exit_set++)
        atexit(kill_children);
    for (int i = 0; i < CHILDREN_MAX; i++)
        if (!children[i]) {
            children[i] = pid;
            return;
        }
    kill(pid, SIGKILL);
    bench_die("too many children");
}

static _Noreturn void become(char *const argv[], int out, int cpu, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) // it died before the line above
        _exit(1);
    bench_pin(cpu);
    dup2(out, STDOUT_FILENO);
    execvp(argv[0], argv);
    perror(argv[0]);
    _exit(127);
}

// Reads the child's output up to its first whole line. The pipe stays open: a later line must not
// end the child with SIGPIPE.
static void read_line(int fd, char *line, const char *program)
{
    for (size_t n = 0; n < LINE_MAX_BYTES - 1; n++) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, READY_MS) <= 0 || read(fd, line + n, 1) != 1)
            break;
        line[n + 1] = '\0';
        if (line[n] == '\n')
            return;
    }
    bench_die("%s did not get ready", program);
}

static uint16_t read_port(int fd, const char *program)
{
    char line[LINE_MAX_BYTES];
    do
        read_line(fd, line, program);
    while (!strstr(line, "listening on "));
    unsigned long port = strtoul(strrchr(line, ':') + 1, NULL, 10);
    if (port == 0 || port > UINT16_MAX)
        bench_die("%s says no port: %s", program, line);
    return (uint16_t)port;
}

struct bench_child bench_child_start(char *const argv[], int cpu)
{
    int out[2];
    pid_t self = getpid();
    if (pipe(out) != 0)
        bench_die("no pipe");
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        bench_die("cannot fork");
    if (pid == 0)
        become(argv, out[1], cpu, self);
    remember(pid);
    close(out[1]);
    return (struct bench_child){pid, read_port(out[0], argv[0]), out[0]};
}

uint16_t bench_child_next_port(const struct bench_child *c)
{
    return read_port(c->out, "a server");
}

static void end_with(const struct bench_child *c, int signal)
{
    kill(c->pid, signal);
    waitpid(c->pid, NULL, 0);
    for (int i = 0; i < CHILDREN_MAX; i++)
        if (children[i] == c->pid)
            children[i] = 0;
}

void bench_child_stop(const struct bench_child *c)
{
    end_with(c, SIGKILL);
}

void bench_child_end(const struct bench_child *c)
{
    end_with(c, SIGTERM);
}

// The number behind `name` in a file of /proc/PID, 0 if there is none.
static unsigned long read_figure(const struct bench_child *c, const char *file, const char *name)
{
    char path[64], line[256];
    unsigned long figure = 0;
    size_t length = strlen(name);
    snprintf(path, sizeof path, "/proc/%d/%s", (int)c->pid, file);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, name, length) == 0) {
            figure = strtoul(line + length, NULL, 10);
            break;
        }
    if (f)
        fclose(f);
    return figure;
}

struct bench_cost bench_child_cost(const struct bench_child *c)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(c->pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        bench_die("process %d has no CPU clock", (int)c->pid);
    // In /proc/PID/status these are the main thread's alone.
    return (struct bench_cost){
        .cpu_us = (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3,
        .wake_ups = (double)read_figure(c, "status", "voluntary_ctxt_switches:"),
    };
}

struct bench_cost bench_child_cost_since(const struct bench_child *c,
                                         const struct bench_cost *before, unsigned urbs)
{
    struct bench_cost now = bench_child_cost(c);
    return (struct bench_cost){(now.cpu_us - before->cpu_us) / urbs,
                               (now.wake_ups - before->wake_ups) / urbs};
}

double bench_child_loop_us(const struct bench_child *c)
{
    char path[64];
    uint64_t ns = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", (int)c->pid, (int)c->pid);
    FILE *f = fopen(path, "r");
    if (!f || fscanf(f, "%" SCNu64, &ns) != 1)
        bench_die("%s cannot be read", path);
    fclose(f);
    return (double)ns / 1e3;
}

// From smaps_rollup, which counts pages; the number in statm may be off by some hundred KiB.
uint64_t bench_child_rss_bytes(const struct bench_child *c)
{
    return (uint64_t)read_figure(c, "smaps_rollup", "Rss:") * 1024;
}
