// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_instructions.h"

#include "bench/bench_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// What comes between them is two seconds of the camera: 60 pictures, give or take one.
enum { FEW = 50, MANY = 550, QUICK_MANY = 60, OPTION_SIZE = 32 };

#define INSTRUCTIONS_ROW(row_name)                                                                 \
    {                                                                                              \
        .name = (row_name), .unit = "instr", .against = "bulk"                                     \
    }

const struct bench_row bench_instructions_rows[BENCH_STREAMS] = {
    INSTRUCTIONS_ROW("instructions_iso_camera"),
    INSTRUCTIONS_ROW("instructions_iso_yuy2"),
    INSTRUCTIONS_ROW("instructions_iso_audio"),
};

// A file without a name that valgrind inherits, for what it says at the end.
static FILE *open_log(char option[OPTION_SIZE])
{
    int fd = memfd_create("log", 0);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    if (!f)
        bench_die("no file in memory");
    snprintf(option, OPTION_SIZE, "--log-fd=%d", fd);
    return f;
}

static double read_count(FILE *log)
{
    char line[256];
    double count = 0;
    rewind(log);
    while (fgets(line, sizeof line, log)) {
        const char *at = strstr(line, "Collected : ");
        if (at)
            count = strtod(strchr(at, ':') + 1, NULL);
    }
    fclose(log);
    if (count <= 0)
        bench_die("valgrind has counted nothing");
    return count;
}

// All that a server executes from its start to its end if it moves so many URBs: isochronous ones,
// whose average size is stored in *urb_bytes, or bulk ones of that size.
static double count(unsigned stream, const struct bench_options *o, bool bulk, unsigned urbs,
                    uint32_t *urb_bytes)
{
    char option[OPTION_SIZE];
    FILE *log = open_log(option);
    const char *const under[] = {"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                                 option, NULL};
    const struct bench_server s = {
        .program = o->server, .sim = BENCH_STREAM_SIM, .under = under, .cpu = o->server_cpu};
    struct bench_child server = bench_server_start(&s);
    if (bulk)
        bench_stream_run_bulk(stream, &server, urbs, *urb_bytes);
    else
        bench_stream_run_iso(stream, &server, urbs, urb_bytes);
    bench_child_end(&server);
    return read_count(log);
}

// What start and end cost is in both counts.
static struct bench_figures count_urb(unsigned stream, const struct bench_options *o, bool bulk,
                                      uint32_t *urb_bytes)
{
    unsigned urbs = o->quick ? QUICK_MANY : MANY;
    double few = count(stream, o, bulk, FEW, urb_bytes);
    double many = count(stream, o, bulk, urbs, urb_bytes);
    return (struct bench_figures){.value = (many - few) / (urbs - FEW)};
}

void bench_instructions_measure(struct bench_row rows[BENCH_STREAMS], const struct bench_options *o)
{
    for (unsigned i = 0; i < BENCH_STREAMS; i++) {
        uint32_t urb_bytes;
        if (!rows[i].wanted)
            continue;
        struct bench_figures iso = count_urb(i, o, false, &urb_bytes);
        struct bench_figures bulk = count_urb(i, o, true, &urb_bytes);
        bench_row_add(&rows[i], &iso, &bulk);
    }
}
