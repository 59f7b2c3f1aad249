// SPDX-License-Identifier: Apache-2.0
// Self-registering tests that also run on a bare RV32. A failed CHECK ends its test.
//
//     TEST(ring_wraps) { CHECK_EQ(ring_count(&r), 3); }
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct check_test {
    const char *name;
    void (*run)(void);
    struct check_test *next;
};

void check_register(struct check_test *t);

// A test that does not apply to what this program tests, with the reason. It is counted as skipped
// and shown by name. A '*' at the end of `name`: all that begin so. A name that no test has fails.
struct check_exclusion {
    const char *name, *reason;
};

// Borrowed for ever. Before main(): from a constructor.
void check_exclude(const struct check_exclusion *list, size_t count);

// Marks the running test failed with a message and leaves it (does not return).
_Noreturn void check_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Says with a failure of the running test in which of its rounds it came. `what` borrowed.
void check_context(const char *what, uint32_t number);

// Marks the running test as skipped with a reason, which the summary counts and shows.
_Noreturn void check_skip(const char *reason);

void check_eq(const char *file, int line, const char *what, int64_t have, int64_t want);
void check_str(const char *file, int line, const char *what, const char *have, const char *want);
void check_bytes(const char *file, int line, const char *what, const void *have, const void *want,
                 size_t size);

#define TEST(id)                                                                                   \
    static void test_##id(void);                                                                   \
    static struct check_test check_##id = {#id, test_##id, NULL};                                  \
    __attribute__((constructor)) static void register_##id(void)                                   \
    {                                                                                              \
        check_register(&check_##id);                                                               \
    }                                                                                              \
    static void test_##id(void)

// A test between `begin` and `end`; one with a `type` of its own, which `var` points to.
#define TEST_BETWEEN(id, begin, end)                                                               \
    static void id##_between(void);                                                                \
    TEST(id)                                                                                       \
    {                                                                                              \
        begin;                                                                                     \
        id##_between();                                                                            \
        end;                                                                                       \
    }                                                                                              \
    static void id##_between(void)

#define TEST_WITH(id, type, var, begin, end)                                                       \
    static void id##_with(type *var);                                                              \
    TEST(id)                                                                                       \
    {                                                                                              \
        type it, *var = &it;                                                                       \
        begin;                                                                                     \
        id##_with(var);                                                                            \
        end;                                                                                       \
    }                                                                                              \
    static void id##_with(type *var)

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond))                                                                               \
            check_fail(__FILE__, __LINE__, "not true: %s", #cond);                                 \
    } while (0)
#define CHECK_EQ(have, want) check_eq(__FILE__, __LINE__, #have, (int64_t)(have), (int64_t)(want))
#define CHECK_STR(have, want) check_str(__FILE__, __LINE__, #have, have, want)
#define CHECK_BYTES(have, want, size) check_bytes(__FILE__, __LINE__, #have, have, want, size)
