// SPDX-License-Identifier: Apache-2.0
// Measures usbip-server against the floor, see README.md here.
#include "base/base_number.h"
#include "bench/bench_measure.h"
#include "bench/bench_net.h"
#include "bench/bench_table.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// With less than that of the CPU, the figures say little about a quiet machine.
#define QUIET 0.9

enum { ROUNDS = 15, QUICK_ROUNDS = 2, SECONDS_START = 60, SECONDS_PER_ROUND = 20 };

static const char usage[] =
    "usage: bench [--json FILE] [--rows PART] [--server PATH] [--before PATH]\n"
    "             [--rounds N] [--cpus SERVER,CLIENT] [--instructions] [--quick]\n"
    "  --json FILE           write the figures there as well\n"
    "  --rows PART           only rows with that in their names\n"
    "  --server PATH         program to measure (default: usbip-server beside this program)\n"
    "  --before PATH         another usbip-server in the floor's place\n"
    "  --rounds N            rounds of floor and server, 1..99 (default 15; with --quick 2)\n"
    "  --cpus SERVER,CLIENT  where they run (default: both on the last CPU; -1: anywhere)\n"
    "  --instructions        count those of streams too; needs valgrind\n"
    "  --quick               a few URBs of each kind: shows that it works, measures nothing\n";

static _Noreturn void end_with_usage(FILE *to, int status)
{
    fputs(usage, to);
    exit(status);
}

static unsigned parse_rounds(const char *text)
{
    uint64_t n;
    if (!base_number(text, 1, BENCH_ROUNDS_MAX, &n))
        end_with_usage(stderr, 2);
    return (unsigned)n;
}

static void parse_cpus(struct bench_options *o, const char *text)
{
    char more;
    if (sscanf(text, "%d,%d%c", &o->server_cpu, &o->client_cpu, &more) != 2)
        end_with_usage(stderr, 2);
}

static void parse(struct bench_options *o, int argc, char **argv)
{
    static const struct option names[] = {{"json", 1, NULL, 'j'},         {"rows", 1, NULL, 'f'},
                                          {"server", 1, NULL, 's'},       {"before", 1, NULL, 'b'},
                                          {"rounds", 1, NULL, 'r'},       {"cpus", 1, NULL, 'c'},
                                          {"instructions", 0, NULL, 'i'}, {"quick", 0, NULL, 'q'},
                                          {"help", 0, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (c == 'j')
            o->json = optarg;
        else if (c == 'f')
            o->rows = optarg;
        else if (c == 's')
            o->server = optarg;
        else if (c == 'b')
            o->before = optarg;
        else if (c == 'r')
            o->rounds = parse_rounds(optarg);
        else if (c == 'c')
            parse_cpus(o, optarg);
        else if (c == 'i')
            o->instructions = true;
        else if (c == 'q')
            o->quick = true;
        else
            end_with_usage(c == 'h' ? stdout : stderr, c == 'h' ? 0 : 2);
    }
    if (optind != argc)
        end_with_usage(stderr, 2);
}

// The path of a program in the same folder as this one.
static const char *beside(char *path, size_t size, const char *name)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0)
        bench_die("cannot find my own folder");
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    if ((size_t)snprintf(path, size, "%s/%s", self, name) >= size)
        bench_die("path too long: %s", self);
    return path;
}

int main(int argc, char **argv)
{
    static struct bench_row rows[BENCH_ROWS];
    static char server[PATH_MAX], floor[PATH_MAX];
    struct bench_options o = {
        .rows = "", .server_cpu = bench_last_cpu(), .client_cpu = bench_last_cpu()};
    o.server = beside(server, sizeof server, "usbip-server");
    o.floor = beside(floor, sizeof floor, "bench_floor");
    parse(&o, argc, argv);
    if (!o.rounds)
        o.rounds = o.quick ? QUICK_ROUNDS : ROUNDS;
    alarm(SECONDS_START + o.rounds * SECONDS_PER_ROUND); // never hangs; the children end with us
    const char *net = bench_net_isolate() ? "a loopback of its own" : "the machine's loopback";
    printf("servers on CPU %d, client on CPU %d, %s, %u rounds\n", o.server_cpu, o.client_cpu, net,
           o.rounds);
    if (o.quick)
        puts("quick: shows that it works; the figures mean nothing");
    double cpus = bench_measure(rows, &o);
    bench_table_print(rows, BENCH_ROWS);
    if (o.server_cpu == o.client_cpu && o.server_cpu >= 0 && cpus < QUIET && !o.quick)
        printf("We had %.0f %% of the CPU: rates are too low and times too long by that; ratios\n"
               "may be off by a tenth.\n",
               cpus * 100);
    if (o.json)
        bench_table_write_json(o.json, rows, BENCH_ROWS);
    return 0;
}
