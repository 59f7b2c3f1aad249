// SPDX-License-Identifier: Apache-2.0
// What a copy is worth, when to fall back, and what may be overwritten, over a store in memory.
#include "base/base_text.h"
#include "settings/settings_store.h"
#include "tests/support/check.h"
#include "tests/support/settings_rig.h"

#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

struct memory_store {
    struct settings_store st;
    char copy[2][SETTINGS_MAX_BYTES + 1]; // "": none
    char text[SETTINGS_MAX_BYTES + 1];
    enum settings_store_result reads; // other than OK: what every read says
    unsigned writes;
};

static enum settings_store_result memory_read(struct settings_store *st, unsigned age, size_t *size)
{
    struct memory_store *m = (struct memory_store *)st;
    (void)base_text_copy(st->why, sizeof st->why, "the flash does not answer");
    if (m->reads != SETTINGS_STORE_OK)
        return m->reads;
    *size = strlen(m->copy[age]);
    memcpy(st->text, m->copy[age], *size);
    return *size ? SETTINGS_STORE_OK : SETTINGS_STORE_NONE;
}

static enum settings_store_result memory_write(struct settings_store *st, size_t size,
                                               unsigned keep)
{
    struct memory_store *m = (struct memory_store *)st;
    if (keep == 0)
        memcpy(m->copy[1], m->copy[0], sizeof m->copy[1]);
    memset(m->copy[0], 0, sizeof m->copy[0]);
    memcpy(m->copy[0], st->text, size);
    m->writes++;
    return SETTINGS_STORE_OK;
}

static enum settings_store_result memory_erase(struct settings_store *st)
{
    struct memory_store *m = (struct memory_store *)st;
    memset(m->copy, 0, sizeof m->copy);
    return SETTINGS_STORE_OK;
}

static struct memory_store *store_with(const char *newest, const char *before)
{
    struct memory_store *m = calloc(1, sizeof *m);
    m->st.read = memory_read;
    m->st.write = memory_write;
    m->st.erase = memory_erase;
    m->st.text = m->text;
    m->st.text_size = sizeof m->text;
    strcpy(m->copy[0], newest);
    strcpy(m->copy[1], before);
    return m;
}

#define NAMED(name) "{\"version\":1,\"host_name\":\"" name "\"}"
#define NEWER "{\"version\":3,\"secrets\":{}}"

// Loads; what is there must not change by that.
static void check_load(const char *newest, const char *before, enum settings_store_result want,
                       const char *host_name, const char *why)
{
    struct memory_store *m = store_with(newest, before);
    struct settings s = settings_rig();
    CHECK_EQ(settings_store_load(&m->st, &s), want);
    CHECK_STR(s.host_name, host_name);
    if (why)
        CHECK_STR(m->st.why, why);
    CHECK_EQ(m->writes, 0);
    free(m);
}

TEST(settings_store_loads_the_newest_copy)
{
    check_load("", "", SETTINGS_STORE_NONE, "usbip-test", NULL);
    check_load(NAMED("one"), "", SETTINGS_STORE_OK, "one", NULL);
    check_load(NAMED("two"), NAMED("one"), SETTINGS_STORE_OK, "two", NULL);
    check_load(NAMED("two"), "{", SETTINGS_STORE_OK, "two", NULL);
}

TEST(settings_store_falls_back_and_says_so)
{
    check_load("{\"version\":1", NAMED("one"), SETTINGS_STORE_OLDER, "one",
               "line 1: the document breaks off; the settings before the last change are used");
    check_load(NAMED("-"), NAMED("one"), SETTINGS_STORE_OLDER, "one",
               "host_name: 1 to 63 letters, digits and hyphens are wanted, no hyphen at the ends; "
               "the settings before the last change are used");
    check_load("", NAMED("one"), SETTINGS_STORE_OLDER, "one",
               "the newest copy is not there; the settings before the last change are used");
}

TEST(settings_store_without_a_good_copy)
{
    check_load("{", "", SETTINGS_STORE_DAMAGED, "usbip-test",
               "line 1: a text in double quotes is wanted; there is no good copy before it");
    check_load("{", "}", SETTINGS_STORE_DAMAGED, "usbip-test", NULL);
    check_load("", "}", SETTINGS_STORE_DAMAGED, "usbip-test", NULL);
}

// An older copy must not take the place of a newer program's settings.
TEST(settings_store_does_not_fall_back_from_a_newer_version)
{
    check_load(NEWER, NAMED("one"), SETTINGS_STORE_NEWER, "usbip-test", NULL);
    check_load("{", NEWER, SETTINGS_STORE_NEWER, "usbip-test", NULL);
}

TEST(settings_store_reports_storage_that_fails)
{
    struct memory_store *m = store_with(NAMED("one"), "");
    struct settings s = settings_rig();
    m->reads = SETTINGS_STORE_FAILED;
    CHECK_EQ(settings_store_load(&m->st, &s), SETTINGS_STORE_FAILED);
    CHECK_STR(m->st.why, "the flash does not answer");
    CHECK_EQ(settings_store_save(&m->st, &s), SETTINGS_STORE_FAILED);
    CHECK_EQ(m->writes, 0);
    free(m);
}

TEST(settings_store_saves_and_keeps_the_copy_before)
{
    struct memory_store *m = store_with(NAMED("one"), "");
    struct settings s = settings_rig(), again = settings_rig();
    strcpy(s.host_name, "two");
    s.bus_speed[0] = SETTINGS_FULL_SPEED;
    CHECK_EQ(settings_store_save(&m->st, &s), SETTINGS_STORE_OK);
    CHECK_STR(m->copy[1], NAMED("one"));
    CHECK_EQ(settings_store_load(&m->st, &again), SETTINGS_STORE_OK);
    CHECK_STR(settings_rig_difference(&again, &s), "");
    CHECK_EQ(settings_store_erase(&m->st), SETTINGS_STORE_OK);
    CHECK_EQ(settings_store_load(&m->st, &again), SETTINGS_STORE_NONE);
    free(m);
}

// With a damaged newest copy the one before is the only good one: it stays.
TEST(settings_store_never_replaces_the_last_good_copy)
{
    static const char *const bad[] = {"{", "", NAMED("-")};
    for (unsigned i = 0; i < 3; i++) {
        struct memory_store *m = store_with(bad[i], NAMED("one"));
        struct settings s = settings_rig();
        strcpy(s.host_name, "three");
        CHECK_EQ(settings_store_save(&m->st, &s), SETTINGS_STORE_OK);
        CHECK_STR(m->copy[1], NAMED("one"));
        CHECK_EQ(settings_store_load(&m->st, &s), SETTINGS_STORE_OK);
        CHECK_STR(s.host_name, "three");
        free(m);
    }
}

TEST(settings_store_never_overwrites_a_newer_version)
{
    struct memory_store *m = store_with(NEWER, NAMED("one"));
    struct settings s = settings_rig();
    CHECK_EQ(settings_store_save(&m->st, &s), SETTINGS_STORE_NEWER);
    CHECK_STR(m->copy[0], NEWER);
    CHECK(strstr(m->st.why, "a newer program has written it") != NULL);
    free(m);
}

// --- want of memory in the JSON library ----------------------------------------------------------

static unsigned grants; // of memory, before there is no more

static void *rationed(size_t size)
{
    if (grants == 0)
        return NULL;
    grants--;
    return malloc(size);
}

// It is not taken for a damaged document, which would bring back old settings.
TEST(settings_store_does_not_take_want_of_memory_for_damage)
{
    cJSON_Hooks hooks = {.malloc_fn = rationed, .free_fn = free};
    struct memory_store *m = store_with(NAMED("two"), NAMED("one"));
    enum settings_store_result result = SETTINGS_STORE_FAILED;
    unsigned failed = 0;
    for (unsigned n = 0; result != SETTINGS_STORE_OK; n++, failed++) {
        struct settings s = settings_rig();
        grants = n;
        cJSON_InitHooks(&hooks);
        result = settings_store_load(&m->st, &s);
        cJSON_InitHooks(NULL);
        if (result == SETTINGS_STORE_OK)
            break;
        CHECK_EQ(result, SETTINGS_STORE_FAILED);
        CHECK_STR(m->st.why, "no memory to read the document");
        CHECK_STR(s.host_name, "usbip-test");
    }
    CHECK(failed > 3);
    free(m);
}
