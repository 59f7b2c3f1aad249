// SPDX-License-Identifier: Apache-2.0
// The names of one device are an element of the settings' list "devices", which a merge patch
// replaces as a whole; what is in it is checked there.
#include "api/api_rename.h"
#include "api/api_body.h"
#include "api/api_change.h"
#include "api/api_device.h"
#include "api/api_devices.h"
#include "api/api_problem.h"
#include "base/base_text.h"

#include <string.h>

enum { PLACE_OF_ELEMENT = 2 }; // names in "/devices/3"

struct renaming {
    const struct registry_device *device;
    const cJSON *body;
    const char *key; // what the names follow: "serial" or "busid"
    cJSON *devices;  // the list
};

// --- what the names follow -----------------------------------------------------------------------

// A serial number that another device has as well would name both.
static bool has_own_serial(const struct api_context *ctx, const struct registry_device *d)
{
    const struct base_list *devices = &server_registry(ctx->server)->devices;
    if (!d->info.serial[0] || strlen(d->info.serial) >= ACCESS_KEY_SIZE)
        return false;
    BASE_LIST_FOR_EACH (const struct registry_device, other, devices, link) {
        if (other != d && strcmp(other->info.serial, d->info.serial) == 0)
            return false;
    }
    return true;
}

// NULL: none has it.
static cJSON *find(const cJSON *devices, const char *key, const struct registry_device *d)
{
    const char *want = strcmp(key, "serial") == 0 ? d->info.serial : d->info.busid;
    cJSON *e;
    cJSON_ArrayForEach(e, devices)
    {
        const cJSON *have = cJSON_GetObjectItemCaseSensitive(e, key);
        if (want[0] && cJSON_IsString(have) && strcmp(have->valuestring, want) == 0)
            return e;
    }
    return NULL;
}

// The one that holds.
static cJSON *find_element(const struct renaming *n)
{
    cJSON *e = find(n->devices, "serial", n->device);
    return e ? e : find(n->devices, "busid", n->device);
}

static bool choose_key(const struct api_context *ctx, struct renaming *n, struct api_response *r)
{
    const cJSON *by = cJSON_GetObjectItemCaseSensitive(n->body, "alias_by");
    const char *word = cJSON_IsString(by) ? by->valuestring : "";
    const cJSON *e = find_element(n);
    bool own = has_own_serial(ctx, n->device), serial = strcmp(word, "serial") == 0;
    if (by && !serial && strcmp(word, "port") != 0) {
        *r = api_body_wrong("alias_by", "\"serial\" or \"port\" is wanted.");
        return false;
    }
    if (serial && !own) {
        *r = api_body_wrong("alias_by", "The device has no serial number of its own. Names can "
                                        "follow its port.");
        return false;
    }
    if (!by)
        serial = e ? cJSON_GetObjectItemCaseSensitive(e, "serial") != NULL : own;
    n->key = serial ? "serial" : "busid";
    return true;
}

// --- the list ------------------------------------------------------------------------------------

// "devices" of the settings. False: no memory.
static bool read_list(const struct settings *s, struct renaming *n)
{
    size_t size = settings_max_bytes(s->port) + SETTINGS_DEFAULTS_SIZE + 1;
    char *text = cJSON_malloc(size);
    cJSON *document = NULL;
    if (text)
        document = cJSON_ParseWithLength(text, settings_print(s, SETTINGS_ALL, text, size));
    n->devices = cJSON_DetachItemFromObjectCaseSensitive(document, "devices");
    cJSON_free(text);
    cJSON_Delete(document);
    return n->devices != NULL;
}

// The body's members over those of the element; null takes away.
static bool lay(cJSON *element, const cJSON *body)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, body)
    {
        if (strcmp(item->string, "alias_by") == 0)
            continue;
        cJSON_DeleteItemFromObjectCaseSensitive(element, item->string);
        cJSON *copy = cJSON_IsNull(item) ? NULL : cJSON_Duplicate(item, true);
        if (!cJSON_IsNull(item) && !(copy && cJSON_AddItemToObject(element, item->string, copy))) {
            cJSON_Delete(copy);
            return false;
        }
    }
    return true;
}

// As it is without an element.
static bool says_nothing(const cJSON *element)
{
    const cJSON *labels = cJSON_GetObjectItemCaseSensitive(element, "labels");
    const cJSON *exported = cJSON_GetObjectItemCaseSensitive(element, "exported");
    const cJSON *take = cJSON_GetObjectItemCaseSensitive(element, "take_from_host");
    return !cJSON_GetObjectItemCaseSensitive(element, "alias") && !exported &&
           (!take || cJSON_IsFalse(take)) &&
           (!labels || (cJSON_IsArray(labels) && cJSON_GetArraySize(labels) == 0));
}

static void remove_element(struct renaming *n, cJSON *e)
{
    if (e)
        cJSON_Delete(cJSON_DetachItemViaPointer(n->devices, e));
}

// Takes the element that held, and what the new key had, out of the list, and puts this into it,
// which is the list's then.
static bool put(struct renaming *n, cJSON *element)
{
    const struct usb_device_info *info = &n->device->info;
    const char *value = strcmp(n->key, "serial") == 0 ? info->serial : info->busid;
    cJSON_DeleteItemFromObjectCaseSensitive(element, "serial");
    cJSON_DeleteItemFromObjectCaseSensitive(element, "busid");
    remove_element(n, find_element(n));
    remove_element(n, find(n->devices, n->key, n->device));
    if (says_nothing(element)) {
        cJSON_Delete(element);
        return true;
    }
    if (cJSON_AddStringToObject(element, n->key, value) &&
        cJSON_AddItemToArray(n->devices, element))
        return true;
    cJSON_Delete(element);
    return false;
}

static bool change_list(struct renaming *n)
{
    const cJSON *now = find_element(n);
    cJSON *element = now ? cJSON_Duplicate(now, true) : cJSON_CreateObject();
    if (element && lay(element, n->body))
        return put(n, element);
    cJSON_Delete(element);
    return false;
}

// {"devices": [...]}, to be freed; takes the list. NULL: no memory.
static char *patch_of(struct renaming *n)
{
    cJSON *patch = cJSON_CreateObject();
    char *text = NULL;
    if (patch && cJSON_AddItemReferenceToObject(patch, "devices", n->devices))
        text = cJSON_PrintUnformatted(patch);
    cJSON_Delete(patch);
    return text;
}

// --- the route, and its turn ---------------------------------------------------------------------

static bool make_patch(const struct api_context *ctx, struct renaming *n, struct api_patch *patch,
                       struct api_response *r)
{
    static const char *const names[] = {"alias",    "alias_by",       "labels",
                                        "exported", "take_from_host", NULL};
    if (!api_body_only(n->body, names, r))
        return false;
    *r = api_answer(200, NULL); // no memory, if nothing else comes of it
    if (!read_list(ctx->settings, n) || !choose_key(ctx, n, r) || !change_list(n))
        return false;
    patch->memory = patch_of(n);
    patch->text = patch->memory;
    patch->size = patch->memory ? strlen(patch->memory) : 0;
    return patch->memory != NULL;
}

// The device is called by its busid from here on: its name may be another one then.
static bool rename_device(const struct api_context *ctx, const struct api_request *req, char *name,
                          struct api_patch *patch, struct api_response *r)
{
    struct renaming n = {.device = api_device_find(ctx, name, r)};
    cJSON *body = n.device ? api_body_object(req, r) : NULL;
    n.body = body;
    bool made = body && make_patch(ctx, &n, patch, r);
    if (made)
        (void)base_text_copy(name, API_CHANGE_NAME_SIZE, n.device->info.busid);
    cJSON_Delete(n.devices);
    cJSON_Delete(body);
    return made;
}

struct api_response api_patch_device(const struct api_context *ctx, const struct api_request *req,
                                     const char *name)
{
    static const struct api_changer changer = {
        .patch = rename_device, .skip = PLACE_OF_ELEMENT, .answer = api_get_device};
    struct api_response r;
    if (!api_device_find(ctx, name, &r))
        return r;
    if (!ctx->settings)
        return api_problem(409, "The device cannot be named", "This server has no settings.");
    return api_change(ctx, req, name, &changer);
}
