// SPDX-License-Identifier: Apache-2.0
// The settings in NVS: whatever happens to power and flash, at most the last change is lost, and
// nothing is lost without a word.
#include "nvs_double.h"
#include "store_nvs.h"
#include "tests/support/check.h"

#include <string.h>

static struct store_nvs s;
static const char *document = "settings";

static void open_store(void)
{
    memset(&s, 0, sizeof s);
    CHECK(store_nvs_open(&s, document));
}

static void begin(void)
{
    nvs_double_begin();
    document = "settings";
    open_store();
}

static void reboot(void)
{
    nvs_double_reboot();
    open_store();
}

static enum settings_store_result save(const char *text, unsigned keep)
{
    strcpy(s.store.text, text);
    return s.store.write(&s.store, strlen(text), keep);
}

static void check_saved(const char *text)
{
    CHECK_EQ(save(text, 0), SETTINGS_STORE_OK);
}

static enum settings_store_result read_copy(unsigned age)
{
    size_t size;
    s.store.why[0] = '\0';
    enum settings_store_result result = s.store.read(&s.store, age, &size);
    if (result == SETTINGS_STORE_OK)
        CHECK_EQ(strlen(s.store.text), size);
    else if (result != SETTINGS_STORE_NONE)
        CHECK(strlen(s.store.why) > 10);
    return result;
}

static void check_copy(unsigned age, const char *text)
{
    CHECK_EQ(read_copy(age), SETTINGS_STORE_OK);
    CHECK_STR(s.store.text, text);
}

// The text that a load would use: the newest good copy. "": none.
static const char *best(void)
{
    return read_copy(0) == SETTINGS_STORE_OK || read_copy(1) == SETTINGS_STORE_OK ? s.store.text
                                                                                  : "";
}

TEST(store_nvs_blank)
{
    begin();
    CHECK_EQ(read_copy(0), SETTINGS_STORE_NONE);
    CHECK_EQ(read_copy(1), SETTINGS_STORE_NONE);
    CHECK_EQ(s.store.erase(&s.store), SETTINGS_STORE_OK);
    store_nvs_close(&s);
    CHECK_EQ(nvs_double_open_handles(), 0);
}

TEST(store_nvs_keeps_two_copies)
{
    begin();
    check_saved("one");
    check_copy(0, "one");
    CHECK_EQ(read_copy(1), SETTINGS_STORE_NONE);
    check_saved("two, longer");
    check_saved("three");
    reboot();
    check_copy(0, "three");
    check_copy(1, "two, longer");
    CHECK_EQ(nvs_double_open_handles(), 1);
}

TEST(store_nvs_sizes)
{
    static char longest[SETTINGS_MAX_BYTES + 1];
    memset(longest, 'x', SETTINGS_MAX_BYTES);
    begin();
    check_saved("");
    check_copy(0, "");
    check_saved(longest);
    reboot();
    check_copy(0, longest);
    check_copy(1, "");
}

// --- power cuts ----------------------------------------------------------------------------------

static void begin_case(bool deferred)
{
    begin();
    nvs_double_defer(deferred);
}

// Saves `text` with the power going after `steps`. True: it went.
static bool save_and_cut(const char *text, unsigned steps, enum nvs_double_cut how)
{
    nvs_double_cut_after(steps, how);
    enum settings_store_result result = save(text, 0);
    bool was_cut = nvs_double_was_cut();
    reboot();
    if (result == SETTINGS_STORE_OK)
        CHECK_STR(best(), text);
    return was_cut;
}

static void check_cuts(const char *last, bool deferred, enum nvs_double_cut how)
{
    unsigned steps = 0, old = 0, new = 0;
    bool was_cut = true;
    for (; was_cut; steps++) {
        begin_case(deferred);
        check_saved("oldest");
        check_saved("the one before the last change");
        was_cut = save_and_cut(last, steps, how);
        bool is_new = strcmp(best(), last) == 0;
        CHECK(is_new || strcmp(best(), "the one before the last change") == 0);
        old += !is_new;
        new += is_new;
        unsigned keep = read_copy(0) == SETTINGS_STORE_OK ? 0 : 1; // as settings_store_save()
        CHECK_EQ(save("after", keep), SETTINGS_STORE_OK);          // it goes on
        reboot();
        check_copy(0, "after");
        CHECK(read_copy(1) == SETTINGS_STORE_OK && strcmp(s.store.text, "oldest") != 0);
    }
    CHECK(steps > 6 && old > 3 && new > 1);
}

static const char short_text[] = "the last change, of several entries: 0123456789abcdef0123456789";

// The longest document that the settings may have, beside another one.
static const char *long_text(void)
{
    static char text[SETTINGS_MAX_BYTES + 1];
    for (unsigned i = 0; i < SETTINGS_MAX_BYTES; i++)
        text[i] = (char)('a' + i % 25);
    return text;
}

TEST(store_nvs_power_cut_at_every_write)
{
    for (enum nvs_double_cut how = NVS_CUT_CLEAN; how <= NVS_CUT_LOST; how++) {
        check_cuts(short_text, false, how);
        check_cuts(short_text, true, how);
    }
}

TEST(store_nvs_power_cut_at_every_write_of_the_longest_document)
{
    for (enum nvs_double_cut how = NVS_CUT_CLEAN; how <= NVS_CUT_LOST; how++) {
        check_cuts(long_text(), false, how);
        check_cuts(long_text(), true, how);
    }
}

TEST(store_nvs_power_cut_in_the_first_save)
{
    bool was_cut = true;
    for (unsigned steps = 0; was_cut; steps++) {
        begin();
        was_cut = save_and_cut("first", steps, NVS_CUT_CLEAN);
        CHECK(read_copy(0) == SETTINGS_STORE_NONE || strcmp(best(), "first") == 0);
    }
    check_copy(0, "first");
}

// Half a factory reset is none: the older copy does not come back.
TEST(store_nvs_power_cut_in_an_erase)
{
    for (int deferred = 0; deferred < 2; deferred++) {
        bool was_cut = true;
        unsigned steps = 0;
        for (; was_cut; steps++) {
            begin_case(deferred);
            check_saved("oldest");
            check_saved("newest");
            nvs_double_cut_after(steps, NVS_CUT_CLEAN);
            enum settings_store_result result = s.store.erase(&s.store);
            was_cut = nvs_double_was_cut();
            CHECK_EQ(result, was_cut ? SETTINGS_STORE_FAILED : SETTINGS_STORE_OK);
            reboot();
            if (was_cut)
                check_copy(0, "newest");
            else
                CHECK_EQ(read_copy(0), SETTINGS_STORE_NONE);
            CHECK_EQ(s.store.erase(&s.store), SETTINGS_STORE_OK);
            CHECK_EQ(read_copy(0), SETTINGS_STORE_NONE);
            CHECK_EQ(read_copy(1), SETTINGS_STORE_NONE);
        }
        CHECK(steps >= 4);
    }
}

// --- two documents -------------------------------------------------------------------------------

static void go_to(const char *other)
{
    store_nvs_close(&s);
    document = other;
    open_store();
}

// Whatever happens to one, the other stays what it was.
TEST(store_nvs_two_documents_with_power_cuts)
{
    for (enum nvs_double_cut how = NVS_CUT_CLEAN; how <= NVS_CUT_LOST; how++) {
        bool was_cut = true;
        for (unsigned steps = 0; was_cut; steps++) {
            begin();
            check_saved("the settings before");
            check_saved("the settings");
            go_to("secrets");
            check_saved("the secrets before");
            was_cut = save_and_cut("the last secrets", steps, how);
            CHECK(strcmp(best(), "the secrets before") == 0 ||
                  strcmp(best(), "the last secrets") == 0);
            go_to("settings");
            check_copy(0, "the settings");
            check_copy(1, "the settings before");
        }
    }
}

TEST(store_nvs_two_documents_and_one_is_erased)
{
    begin();
    check_saved("the settings");
    go_to("secrets");
    check_saved("the secrets");
    CHECK_EQ(s.store.erase(&s.store), SETTINGS_STORE_OK);
    CHECK_EQ(read_copy(0), SETTINGS_STORE_NONE);
    go_to("settings");
    check_copy(0, "the settings");
}

// Both copies of both at their longest, and a third one of either while it is written.
TEST(store_nvs_two_documents_have_room)
{
    static const char *const documents[] = {"settings", "secrets"};
    begin();
    for (unsigned i = 0; i < 4; i++) {
        go_to(documents[i % 2]);
        check_saved(long_text());
        check_saved(long_text());
        check_saved(long_text());
        check_copy(0, long_text());
        check_copy(1, long_text());
    }
}

// --- damage --------------------------------------------------------------------------------------

static const char *key_of(const char *text)
{
    static const char *const keys[] = {"settings0", "settings1"};
    for (int i = 0; i < 2; i++) {
        size_t size, length = strlen(text);
        uint8_t *bytes = nvs_double_value(keys[i], &size);
        if (bytes && size >= length && memcmp(bytes + size - length, text, length) == 0)
            return keys[i];
    }
    check_fail(__FILE__, __LINE__, "no copy has \"%s\"", text);
}

static void damage(const char *text, size_t byte)
{
    size_t size;
    uint8_t *bytes = nvs_double_value(key_of(text), &size);
    CHECK(byte < size);
    bytes[byte] ^= 0x10;
}

TEST(store_nvs_newest_damaged_at_any_byte)
{
    for (size_t byte = 0; byte < STORE_NVS_HEADER_SIZE + 6; byte++) {
        begin();
        check_saved("oldest");
        check_saved("before");
        check_saved("newest");
        damage("newest", byte);
        reboot();
        CHECK_EQ(read_copy(0), SETTINGS_STORE_DAMAGED);
        CHECK_STR(s.store.why, "the newest copy in flash is damaged");
        check_copy(1, "before");
        CHECK_EQ(save("after", 1), SETTINGS_STORE_OK); // in place of the damaged one
        reboot();
        check_copy(0, "after");
        check_copy(1, "before");
    }
}

TEST(store_nvs_older_damaged_at_any_byte)
{
    for (size_t byte = 0; byte < STORE_NVS_HEADER_SIZE + 6; byte++) {
        begin();
        check_saved("before");
        check_saved("newest");
        damage("before", byte);
        reboot();
        check_copy(0, "newest");
        CHECK_EQ(read_copy(1), SETTINGS_STORE_DAMAGED);
        check_saved("after");
        check_copy(0, "after");
        check_copy(1, "newest");
    }
}

TEST(store_nvs_both_damaged)
{
    begin();
    check_saved("before");
    check_saved("newest");
    damage("before", 0);
    damage("newest", 0);
    reboot();
    CHECK_EQ(read_copy(0), SETTINGS_STORE_DAMAGED);
    CHECK_EQ(read_copy(1), SETTINGS_STORE_DAMAGED);
    CHECK_EQ(save("after", 1), SETTINGS_STORE_OK);
    reboot();
    CHECK_STR(best(), "after");
}

// NVS drops what it finds damaged; the copy is then not there at all.
TEST(store_nvs_newest_lost)
{
    begin();
    check_saved("before");
    check_saved("newest");
    nvs_double_lose(key_of("newest"));
    reboot();
    CHECK_EQ(read_copy(0), SETTINGS_STORE_DAMAGED);
    CHECK_STR(s.store.why, "the newest copy in flash is lost");
    check_copy(1, "before");
    CHECK_EQ(save("after", 1), SETTINGS_STORE_OK);
    check_copy(0, "after");
    check_copy(1, "before");
}

TEST(store_nvs_older_lost)
{
    begin();
    check_saved("before");
    check_saved("newest");
    nvs_double_lose(key_of("before"));
    reboot();
    check_copy(0, "newest");
    CHECK_EQ(read_copy(1), SETTINGS_STORE_NONE);
    check_saved("after");
    check_copy(1, "newest");
}

TEST(store_nvs_both_lost)
{
    begin();
    check_saved("before");
    check_saved("newest");
    nvs_double_lose("settings0");
    nvs_double_lose("settings1");
    reboot();
    CHECK_EQ(read_copy(0), SETTINGS_STORE_DAMAGED);
    CHECK_EQ(read_copy(1), SETTINGS_STORE_NONE);
    CHECK_EQ(save("after", 1), SETTINGS_STORE_OK);
    check_copy(0, "after");
}

// NVS itself finds it, and takes three reads until it knows of no blob.
TEST(store_nvs_newest_rotten)
{
    begin();
    check_saved("before");
    check_saved("newest");
    nvs_double_rot(key_of("newest"));
    reboot();
    CHECK_EQ(read_copy(0), SETTINGS_STORE_DAMAGED);
    check_copy(1, "before");
    CHECK_EQ(save("after", 1), SETTINGS_STORE_OK);
    reboot();
    check_copy(0, "after");
    check_copy(1, "before");
}

TEST(store_nvs_older_rotten)
{
    begin();
    check_saved("before");
    check_saved("newest");
    nvs_double_rot(key_of("before"));
    reboot();
    check_copy(0, "newest");
    check_saved("after");
    check_copy(0, "after");
    check_copy(1, "newest");
}

// The number of the newest copy is a help, no condition.
TEST(store_nvs_without_the_number_of_the_newest)
{
    begin();
    check_saved("before");
    check_saved("newest");
    nvs_double_lose("settings_newest");
    reboot();
    check_copy(0, "newest");
    check_copy(1, "before");
    damage("newest", 0); // could be the older one now, for all that is known
    reboot();
    CHECK_EQ(read_copy(0), SETTINGS_STORE_DAMAGED);
    check_copy(1, "before");
}

TEST(store_nvs_entries_that_are_not_ours)
{
    static uint8_t long_blob[STORE_NVS_HEADER_SIZE + SETTINGS_MAX_BYTES + 1];
    begin();
    nvs_handle_t h = s.handle;
    CHECK_EQ(nvs_set_blob(h, "settings0", long_blob, sizeof long_blob), ESP_OK);
    CHECK_EQ(nvs_set_u32(h, "settings1", 7), ESP_OK);
    CHECK_EQ(nvs_set_blob(h, "settings_newest", long_blob, 3), ESP_OK);
    CHECK_EQ(read_copy(0), SETTINGS_STORE_DAMAGED);
    CHECK_EQ(read_copy(1), SETTINGS_STORE_DAMAGED);
    CHECK_EQ(save("after", 1), SETTINGS_STORE_OK);
    reboot();
    CHECK_STR(best(), "after");
}

// Numbers go round.
TEST(store_nvs_after_four_thousand_million_changes)
{
    static const char *const texts[] = {"a", "b", "c", "d", "e"};
    static const uint32_t starts[] = {0xfffffffd, 0x7ffffffd};
    for (unsigned n = 0; n < 2; n++) {
        begin();
        CHECK_EQ(nvs_set_u32(s.handle, "settings_newest", starts[n]), ESP_OK);
        for (unsigned i = 0; i < 5; i++) {
            check_saved(texts[i]);
            nvs_double_lose("settings_newest");
            reboot();
            check_copy(0, texts[i]);
            if (i > 0)
                check_copy(1, texts[i - 1]);
        }
    }
}

// --- flash that does not take it -----------------------------------------------------------------

TEST(store_nvs_full)
{
    begin();
    check_saved("before");
    check_saved("newest");
    nvs_double_limit(8);
    CHECK_EQ(save("one that does not fit beside the old one", 0), SETTINGS_STORE_FAILED);
    CHECK_STR(s.store.why,
              "the settings partition (nvs) cannot be written: it is full (error 0x1105)");
    reboot();
    check_copy(0, "newest");
    check_copy(1, "before");
    nvs_double_limit(100);
    check_saved("after");
}

TEST(store_nvs_write_fails)
{
    begin();
    check_saved("before");
    check_saved("newest");
    nvs_double_fail_writes(true);
    CHECK_EQ(save("after", 0), SETTINGS_STORE_FAILED);
    CHECK_EQ(s.store.erase(&s.store), SETTINGS_STORE_FAILED);
    CHECK(strlen(s.store.why) > 10);
    nvs_double_fail_writes(false);
    check_copy(0, "newest");
}

TEST(store_nvs_worn_out_flash_is_found_by_reading_back)
{
    begin();
    check_saved("before");
    check_saved("newest");
    nvs_double_wear_out(true);
    CHECK_EQ(save("after", 0), SETTINGS_STORE_FAILED);
    reboot();
    CHECK_STR(best(), "newest");
}

// --- a partition that does not open --------------------------------------------------------------

static void check_locked(esp_err_t err, const char *part)
{
    begin();
    check_saved("precious");
    nvs_double_reboot();
    nvs_double_fail_init(err);
    memset(&s, 0, sizeof s);
    CHECK(!store_nvs_open(&s, document));
    CHECK(strstr(s.store.why, part) != NULL);
    CHECK_EQ(read_copy(0), SETTINGS_STORE_FAILED);
    CHECK(strstr(s.store.why, part) != NULL);
    CHECK_EQ(save("defaults", 1), SETTINGS_STORE_FAILED);
    CHECK(strstr(s.store.why, part) != NULL);
}

TEST(store_nvs_that_does_not_open_loses_nothing)
{
    static const struct {
        esp_err_t err;
        const char *part;
    } errors[] = {
        {ESP_ERR_NVS_NO_FREE_PAGES, "a factory reset"},
        {ESP_ERR_NVS_NEW_VERSION_FOUND, "newer version"},
        {ESP_ERR_NOT_FOUND, "no such partition"},
        {ESP_ERR_NO_MEM, "no memory"},
        {ESP_FAIL, "does not work"},
    };
    for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        check_locked(errors[i].err, errors[i].part);
        nvs_double_fail_init(ESP_OK); // as if the newer firmware was back
        reboot();
        check_copy(0, "precious");
    }
}

TEST(store_nvs_factory_reset_of_what_does_not_open)
{
    check_locked(ESP_ERR_NVS_NO_FREE_PAGES, "damaged");
    CHECK_EQ(s.store.erase(&s.store), SETTINGS_STORE_OK);
    CHECK_EQ(read_copy(0), SETTINGS_STORE_NONE);
    check_saved("new life");
    reboot();
    check_copy(0, "new life");
}
