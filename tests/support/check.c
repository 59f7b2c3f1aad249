// SPDX-License-Identifier: Apache-2.0
#include "tests/support/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct check_test *first, **last = &first;
static jmp_buf leave;
enum { FAILED = 1, SKIPPED = 2 };

static const char *context;
static uint32_t context_number;
static const struct check_exclusion *exclusions;
static size_t exclusion_count;

void check_register(struct check_test *t)
{
    *last = t;
    last = &t->next;
}

void check_exclude(const struct check_exclusion *list, size_t count)
{
    exclusions = list;
    exclusion_count = count;
}

static bool excludes(const struct check_exclusion *e, const char *name)
{
    size_t size = strlen(e->name);
    return size > 0 && e->name[size - 1] == '*' ? strncmp(e->name, name, size - 1) == 0
                                                : strcmp(e->name, name) == 0;
}

// Shows why the test does not apply, if it does not.
static bool excluded(const char *name)
{
    for (size_t i = 0; i < exclusion_count; i++) {
        if (!excludes(&exclusions[i], name))
            continue;
        printf("NOT APPLICABLE: %s: %s\n", name, exclusions[i].reason);
        return true;
    }
    return false;
}

static unsigned stale_exclusions(void)
{
    unsigned stale = 0;
    for (size_t i = 0; i < exclusion_count; i++) {
        const struct check_test *t = first;
        while (t && !excludes(&exclusions[i], t->name))
            t = t->next;
        if (!t)
            printf("FAILED: %s is excluded, but there is no such test\n", exclusions[i].name);
        stale += !t;
    }
    return stale;
}

void check_context(const char *what, uint32_t number)
{
    context = what;
    context_number = number;
}

void check_fail(const char *file, int line, const char *format, ...)
{
    va_list args;
    if (context)
        printf("%s %lu: ", context, (unsigned long)context_number);
    printf("%s:%d: ", file, line);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    longjmp(leave, FAILED);
}

void check_skip(const char *reason)
{
    printf("skipped because %s\n", reason);
    longjmp(leave, SKIPPED);
}

void check_eq(const char *file, int line, const char *what, int64_t have, int64_t want)
{
    if (have != want)
        check_fail(file, line, "%s is %lld (0x%llx), not %lld (0x%llx)", what, (long long)have,
                   (unsigned long long)have, (long long)want, (unsigned long long)want);
}

void check_str(const char *file, int line, const char *what, const char *have, const char *want)
{
    if (!have || strcmp(have, want) != 0)
        check_fail(file, line, "%s is \"%s\", not \"%s\"", what, have ? have : "(null)", want);
}

void check_bytes(const char *file, int line, const char *what, const void *have, const void *want,
                 size_t size)
{
    const uint8_t *h = have, *w = want;
    for (size_t i = 0; i < size; i++)
        if (h[i] != w[i])
            check_fail(file, line, "%s differs at byte %lu of %lu: %02x, not %02x", what,
                       (unsigned long)i, (unsigned long)size, h[i], w[i]);
}

// Arguments are parts of names: only tests that contain one of them run.
static bool wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i]))
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    static unsigned passed, failed, skipped;
    setvbuf(stdout, NULL, _IOLBF, 4096);
    for (struct check_test *volatile t = first; t; t = t->next) { // volatile: setjmp below
        if (!wanted(t->name, argc, argv))
            continue;
        if (excluded(t->name)) {
            skipped++;
            continue;
        }
        context = NULL;
        int how = setjmp(leave);
        if (how == 0)
            t->run();
        passed += how == 0;
        failed += how == FAILED;
        skipped += how == SKIPPED;
        if (how)
            printf("%s: %s\n", how == FAILED ? "FAILED" : "SKIPPED", t->name);
    }
    failed += stale_exclusions();
    printf("# tests: %u passed, %u failed, %u skipped\n", passed, failed, skipped);
    if (failed)
        _Exit(1); // what a test that ended half-way left behind is no leak worth a report
    return 0;
}
