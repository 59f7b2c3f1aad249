// SPDX-License-Identifier: Apache-2.0
// Does the bench work? Runs it with a few URBs against the floor and the server beside this
// program, and reads what it wrote. Judges no time.
#include "tests/support/check.h"

#include <cJSON.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JSON_MAX = 16384, ARGS_MAX = 8 };

static const char *const rows_with_floor[] = {
    "rtt_bulk_in_64B",         "rtt_bulk_in_64B_p99",    "urbs_per_s_64B_depth32",
    "cpu_per_urb_64B",         "bulk_in_16KiB",          "bulk_in_64KiB",
    "bulk_in_512KiB",          "bulk_out_16KiB",         "bulk_out_64KiB",
    "bulk_out_512KiB",         "bulk_out_16KiB_mtu1500", "bulk_out_64KiB_mtu1500",
    "bulk_out_512KiB_mtu1500",
};
static const char *const rows_of_crowds[] = {
    "rtt_beside_15_devices",
    "rtt_beside_119_devices",
    "rtt_beside_500_connections",
};
static const char *const rows_of_http[] = {
    "loop_beside_200_websockets",
    "healthz_beside_400_idle",
    "bulk_in_64KiB_beside_logins",
    "healthz_beside_logins",
};
static const char *const rows_of_streams[] = {
    "cpu_iso_camera",
    "cpu_iso_camera_yuy2",
    "cpu_iso_audio",
};
enum {
    ROWS_WITH_FLOOR = sizeof rows_with_floor / sizeof *rows_with_floor,
    ROWS_OF_CROWDS = sizeof rows_of_crowds / sizeof *rows_of_crowds,
    ROWS_OF_HTTP = sizeof rows_of_http / sizeof *rows_of_http,
    ROWS_OF_STREAMS = sizeof rows_of_streams / sizeof *rows_of_streams,
};

static void go_to_own_folder(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    CHECK(n > 0);
    path[n] = '\0';
    *strrchr(path, '/') = '\0';
    CHECK_EQ(chdir(path), 0);
}

// Exit status of a program, run from the folder of this one.
static int run(const char *const argv[])
{
    go_to_own_folder();
    fflush(NULL);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status = -1;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_bench(const char *const args[])
{
    const char *argv[ARGS_MAX + 2] = {"./bench"};
    for (int i = 0; i < ARGS_MAX && args[i]; i++)
        argv[i + 1] = args[i];
    return run(argv);
}

static cJSON *parse_and_close(int fd)
{
    static char text[JSON_MAX];
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    CHECK(n > 0);
    text[n] = '\0';
    cJSON *all = cJSON_Parse(text);
    CHECK(all);
    return all;
}

static const cJSON *find_row(const cJSON *rows, const char *name)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, rows) if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(row, "name")),
                                             name) == 0) return row;
    check_fail(__FILE__, __LINE__, "no row %s", name);
}

static double number(const cJSON *row, const char *name)
{
    const cJSON *n = cJSON_GetObjectItem(row, name);
    CHECK(cJSON_IsNumber(n));
    return n->valuedouble;
}

static void check_row(const cJSON *rows, const char *name, const char *floor_is)
{
    const cJSON *row = find_row(rows, name);
    CHECK(number(row, "value") > 0);
    CHECK(number(row, "floor") > 0);
    CHECK(number(row, "ratio") > 0);
    CHECK(cJSON_IsString(cJSON_GetObjectItem(row, "unit")));
    CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(row, "floor_is")), floor_is);
}

static void check_row_with_cost(const cJSON *rows, const char *name, const char *floor_is)
{
    const cJSON *row = find_row(rows, name);
    check_row(rows, name, floor_is);
    CHECK(number(row, "cpu_us") > 0);
    CHECK(number(row, "cpu_ratio") > 0);
    CHECK(number(row, "wake_ups") >= 0);
}

static void check_streams(const cJSON *rows)
{
    for (int i = 0; i < ROWS_OF_STREAMS; i++)
        check_row_with_cost(rows, rows_of_streams[i], "bulk");
}

static void check_rows(const cJSON *rows)
{
    CHECK_EQ(cJSON_GetArraySize(rows),
             ROWS_WITH_FLOOR + ROWS_OF_CROWDS + ROWS_OF_HTTP + ROWS_OF_STREAMS + 4);
    for (int i = 0; i < ROWS_WITH_FLOOR; i++)
        check_row_with_cost(rows, rows_with_floor[i], "floor");
    for (int i = 0; i < ROWS_OF_CROWDS; i++)
        check_row_with_cost(rows, rows_of_crowds[i], "alone");
    for (int i = 0; i < ROWS_OF_HTTP; i++)
        check_row(rows, rows_of_http[i], "alone");
    CHECK(number(find_row(rows, "loop_list_of_100_devices"), "value") > 0);
    CHECK(number(find_row(rows, "memory_per_websocket"), "value") > 0);
    check_streams(rows);
    const cJSON *memory = find_row(rows, "memory_per_session");
    CHECK(cJSON_IsNumber(cJSON_GetObjectItem(memory, "value")));
    CHECK(cJSON_IsNull(cJSON_GetObjectItem(memory, "floor")));
    CHECK(cJSON_IsNull(cJSON_GetObjectItem(memory, "floor_is")));
    CHECK(cJSON_IsNull(cJSON_GetObjectItem(memory, "ratio")));
    CHECK(cJSON_IsNull(cJSON_GetObjectItem(memory, "cpu_us")));
}

// What the bench writes with --quick, the rows that are asked for, and two arguments more (or
// NULL); the caller deletes it.
static cJSON *measure(const char *rows, const char *option, const char *value)
{
    char path[] = "/tmp/bench_smoke_XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    int status = run_bench(
        (const char *const[]){"--quick", "--json", path, "--rows", rows, option, value, NULL});
    unlink(path); // `fd` still reads it
    CHECK_EQ(status, 0);
    return parse_and_close(fd);
}

TEST(bench_measures_floor_and_server)
{
    cJSON *all = measure("", NULL, NULL);
    check_rows(cJSON_GetObjectItem(all, "rows"));
    cJSON_Delete(all);
}

TEST(bench_measures_some_rows_only)
{
    cJSON *all = measure("iso_", NULL, NULL);
    const cJSON *rows = cJSON_GetObjectItem(all, "rows");
    CHECK_EQ(cJSON_GetArraySize(rows), ROWS_OF_STREAMS);
    check_streams(rows);
    cJSON_Delete(all);
    CHECK_EQ(run_bench((const char *const[]){"--quick", "--rows", "no_such_row", NULL}), 1);
}

TEST(bench_measures_against_another_server)
{
    cJSON *all = measure("rtt_bulk", "--before", "./usbip-server");
    const cJSON *rows = cJSON_GetObjectItem(all, "rows");
    CHECK_EQ(cJSON_GetArraySize(rows), 2);
    check_row_with_cost(rows, "rtt_bulk_in_64B", "before");
    cJSON_Delete(all);
}

TEST(bench_counts_instructions)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    check_skip("valgrind cannot run what has sanitizers");
#endif
    if (run((const char *const[]){"valgrind", "--version", NULL}) != 0)
        check_skip("there is no valgrind");
    cJSON *all = measure("instructions_iso_audio", "--instructions", NULL);
    const cJSON *rows = cJSON_GetObjectItem(all, "rows");
    CHECK_EQ(cJSON_GetArraySize(rows), 1);
    check_row(rows, "instructions_iso_audio", "bulk");
    cJSON_Delete(all);
}

TEST(bench_fails_without_a_server)
{
    CHECK_EQ(run_bench((const char *const[]){"--quick", "--server", "./no-such-server", NULL}), 1);
}

TEST(bench_refuses_unknown_options)
{
    CHECK_EQ(run_bench((const char *const[]){"--fast", NULL}), 2);
    CHECK_EQ(run_bench((const char *const[]){"--rounds", "0", NULL}), 2);
    CHECK_EQ(run_bench((const char *const[]){"--cpus", "0", NULL}), 2);
}
