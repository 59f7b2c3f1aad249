// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_table.h"

#include "bench/bench_child.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 32 };

void bench_row_add(struct bench_row *r, const struct bench_figures *server,
                   const struct bench_figures *floor)
{
    r->server[r->rounds] = *server;
    if (floor)
        r->floor[r->rounds] = *floor;
    r->rounds++;
}

// --- medians of rounds; NAN: there is no such figure ---------------------------------------------

static double value(const struct bench_figures *f)
{
    return f->value;
}

static double cpu_us(const struct bench_figures *f)
{
    return f->cost.cpu_us;
}

static double wake_ups(const struct bench_figures *f)
{
    return f->cost.wake_ups;
}

typedef double figure_of(const struct bench_figures *f);

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, compare);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

static double middle(const struct bench_row *r, const struct bench_figures *side, figure_of *of)
{
    double values[BENCH_ROUNDS_MAX];
    for (unsigned i = 0; i < r->rounds; i++)
        values[i] = of(&side[i]);
    return side[0].cost.cpu_us > 0 || of == value ? median(values, r->rounds) : NAN;
}

static double ratio(const struct bench_row *r, figure_of *of)
{
    double ratios[BENCH_ROUNDS_MAX];
    for (unsigned i = 0; i < r->rounds; i++) {
        if (!r->against || of(&r->floor[i]) <= 0)
            return NAN;
        ratios[i] = of(&r->server[i]) / of(&r->floor[i]);
    }
    return median(ratios, r->rounds);
}

// --- the table -----------------------------------------------------------------------------------

static void judge(const struct bench_row *r, char text[TEXT_SIZE])
{
    bool most = r->aim.of != BENCH_AIM_RATIO_AT_LEAST;
    bool wakes = r->aim.of == BENCH_AIM_WAKE_UPS_AT_MOST;
    bool own = r->aim.of == BENCH_AIM_VALUE_AT_MOST;
    double have = wakes ? middle(r, r->server, wake_ups)
                  : own ? middle(r, r->server, value)
                        : ratio(r, value);
    bool met = most ? have <= r->aim.limit : have >= r->aim.limit;
    snprintf(text, TEXT_SIZE, "%s, %s %.2f%s%s", met ? "yes" : "NO",
             most ? "<=" : ">=", r->aim.limit, wakes || own ? " " : "",
             wakes ? "wake-ups"
             : own ? r->unit
                   : "");
    if (r->aim.of == BENCH_AIM_NONE)
        strcpy(text, "-");
}

static void print_number(int width, int digits, double v)
{
    if (isnan(v))
        printf(" %*s", width, "-");
    else
        printf(" %*.*f", width, digits, v);
}

void bench_table_print(const struct bench_row *rows, unsigned count)
{
    printf("%-26s %10s %-5s %10s %-6s %6s %8s %6s %7s  %s\n", "name", "value", "unit", "floor",
           "is", "ratio", "CPU us", "ratio", "wakes", "aim met");
    for (unsigned i = 0; i < count; i++) {
        const struct bench_row *r = &rows[i];
        char aim[TEXT_SIZE];
        if (!r->rounds)
            continue;
        judge(r, aim);
        printf("%-26s", r->name);
        print_number(10, 2, middle(r, r->server, value));
        printf(" %-5s", r->unit);
        print_number(10, 2, r->against ? middle(r, r->floor, value) : NAN);
        printf(" %-6s", r->against ? r->against : "-");
        print_number(6, 3, ratio(r, value));
        print_number(8, 2, middle(r, r->server, cpu_us));
        print_number(6, 3, ratio(r, cpu_us));
        print_number(7, 2, middle(r, r->server, wake_ups));
        printf("  %s\n", aim);
    }
}

// --- the JSON file -------------------------------------------------------------------------------

static void write_number(FILE *f, const char *name, double v)
{
    if (isnan(v))
        fprintf(f, ", \"%s\": null", name);
    else
        fprintf(f, ", \"%s\": %.4f", name, v);
}

static void write_row(FILE *f, const struct bench_row *r)
{
    const char *quote = r->against ? "\"" : "";
    fprintf(f, "  {\"name\": \"%s\", \"unit\": \"%s\", \"floor_is\": %s%s%s", r->name, r->unit,
            quote, r->against ? r->against : "null", quote);
    write_number(f, "value", middle(r, r->server, value));
    write_number(f, "floor", r->against ? middle(r, r->floor, value) : NAN);
    write_number(f, "ratio", ratio(r, value));
    write_number(f, "cpu_us", middle(r, r->server, cpu_us));
    write_number(f, "cpu_ratio", ratio(r, cpu_us));
    write_number(f, "wake_ups", middle(r, r->server, wake_ups));
    fputs("}", f);
}

void bench_table_write_json(const char *path, const struct bench_row *rows, unsigned count)
{
    const char *separator = "";
    FILE *f = fopen(path, "w");
    if (!f)
        bench_die("cannot write %s", path);
    fprintf(f, "{\"rows\": [");
    for (unsigned i = 0; i < count; i++) {
        if (!rows[i].rounds)
            continue;
        fprintf(f, "%s\n", separator);
        write_row(f, &rows[i]);
        separator = ",";
    }
    fprintf(f, "\n]}\n");
    if (fclose(f) != 0)
        bench_die("cannot write %s", path);
}
