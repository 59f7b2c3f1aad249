// SPDX-License-Identifier: Apache-2.0
// The secret document in the chip's flash: claimed or not, damaged, erased. A life of the box is
// from begin() or restart() on.
#include "esp_heap_caps.h"
#include "main_users.h"
#include "nvs_double.h"
#include "tests/firmware/crypto_double.h"
#include "tests/firmware/idf_double.h"
#include "tests/support/check.h"

#include <pthread.h>
#include <string.h>

static struct main_users u;
static struct users_document was, changed, there;

static void start(void)
{
    memset(&u, 0, sizeof u);
    CHECK(main_users_open(&u));
}

static void begin(void)
{
    nvs_double_begin();
    start();
}

static void end(void)
{
    heap_caps_free(u.secrets);
}

static void restart(void)
{
    end();
    nvs_double_reboot();
    start();
}

#define USERS_TEST(id) TEST_BETWEEN(id, begin(), end())

// Quick ones: how many iterations is no matter here.
static enum base_err set(const char *name, enum users_role role, const char *password)
{
    struct users_crypto quick = *u.all->config.crypto;
    struct users_user user = {.role = role};
    strcpy(user.name, name);
    quick.iterations = USERS_ITERATIONS_MIN;
    CHECK(users_password_make(&user.password, &quick, password));
    was = changed = u.all->document;
    CHECK_EQ(users_put(&changed, &user), BASE_OK);
    enum base_err err = users_write(&u.all->config, &was, &changed, &there);
    if (err == BASE_OK)
        users_take(u.all, &changed, 0);
    return err;
}

static bool knows(const char *name, const char *password)
{
    const struct users_user *user = users_find(&u.all->document, name);
    return user && users_password_is(&user->password, u.all->config.crypto, password);
}

USERS_TEST(main_users_unclaimed_until_somebody_sets_a_password)
{
    char code[USERS_CODE_SIZE];
    CHECK(!users_claimed(u.all) && main_users_want_code());
    CHECK_EQ(strlen(main_users_code(&u)), USERS_CODE_SIZE - 1);
    strcpy(code, main_users_code(&u));
    CHECK(strstr(idf_double_last_log(), code)); // the console shows it
    restart();
    CHECK(strcmp(main_users_code(&u), code) != 0);
    CHECK_EQ(set("admin", USERS_ADMIN, "a password"), BASE_OK);
    CHECK_EQ(set("anna", USERS_VIEW, "anna's own"), BASE_OK);
    restart();
    CHECK(users_claimed(u.all));
    CHECK_STR(main_users_code(&u), "");
    CHECK(knows("admin", "a password") && knows("anna", "anna's own"));
    CHECK(!knows("admin", "another one"));
}

USERS_TEST(main_users_are_apart_from_the_settings)
{
    size_t size;
    CHECK_EQ(set("admin", USERS_ADMIN, "a password"), BASE_OK);
    CHECK(nvs_double_value("secrets0", &size) && !nvs_double_value("settings0", &size));
}

// --- power and damage ----------------------------------------------------------------------------

USERS_TEST(main_users_power_cut_at_every_write)
{
    unsigned old = 0, new = 0;
    bool was_cut = true;
    for (unsigned steps = 0; was_cut; steps++) {
        end();
        begin();
        CHECK_EQ(set("admin", USERS_ADMIN, "the first"), BASE_OK);
        CHECK_EQ(set("admin", USERS_ADMIN, "the one before"), BASE_OK);
        nvs_double_cut_after(steps, NVS_CUT_CLEAN);
        enum base_err err = set("admin", USERS_ADMIN, "the last");
        was_cut = nvs_double_was_cut();
        restart();
        CHECK(users_claimed(u.all));
        bool is_new = knows("admin", "the last");
        CHECK(is_new || (err != BASE_OK && knows("admin", "the one before")));
        old += !is_new;
        new += is_new;
    }
    CHECK(old > 3 && new > 1);
}

static void damage(const char *key)
{
    size_t size;
    uint8_t *bytes = nvs_double_value(key, &size);
    CHECK(bytes && size > 40);
    bytes[size - 20] ^= 0x10;
}

static void check_nobody_gets_in(void)
{
    CHECK(users_claimed(u.all));
    CHECK_EQ(u.all->document.user_count, 1);
    CHECK(!knows("admin", "a password") && !knows("admin", ""));
    CHECK_STR(main_users_code(&u), "");
}

USERS_TEST(main_users_of_one_damaged_copy_the_other_one_holds)
{
    CHECK_EQ(set("admin", USERS_ADMIN, "a password"), BASE_OK);
    CHECK_EQ(set("anna", USERS_VIEW, "anna's own"), BASE_OK);
    damage("secrets1");
    restart();
    CHECK(knows("admin", "a password") && !knows("anna", "anna's own"));
}

// Not unclaimed: else rotten flash would open the box to everybody.
USERS_TEST(main_users_damaged_let_nobody_in)
{
    CHECK_EQ(set("admin", USERS_ADMIN, "a password"), BASE_OK);
    CHECK_EQ(set("admin", USERS_ADMIN, "a password"), BASE_OK);
    damage("secrets0");
    damage("secrets1");
    restart();
    check_nobody_gets_in();
    CHECK(strstr(idf_double_last_log(), "until \"set-password\" or \"factory-reset\""));
    CHECK_EQ(set("admin", USERS_ADMIN, "from the console"), BASE_OK); // what set-password does
    restart();
    CHECK(knows("admin", "from the console"));
}

USERS_TEST(main_users_lost_let_nobody_in)
{
    CHECK_EQ(set("admin", USERS_ADMIN, "a password"), BASE_OK);
    nvs_double_lose("secrets0");
    restart();
    check_nobody_gets_in();
}

USERS_TEST(main_users_of_newer_firmware_are_left_alone)
{
    struct settings_store *st = u.all->config.store;
    strcpy(st->text, "{\"version\":99,\"users\":[]}");
    CHECK_EQ(st->write(st, strlen(st->text), 0), SETTINGS_STORE_OK);
    restart();
    check_nobody_gets_in();
    CHECK(!strstr(idf_double_last_log(), "set-password")); // which is refused
    CHECK(strstr(idf_double_last_log(), "nobody can log in until \"factory-reset\""));
    CHECK_EQ(set("admin", USERS_ADMIN, "from the console"), BASE_ERR_IO);
}

USERS_TEST(main_users_in_flash_that_does_not_open)
{
    char why[SETTINGS_WHY_SIZE];
    CHECK_EQ(set("admin", USERS_ADMIN, "a password"), BASE_OK);
    end();
    nvs_double_reboot();
    nvs_double_fail_init(ESP_ERR_NVS_NO_FREE_PAGES);
    start();
    check_nobody_gets_in();
    CHECK(main_users_erase(&u, why));
    restart();
    CHECK(!users_claimed(u.all));
}

// --- factory reset -------------------------------------------------------------------------------

USERS_TEST(main_users_erased)
{
    char why[SETTINGS_WHY_SIZE];
    size_t size;
    CHECK_EQ(set("admin", USERS_ADMIN, "a password"), BASE_OK);
    CHECK(main_users_erase(&u, why));
    CHECK(knows("admin", "a password")); // until the restart
    CHECK_EQ(set("admin", USERS_ADMIN, "a job that comes late"), BASE_ERR_IO);
    CHECK_STR(u.all->config.store->why, "all users were erased, a restart is near");
    CHECK(!nvs_double_value("secrets0", &size) && !nvs_double_value("secrets1", &size));
    CHECK(!nvs_double_has_remains()); // nor their hashes, for who reads the flash
    restart();
    CHECK(!users_claimed(u.all));
    CHECK_EQ(set("admin", USERS_ADMIN, "its next owner's"), BASE_OK);
}

USERS_TEST(main_users_that_cannot_be_erased)
{
    char why[SETTINGS_WHY_SIZE] = "";
    CHECK_EQ(set("admin", USERS_ADMIN, "a password"), BASE_OK);
    nvs_double_fail_writes(true);
    CHECK(!main_users_erase(&u, why));
    CHECK(strlen(why) > 10);
    nvs_double_fail_writes(false);
    CHECK_EQ(set("admin", USERS_ADMIN, "another one"), BASE_OK);
    nvs_double_fail_erase(true);
    CHECK(!main_users_erase(&u, why));
    nvs_double_fail_erase(false);
    CHECK_EQ(set("admin", USERS_ADMIN, "a third one"), BASE_OK);
    restart();
    CHECK(knows("admin", "a third one"));
}

// The power goes in the middle: the box still belongs to whom it did, or to nobody.
USERS_TEST(main_users_power_cut_in_an_erase)
{
    char why[SETTINGS_WHY_SIZE];
    bool was_cut = true;
    unsigned before = 0, unclaimed = 0;
    for (unsigned steps = 0; was_cut; steps++) {
        end();
        begin();
        CHECK_EQ(set("admin", USERS_ADMIN, "the one before"), BASE_OK);
        CHECK_EQ(set("admin", USERS_ADMIN, "a password"), BASE_OK);
        nvs_double_cut_after(steps, NVS_CUT_CLEAN);
        (void)main_users_erase(&u, why);
        was_cut = nvs_double_was_cut();
        restart();
        CHECK(was_cut || !users_claimed(u.all));
        CHECK(knows("admin", "a password") || !users_claimed(u.all));
        before += users_claimed(u.all);
        unclaimed += !users_claimed(u.all);
    }
    CHECK(before > 2 && unclaimed > 2);
}

// --- two tasks -----------------------------------------------------------------------------------

static void *erase(void *arg)
{
    char why[SETTINGS_WHY_SIZE];
    (void)arg;
    CHECK(main_users_erase(&u, why));
    return NULL;
}

// Whoever is first: what a job writes does not survive the erasing beside it.
USERS_TEST(main_users_erased_beside_a_job)
{
    for (unsigned i = 0; i < 50; i++) {
        pthread_t task;
        end();
        begin();
        CHECK_EQ(set("admin", USERS_ADMIN, "a password"), BASE_OK);
        CHECK_EQ(pthread_create(&task, NULL, erase, NULL), 0);
        (void)set("admin", USERS_ADMIN, "another one");
        CHECK_EQ(pthread_join(task, NULL), 0);
        restart();
        CHECK(!users_claimed(u.all));
    }
}

// --- without memory ------------------------------------------------------------------------------

USERS_TEST(main_users_without_memory)
{
    struct main_users none = {0};
    idf_double_limit_heap(IDF_HEAP_SPIRAM, 1000);
    CHECK(!main_users_open(&none));
    idf_double_limit_heap(IDF_HEAP_SPIRAM, SIZE_MAX);
}
