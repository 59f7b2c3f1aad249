// SPDX-License-Identifier: Apache-2.0
#include "store_nvs.h"

#include "base/base_bytes.h"
#include "base/base_text.h"

#include "nvs.h"
#include "nvs_flash.h"

#include <assert.h>
#include <string.h>

// A blob: the header, then the document. All numbers little endian.
enum {
    AT_MAGIC = 0,
    AT_NUMBER = 4,
    AT_SIZE = 8,
    AT_TEXT_CHECK = 12,
    AT_HEADER_CHECK = 16, // of what is before it
};

static const uint32_t magic = 0x54455355; // "USET"
static const char name_space[] = "usbip";

// "settings0", "settings1" and "settings_newest".
struct key {
    char name[NVS_KEY_NAME_MAX_SIZE];
};

// CRC-32 as in Ethernet, bit by bit: a few kilobytes per save need no table.
static uint32_t crc32(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint32_t crc = 0xffffffff;
    while (size--) {
        crc ^= *at++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static struct store_nvs *store_of(struct settings_store *st)
{
    return (struct store_nvs *)(void *)((char *)st - offsetof(struct store_nvs, store));
}

static struct key key_of(const struct store_nvs *s, const char *end)
{
    struct key key;
    struct base_text t;
    base_text_init(&t, key.name, sizeof key.name);
    base_text_str(&t, s->document);
    base_text_str(&t, end);
    assert(!t.cut);
    return key;
}

static struct key copy_key(const struct store_nvs *s, unsigned slot)
{
    return key_of(s, slot ? "1" : "0");
}

static struct key newest_key(const struct store_nvs *s)
{
    return key_of(s, "_newest");
}

// --- words ---------------------------------------------------------------------------------------

static const char *words_for(esp_err_t err)
{
    switch (err) {
    case ESP_ERR_NVS_NOT_ENOUGH_SPACE:
        return "it is full";
    case ESP_ERR_NVS_NO_FREE_PAGES:
        return "it is damaged or was made smaller; a factory reset makes it usable";
    case ESP_ERR_NVS_NEW_VERSION_FOUND:
        return "a newer version of the firmware has written it; go back to that, or do a factory "
               "reset";
    case ESP_ERR_NOT_FOUND:
    case ESP_ERR_NVS_PART_NOT_FOUND:
        return "the flash has no such partition";
    case ESP_ERR_NO_MEM:
        return "there is no memory for it";
    default:
        return "it does not work";
    }
}

// "the settings partition (nvs) cannot be read: it is full (error 0x1105)"
static enum settings_store_result failed(struct store_nvs *s, const char *what, esp_err_t err)
{
    struct base_text t;
    base_text_init(&t, s->store.why, sizeof s->store.why);
    base_text_str(&t, "the settings partition (nvs) cannot be ");
    base_text_str(&t, what);
    base_text_str(&t, ": ");
    base_text_str(&t, words_for(err));
    base_text_str(&t, " (error 0x");
    base_text_hex(&t, (uint32_t)err, 4);
    base_text_char(&t, ')');
    return SETTINGS_STORE_FAILED;
}

static enum settings_store_result damaged(struct store_nvs *s, unsigned age, const char *how)
{
    struct base_text t;
    base_text_init(&t, s->store.why, sizeof s->store.why);
    base_text_str(&t, age == 0 ? "the newest copy in flash " : "the older copy in flash ");
    base_text_str(&t, how);
    return SETTINGS_STORE_DAMAGED;
}

// --- what is there -------------------------------------------------------------------------------

// Into s->blob. ESP_ERR_NVS_INVALID_LENGTH: too long to be one of ours. Of a blob whose data are
// damaged, NVS erases the data when it is first read and the rest when it is read again, which
// fails; from then on it is not there.
static esp_err_t get_blob(struct store_nvs *s, unsigned slot, size_t *size)
{
    esp_err_t err = ESP_FAIL;
    for (unsigned i = 0; i < 2 && err == ESP_FAIL; i++) {
        *size = sizeof s->blob;
        err = nvs_get_blob(s->handle, copy_key(s, slot).name, s->blob, size);
    }
    return err;
}

static bool header_is_good(const struct store_nvs *s, size_t size)
{
    return size >= STORE_NVS_HEADER_SIZE && base_get_le32(s->blob + AT_MAGIC) == magic &&
           base_get_le32(s->blob + AT_HEADER_CHECK) == crc32(s->blob, AT_HEADER_CHECK);
}

static bool text_is_good(const struct store_nvs *s, size_t size)
{
    size_t text_size = size - STORE_NVS_HEADER_SIZE;
    return base_get_le32(s->blob + AT_SIZE) == text_size &&
           base_get_le32(s->blob + AT_TEXT_CHECK) ==
               crc32(s->blob + STORE_NVS_HEADER_SIZE, text_size);
}

// True if NVS answered, whatever it has.
static esp_err_t look_at(struct store_nvs *s, unsigned slot)
{
    size_t size;
    esp_err_t err = get_blob(s, slot, &size);
    struct store_nvs_copy *c = &s->copies[slot];
    *c = (struct store_nvs_copy){.present = err != ESP_ERR_NVS_NOT_FOUND};
    if (err == ESP_OK && header_is_good(s, size)) {
        c->known = true;
        c->number = base_get_le32(s->blob + AT_NUMBER);
    }
    bool answered = err == ESP_OK || err == ESP_ERR_NVS_NOT_FOUND ||
                    err == ESP_ERR_NVS_INVALID_LENGTH || err == ESP_ERR_NVS_TYPE_MISMATCH;
    return answered ? ESP_OK : err;
}

static esp_err_t look_at_all(struct store_nvs *s)
{
    for (unsigned slot = 0; slot < STORE_NVS_COPIES; slot++) {
        esp_err_t err = look_at(s, slot);
        if (err != ESP_OK)
            return err;
    }
    esp_err_t err = nvs_get_u32(s->handle, newest_key(s).name, &s->newest);
    s->has_newest = err == ESP_OK;
    return err == ESP_ERR_NVS_NOT_FOUND || err == ESP_ERR_NVS_TYPE_MISMATCH ? ESP_OK : err;
}

static bool is_newer(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

enum { NO_SLOT = -1 };

static int newest_slot(const struct store_nvs *s)
{
    const struct store_nvs_copy *c = s->copies;
    if (c[0].known && c[1].known)
        return is_newer(c[1].number, c[0].number);
    if (c[0].known || c[1].known) {
        int known = c[1].known;
        bool is_newest = s->has_newest && !is_newer(s->newest, c[known].number);
        if (is_newest || (!s->has_newest && !c[!known].present))
            return known;
        return c[!known].present ? !known : NO_SLOT; // its number cannot be read, or it is lost
    }
    return c[0].present ? 0 : c[1].present ? 1 : NO_SLOT;
}

// Where the copy of that age is, or should be; NO_SLOT: nowhere.
static int slot_of(const struct store_nvs *s, unsigned age)
{
    int newest = newest_slot(s);
    if (age == 0)
        return newest;
    if (newest == NO_SLOT)
        return s->copies[0].known ? 0 : s->copies[1].known ? 1 : NO_SLOT;
    return s->copies[!newest].present ? !newest : NO_SLOT;
}

// --- open ----------------------------------------------------------------------------------------

static bool open_nvs(struct store_nvs *s)
{
    s->store.why[0] = '\0';
    esp_err_t err = nvs_flash_init();
    nvs_handle_t handle = 0;
    if (err == ESP_OK)
        err = nvs_open(name_space, NVS_READWRITE, &handle);
    s->handle = handle;
    s->is_open = err == ESP_OK;
    if (!s->is_open)
        failed(s, "opened", err);
    return s->is_open;
}

// --- the contract --------------------------------------------------------------------------------

static enum settings_store_result not_open(struct store_nvs *s)
{
    if (!s->store.why[0])
        (void)base_text_copy(s->store.why, sizeof s->store.why, "the settings are not open");
    return SETTINGS_STORE_FAILED;
}

static enum settings_store_result read_copy(struct settings_store *st, unsigned age, size_t *size)
{
    struct store_nvs *s = store_of(st);
    *size = 0;
    if (!s->is_open && !open_nvs(s))
        return not_open(s);
    esp_err_t err = look_at_all(s);
    if (err != ESP_OK)
        return failed(s, "read", err);
    int slot = slot_of(s, age);
    if (slot == NO_SLOT)
        return age == 0 && s->has_newest ? damaged(s, age, "is lost") : SETTINGS_STORE_NONE;
    size_t blob_size;
    err = get_blob(s, (unsigned)slot, &blob_size);
    if (err != ESP_OK || !header_is_good(s, blob_size) || !text_is_good(s, blob_size))
        return damaged(s, age, "is damaged");
    *size = blob_size - STORE_NVS_HEADER_SIZE;
    memcpy(st->text, s->blob + STORE_NVS_HEADER_SIZE, *size);
    st->text[*size] = '\0';
    return SETTINGS_STORE_OK;
}

static uint32_t next_number(const struct store_nvs *s)
{
    bool any = s->has_newest;
    uint32_t newest = any ? s->newest : 0;
    for (unsigned slot = 0; slot < STORE_NVS_COPIES; slot++) {
        const struct store_nvs_copy *c = &s->copies[slot];
        if (c->known && (!any || is_newer(c->number, newest)))
            newest = c->number;
        any = any || c->known;
    }
    return newest + 1;
}

static unsigned slot_to_replace(const struct store_nvs *s, unsigned keep)
{
    int kept = slot_of(s, keep), newest = newest_slot(s);
    if (kept != NO_SLOT)
        return !kept;
    return newest == NO_SLOT ? 0 : (unsigned)newest;
}

static size_t pack_blob(struct store_nvs *s, size_t size, uint32_t number)
{
    base_put_le32(s->blob + AT_MAGIC, magic);
    base_put_le32(s->blob + AT_NUMBER, number);
    base_put_le32(s->blob + AT_SIZE, (uint32_t)size);
    base_put_le32(s->blob + AT_TEXT_CHECK, crc32(s->store.text, size));
    base_put_le32(s->blob + AT_HEADER_CHECK, crc32(s->blob, AT_HEADER_CHECK));
    memcpy(s->blob + STORE_NVS_HEADER_SIZE, s->store.text, size);
    return STORE_NVS_HEADER_SIZE + size;
}

// Reads back: flash may be worn out.
static bool was_written(struct store_nvs *s, unsigned slot, uint32_t number)
{
    size_t size;
    return get_blob(s, slot, &size) == ESP_OK && header_is_good(s, size) &&
           base_get_le32(s->blob + AT_NUMBER) == number && text_is_good(s, size);
}

static enum settings_store_result write_copy(struct settings_store *st, size_t size, unsigned keep)
{
    struct store_nvs *s = store_of(st);
    assert(size <= SETTINGS_MAX_BYTES);
    if (!s->is_open && !open_nvs(s))
        return not_open(s);
    esp_err_t err = look_at_all(s);
    if (err != ESP_OK)
        return failed(s, "read", err);
    uint32_t number = next_number(s);
    unsigned slot = slot_to_replace(s, keep);
    err = nvs_set_blob(s->handle, copy_key(s, slot).name, s->blob, pack_blob(s, size, number));
    if (err == ESP_OK)
        err = nvs_commit(s->handle);
    if (err == ESP_OK && !was_written(s, slot, number))
        err = ESP_FAIL;
    if (err != ESP_OK)
        return failed(s, "written", err);
    // Without it the copy is the newest all the same; only its loss would go unseen.
    if (nvs_set_u32(s->handle, newest_key(s).name, number) == ESP_OK)
        (void)nvs_commit(s->handle);
    return SETTINGS_STORE_OK;
}

static esp_err_t erase_key(struct store_nvs *s, struct key key)
{
    esp_err_t err = nvs_erase_key(s->handle, key.name);
    if (err == ESP_OK)
        err = nvs_commit(s->handle);
    return err == ESP_ERR_NVS_NOT_FOUND ? ESP_OK : err;
}

// The number of the newest first: without it a copy that goes is not missed.
static esp_err_t erase_copies(struct store_nvs *s)
{
    esp_err_t err = look_at_all(s);
    int newest = newest_slot(s) == 1;
    if (err == ESP_OK)
        err = erase_key(s, newest_key(s));
    if (err == ESP_OK)
        err = erase_key(s, copy_key(s, !newest));
    if (err == ESP_OK)
        err = erase_key(s, copy_key(s, newest));
    return err;
}

enum settings_store_result store_nvs_wipe(struct store_nvs *s)
{
    store_nvs_close(s);
    esp_err_t err = nvs_flash_erase();
    if (err != ESP_OK)
        return failed(s, "erased", err);
    return open_nvs(s) ? SETTINGS_STORE_OK : SETTINGS_STORE_FAILED;
}

// What cannot be opened or cleaned is erased as a whole: the caller wants all of it gone. Whoever
// uses *s again opens it: a wipe for another document takes all handles.
static enum settings_store_result erase_all(struct settings_store *st)
{
    struct store_nvs *s = store_of(st);
    if ((!s->is_open && !open_nvs(s)) || erase_copies(s) != ESP_OK)
        return store_nvs_wipe(s);
    store_nvs_close(s);
    return SETTINGS_STORE_OK;
}

bool store_nvs_open(struct store_nvs *s, const char *document)
{
    s->document = document;
    s->store.read = read_copy;
    s->store.write = write_copy;
    s->store.erase = erase_all;
    s->store.text = s->text;
    s->store.text_size = sizeof s->text;
    return open_nvs(s);
}

void store_nvs_close(struct store_nvs *s)
{
    if (s->is_open)
        nvs_close(s->handle);
    s->is_open = false;
}
