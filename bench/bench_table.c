// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_table.h"

#include "bench/bench_child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(const double *values, unsigned count)
{
    double sorted[BENCH_ROUNDS_MAX];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

static double ratio_of(const struct bench_row *r)
{
    double ratios[BENCH_ROUNDS_MAX];
    for (unsigned i = 0; i < r->rounds; i++)
        ratios[i] = r->value[i] / r->floor[i];
    return bench_median(ratios, r->rounds);
}

static const char *judge(const struct bench_row *r, double ratio)
{
    switch (r->aim) {
    case BENCH_AIM_AT_LEAST_085:
        return ratio >= 0.85 ? "yes, >= 0.85" : "NO, >= 0.85";
    case BENCH_AIM_AT_MOST_115:
        return ratio <= 1.15 ? "yes, <= 1.15" : "NO, <= 1.15";
    case BENCH_AIM_AT_MOST_110:
        return ratio <= 1.10 ? "yes, <= 1.10" : "NO, <= 1.10";
    default:
        return "-";
    }
}

void bench_table_print(const struct bench_row *rows, unsigned count)
{
    printf("%-24s %12s %-5s %12s %-7s %7s  %s\n", "name", "value", "unit", "floor", "is", "ratio",
           "aim met");
    for (unsigned i = 0; i < count; i++) {
        const struct bench_row *r = &rows[i];
        if (!r->rounds)
            continue;
        printf("%-24s %12.2f %-5s", r->name, bench_median(r->value, r->rounds), r->unit);
        if (r->against)
            printf(" %12.2f %-7s %7.3f  %s\n", bench_median(r->floor, r->rounds), r->against,
                   ratio_of(r), judge(r, ratio_of(r)));
        else
            printf(" %12s %-7s %7s  %s\n", "-", "-", "-", "-");
    }
}

static void write_row(FILE *f, const struct bench_row *r)
{
    fprintf(f, "  {\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\", ", r->name,
            bench_median(r->value, r->rounds), r->unit);
    if (r->against)
        fprintf(f, "\"floor\": %.3f, \"floor_is\": \"%s\", \"ratio\": %.4f}",
                bench_median(r->floor, r->rounds), r->against, ratio_of(r));
    else
        fprintf(f, "\"floor\": null, \"floor_is\": null, \"ratio\": null}");
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
