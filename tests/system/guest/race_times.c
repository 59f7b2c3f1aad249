// SPDX-License-Identifier: Apache-2.0
// race_times read|write DISK BYTES COUNT [PID...]: moves BYTES at a time past the cache, one
// request behind the other from the start of the disk, again from there at its end. race_times
// control NODE LENGTH COUNT [PID...]: asks a device (a node of /dev/bus/usb) for its device
// descriptor. Prints in microseconds for one request: the median of its time; the time that the CPU
// was not idle; and the time that the threads of the processes PID ran.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/usb/ch9.h>
#include <linux/usbdevice_fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT_MS = 5000, PATTERN = 0x5a };

struct race {
    int fd;
    bool control, write;
    size_t bytes, count;
    off_t at, size; // of the disk
    void *data;
};

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

// idle + iowait since the start of the machine
static double idle_us(void)
{
    double idle = 0, wait = 0;
    FILE *f = fopen("/proc/stat", "r");
    if (!f || fscanf(f, "cpu %*f %*f %*f %lf %lf", &idle, &wait) != 2)
        exit(2);
    fclose(f);
    return (idle + wait) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static double process_us(const char *pid)
{
    char path[300];
    double sum = 0, ns;
    snprintf(path, sizeof path, "/proc/%s/task", pid);
    DIR *threads = opendir(path);
    for (struct dirent *t; threads && (t = readdir(threads));) {
        snprintf(path, sizeof path, "/proc/%s/task/%s/schedstat", pid, t->d_name);
        FILE *f = t->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (f && fscanf(f, "%lf", &ns) == 1)
            sum += ns / 1e3;
        if (f)
            fclose(f);
    }
    if (threads)
        closedir(threads);
    return sum;
}

static double processes_us(char **pids)
{
    double sum = 0;
    for (; *pids; pids++)
        sum += process_us(*pids);
    return sum;
}

static bool ask(struct race *r)
{
    struct usbdevfs_ctrltransfer get_descriptor = {
        .bRequestType = USB_DIR_IN,
        .bRequest = USB_REQ_GET_DESCRIPTOR,
        .wValue = USB_DT_DEVICE << 8,
        .wLength = (uint16_t)r->bytes,
        .timeout = TIMEOUT_MS,
        .data = r->data,
    };
    return ioctl(r->fd, USBDEVFS_CONTROL, &get_descriptor) > 0;
}

static bool move(struct race *r)
{
    if (r->at + (off_t)r->bytes > r->size)
        r->at = 0;
    ssize_t n =
        r->write ? pwrite(r->fd, r->data, r->bytes, r->at) : pread(r->fd, r->data, r->bytes, r->at);
    r->at += n;
    return n == (ssize_t)r->bytes;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool begin(struct race *r, char **argv)
{
    r->control = strcmp(argv[1], "control") == 0;
    r->write = strcmp(argv[1], "write") == 0;
    r->bytes = strtoul(argv[3], NULL, 10);
    r->count = strtoul(argv[4], NULL, 10);
    r->fd = open(argv[2], r->control ? O_RDWR : O_RDWR | O_DIRECT);
    if (r->fd < 0 || posix_memalign(&r->data, 4096, r->bytes))
        return false;
    memset(r->data, PATTERN, r->bytes);
    r->size = r->control ? 0 : lseek(r->fd, 0, SEEK_END);
    return r->count > 0;
}

// The time of each request; false: one failed.
static bool run(struct race *r, size_t count, double *us)
{
    for (size_t i = 0; i < count; i++) {
        double before = now_us();
        if (!(r->control ? ask(r) : move(r)))
            return false;
        us[i] = now_us() - before;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct race r = {0};
    if (argc < 5 || !begin(&r, argv)) {
        perror("race_times");
        return 2;
    }
    double *us = calloc(r.count, sizeof *us);
    bool ok = us && run(&r, r.count / 4, us);
    double servers = processes_us(argv + 5), idle = idle_us(), start = now_us();
    ok = ok && run(&r, r.count, us);
    double busy = now_us() - start - (idle_us() - idle), n = (double)r.count;
    servers = processes_us(argv + 5) - servers;
    if (!ok) {
        perror("race_times");
        return 1;
    }
    qsort(us, r.count, sizeof *us, compare);
    printf("%.2f %.2f %.2f\n", us[r.count / 2], busy / n, servers / n);
    free(us);
    return 0;
}
