// SPDX-License-Identifier: Apache-2.0
#include "main_change.h"

#include "base/base_text.h"
#include "esp_core_dump.h"
#include "ports/posix/posix_settings.h"
#include "ports/posix/posix_time.h"

bool main_change_put_into_force(struct firmware *f)
{
    struct server_config config;
    main_settings_look(&f->settings, &f->shown);
    main_settings_server(&f->shown, &config);
    server_change_limits(f->server, &config);
    if (f->network)
        network_settings(f->network, &f->shown);
    return posix_settings_access(&f->shown, f->server, posix_now_us());
}

// It has the tasks' stacks, where passwords are while they are hashed.
static bool erase_core_dump(char *why)
{
    esp_err_t err = esp_core_dump_image_erase();
    if (err == ESP_OK || err == ESP_ERR_NOT_FOUND)
        return true;
    (void)base_text_copy(why, SETTINGS_WHY_SIZE, "the core dump cannot be erased");
    return false;
}

bool main_change_erase(struct firmware *f, char *why)
{
    if (!erase_core_dump(why) || main_settings_erase(&f->settings, why) != BASE_OK)
        return false;
    bool erased = main_users_erase(&f->users, why);
    if (!erased) // nobody restarts
        main_settings_go_on(&f->settings);
    return erased;
}

// --- HTTP ----------------------------------------------------------------------------------------

_Static_assert((int)API_CHANGE_WHY_SIZE >= (int)SETTINGS_WHY_SIZE, "the same sentence");

static enum api_change_result begin(void *ctx, const char *patch, size_t size,
                                    struct settings_errors *errors, struct settings *try, char *why)
{
    struct firmware *f = ctx;
    switch (main_settings_begin(&f->settings, patch, size, errors, try, why)) {
    case BASE_OK:
        return API_CHANGE_OK;
    case BASE_ERR_IO:
    case BASE_ERR_NOMEM:
        return API_CHANGE_FAILED;
    default:
        return API_CHANGE_WRONG;
    }
}

static bool keep(void *ctx, char *why)
{
    struct firmware *f = ctx;
    return main_settings_keep(&f->settings, why);
}

static bool end(void *ctx, bool kept, char *why)
{
    struct firmware *f = ctx;
    main_settings_end(&f->settings, kept);
    if (!kept || main_change_put_into_force(f))
        return kept;
    (void)base_text_copy(why, API_CHANGE_WHY_SIZE, "no memory to put all of the change into force");
    return false;
}

// Whatever the build brings can be changed.
static const char *fixed(void *ctx, unsigned i)
{
    (void)ctx;
    (void)i;
    return NULL;
}

void main_change_offer(struct firmware *f)
{
    f->change = (struct api_change){begin, keep, end, fixed, f, NULL};
}
