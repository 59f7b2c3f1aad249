// SPDX-License-Identifier: Apache-2.0
#include "nvs_double.h"

#include "nvs_flash.h"

#include <string.h>

enum {
    VALUES = 8,
    VALUE_SIZE = 17 * 1024,
    HANDLES = 8,
    ENTRY_SIZE = 32,
    DEFAULT_ENTRIES = 3400
}; // as partitions.csv has room for

enum type { TYPE_NONE, TYPE_U32, TYPE_BLOB };
enum rot { ROT_NONE, ROT_UNSEEN, ROT_DATA_GONE }; // of a blob, whose index is still there

struct value {
    enum type type; // NONE: free
    char name_space[NVS_NS_NAME_MAX_SIZE];
    char key[NVS_KEY_NAME_MAX_SIZE];
    size_t size;
    enum rot rot;
    uint8_t data[VALUE_SIZE];
};

static struct {
    struct value durable[VALUES], live[VALUES]; // live: what calls see
    bool changed[VALUES];                       // since the last commit
    struct {
        bool open, writable;
        char name_space[NVS_NS_NAME_MAX_SIZE];
    } handles[HANDLES];
    bool initialised, deferred, no_writes, no_erase, worn_out, remains;
    bool cut_planned, dead;
    unsigned steps_left, capacity;
    enum nvs_double_cut how;
    esp_err_t init_error;
} nvs;

// --- for tests -----------------------------------------------------------------------------------

void nvs_double_begin(void)
{
    memset(&nvs, 0, sizeof nvs);
    nvs.capacity = DEFAULT_ENTRIES;
}

void nvs_double_reboot(void)
{
    memcpy(nvs.live, nvs.durable, sizeof nvs.live);
    memset(nvs.changed, 0, sizeof nvs.changed);
    memset(nvs.handles, 0, sizeof nvs.handles);
    nvs.initialised = nvs.cut_planned = nvs.dead = false;
}

void nvs_double_cut_after(unsigned steps, enum nvs_double_cut how)
{
    nvs.cut_planned = true;
    nvs.steps_left = steps;
    nvs.how = how;
}

bool nvs_double_was_cut(void)
{
    return nvs.dead;
}

void nvs_double_defer(bool on)
{
    nvs.deferred = on;
}

void nvs_double_limit(unsigned entries)
{
    nvs.capacity = entries;
}

void nvs_double_fail_init(esp_err_t err)
{
    nvs.init_error = err;
}

void nvs_double_fail_writes(bool on)
{
    nvs.no_writes = on;
}

void nvs_double_fail_erase(bool on)
{
    nvs.no_erase = on;
}

bool nvs_double_has_remains(void)
{
    return nvs.remains;
}

void nvs_double_wear_out(bool on)
{
    nvs.worn_out = on;
}

static int find(const struct value *values, const char *name_space, const char *key)
{
    for (int i = 0; i < VALUES; i++)
        if (values[i].type != TYPE_NONE && strcmp(values[i].key, key) == 0 &&
            (!name_space || strcmp(values[i].name_space, name_space) == 0))
            return i;
    return -1;
}

uint8_t *nvs_double_value(const char *key, size_t *size)
{
    int i = find(nvs.durable, NULL, key);
    if (i < 0)
        return NULL;
    *size = nvs.durable[i].size;
    return nvs.durable[i].data;
}

void nvs_double_lose(const char *key)
{
    int i = find(nvs.durable, NULL, key);
    if (i >= 0)
        memset(&nvs.durable[i], 0, sizeof nvs.durable[i]);
}

void nvs_double_rot(const char *key)
{
    int i = find(nvs.durable, NULL, key);
    if (i >= 0)
        nvs.durable[i].rot = ROT_UNSEEN;
}

unsigned nvs_double_open_handles(void)
{
    unsigned n = 0;
    for (int i = 0; i < HANDLES; i++)
        n += nvs.handles[i].open;
    return n;
}

// --- flash ---------------------------------------------------------------------------------------

// False: the power went instead.
static bool step(void)
{
    if (nvs.cut_planned && nvs.steps_left == 0)
        nvs.dead = true;
    else if (nvs.cut_planned)
        nvs.steps_left--;
    return !nvs.dead;
}

static void leave_cut(struct value *flash, const struct value *want, size_t done)
{
    if (nvs.how == NVS_CUT_LOST)
        memset(flash, 0, sizeof *flash);
    else if (nvs.how == NVS_CUT_TORN && flash->type != TYPE_NONE)
        memcpy(flash->data, want->data, done < flash->size ? done : flash->size);
}

// Data, its index, then the end of the old value.
static bool program(struct value *flash, const struct value *want)
{
    if (want->type == TYPE_NONE) {
        if (!step())
            return false;
        nvs.remains = true;
        memset(flash, 0, sizeof *flash);
        return true;
    }
    for (size_t done = 0; done < want->size + ENTRY_SIZE; done += ENTRY_SIZE) {
        if (!step()) {
            leave_cut(flash, want, done);
            return false;
        }
    }
    nvs.remains |= flash->type != TYPE_NONE;
    *flash = *want;
    if (nvs.worn_out)
        memset(flash->data, 0, flash->size);
    return step();
}

static unsigned entries_of(const struct value *v)
{
    if (v->type == TYPE_BLOB) // index, header of the data, data
        return 2 + (unsigned)((v->size + ENTRY_SIZE - 1) / ENTRY_SIZE);
    return v->type == TYPE_U32;
}

static unsigned entries_used(void)
{
    unsigned n = 0;
    for (int i = 0; i < VALUES; i++)
        n += entries_of(&nvs.live[i]);
    return n;
}

static esp_err_t make_durable(int i)
{
    if (!program(&nvs.durable[i], &nvs.live[i]))
        return ESP_FAIL;
    nvs.live[i] = nvs.durable[i];
    nvs.changed[i] = false;
    return ESP_OK;
}

static esp_err_t change(int i, const struct value *want)
{
    if (nvs.dead || nvs.no_writes)
        return ESP_FAIL;
    if (want->type != TYPE_NONE && entries_used() + entries_of(want) > nvs.capacity)
        return ESP_ERR_NVS_NOT_ENOUGH_SPACE; // both are there for a moment
    nvs.live[i] = *want;
    nvs.changed[i] = true;
    return nvs.deferred ? ESP_OK : make_durable(i);
}

// --- nvs_flash.h ---------------------------------------------------------------------------------

esp_err_t nvs_flash_init(void)
{
    if (nvs.dead)
        return ESP_FAIL;
    nvs.initialised = nvs.init_error == ESP_OK;
    return nvs.init_error;
}

esp_err_t nvs_flash_deinit(void)
{
    if (!nvs.initialised)
        return ESP_ERR_NVS_NOT_INITIALIZED;
    nvs.initialised = false;
    memset(nvs.handles, 0, sizeof nvs.handles);
    return ESP_OK;
}

esp_err_t nvs_flash_erase(void)
{
    (void)nvs_flash_deinit();
    if (nvs.dead || nvs.no_writes || nvs.no_erase)
        return ESP_FAIL;
    for (int i = 0; i < VALUES; i++) {
        if (!step())
            return ESP_FAIL;
        memset(&nvs.durable[i], 0, sizeof nvs.durable[i]);
    }
    nvs.remains = false;
    memset(nvs.live, 0, sizeof nvs.live);
    memset(nvs.changed, 0, sizeof nvs.changed);
    nvs.init_error = ESP_OK;
    return ESP_OK;
}

// --- nvs.h ---------------------------------------------------------------------------------------

esp_err_t nvs_open(const char *namespace_name, nvs_open_mode_t open_mode, nvs_handle_t *out_handle)
{
    if (!nvs.initialised)
        return ESP_ERR_NVS_NOT_INITIALIZED;
    size_t length = strlen(namespace_name);
    if (length == 0 || length >= NVS_NS_NAME_MAX_SIZE)
        return ESP_ERR_NVS_INVALID_NAME;
    for (unsigned i = 0; i < HANDLES; i++) {
        if (nvs.handles[i].open)
            continue;
        nvs.handles[i].open = true;
        nvs.handles[i].writable = open_mode == NVS_READWRITE;
        strcpy(nvs.handles[i].name_space, namespace_name);
        *out_handle = i + 1;
        return ESP_OK;
    }
    return ESP_ERR_NO_MEM;
}

void nvs_close(nvs_handle_t handle)
{
    if (handle >= 1 && handle <= HANDLES)
        nvs.handles[handle - 1].open = false;
}

static esp_err_t check(nvs_handle_t handle, const char *key, bool write)
{
    if (handle < 1 || handle > HANDLES || !nvs.handles[handle - 1].open)
        return ESP_ERR_NVS_INVALID_HANDLE;
    if (write && !nvs.handles[handle - 1].writable)
        return ESP_ERR_NVS_READ_ONLY;
    if (key && strlen(key) >= NVS_KEY_NAME_MAX_SIZE)
        return ESP_ERR_NVS_KEY_TOO_LONG;
    return nvs.dead ? ESP_FAIL : ESP_OK;
}

static int find_key(nvs_handle_t handle, const char *key)
{
    return find(nvs.live, nvs.handles[handle - 1].name_space, key);
}

static esp_err_t set(nvs_handle_t handle, const char *key, enum type type, const void *data,
                     size_t size)
{
    static struct value v;
    esp_err_t err = check(handle, key, true);
    if (err != ESP_OK)
        return err;
    if (size > VALUE_SIZE)
        return ESP_ERR_NVS_NOT_ENOUGH_SPACE;
    int i = find_key(handle, key);
    if (i >= 0 && nvs.live[i].type == type && nvs.live[i].size == size &&
        memcmp(nvs.live[i].data, data, size) == 0)
        return ESP_OK; // not written again
    for (int j = 0; i < 0 && j < VALUES; j++)
        if (nvs.live[j].type == TYPE_NONE)
            i = j;
    if (i < 0)
        return ESP_ERR_NVS_NOT_ENOUGH_SPACE;
    memset(&v, 0, sizeof v);
    v.type = type;
    v.size = size;
    strcpy(v.name_space, nvs.handles[handle - 1].name_space);
    strcpy(v.key, key);
    memcpy(v.data, data, size);
    return change(i, &v);
}

static esp_err_t get(nvs_handle_t handle, const char *key, enum type type, const struct value **v)
{
    esp_err_t err = check(handle, key, false);
    if (err != ESP_OK)
        return err;
    int i = find_key(handle, key);
    if (i < 0)
        return ESP_ERR_NVS_NOT_FOUND;
    *v = &nvs.live[i];
    return (*v)->type == type ? ESP_OK : ESP_ERR_NVS_TYPE_MISMATCH;
}

esp_err_t nvs_set_u32(nvs_handle_t handle, const char *key, uint32_t value)
{
    return set(handle, key, TYPE_U32, &value, sizeof value);
}

esp_err_t nvs_get_u32(nvs_handle_t handle, const char *key, uint32_t *out_value)
{
    const struct value *v;
    esp_err_t err = get(handle, key, TYPE_U32, &v);
    if (err == ESP_OK)
        memcpy(out_value, v->data, sizeof *out_value);
    return err;
}

esp_err_t nvs_set_blob(nvs_handle_t handle, const char *key, const void *value, size_t length)
{
    return set(handle, key, TYPE_BLOB, value, length);
}

// Storage::readMultiPageBlob() erases the data whose checksum is wrong. It misses them the next
// time, and erases the index.
static esp_err_t drop_rotten(int i)
{
    if (nvs.live[i].rot == ROT_UNSEEN) {
        nvs.live[i].rot = nvs.durable[i].rot = ROT_DATA_GONE;
        return ESP_ERR_NVS_NOT_FOUND;
    }
    memset(&nvs.live[i], 0, sizeof nvs.live[i]);
    memset(&nvs.durable[i], 0, sizeof nvs.durable[i]);
    return ESP_FAIL;
}

esp_err_t nvs_get_blob(nvs_handle_t handle, const char *key, void *out_value, size_t *length)
{
    const struct value *v;
    esp_err_t err = get(handle, key, TYPE_BLOB, &v);
    if (err != ESP_OK)
        return err;
    size_t room = *length;
    *length = v->size;
    if (!out_value)
        return ESP_OK;
    if (room < v->size)
        return ESP_ERR_NVS_INVALID_LENGTH;
    if (v->rot != ROT_NONE)
        return drop_rotten((int)(v - nvs.live));
    memcpy(out_value, v->data, v->size);
    return ESP_OK;
}

esp_err_t nvs_erase_key(nvs_handle_t handle, const char *key)
{
    static const struct value nothing;
    esp_err_t err = check(handle, key, true);
    if (err != ESP_OK)
        return err;
    int i = find_key(handle, key);
    return i < 0 ? ESP_ERR_NVS_NOT_FOUND : change(i, &nothing);
}

esp_err_t nvs_commit(nvs_handle_t handle)
{
    esp_err_t err = check(handle, NULL, false);
    for (int i = 0; err == ESP_OK && i < VALUES; i++)
        if (nvs.changed[i])
            err = make_durable(i);
    return err;
}
