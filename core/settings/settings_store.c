// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_store.h"

#include "base/base_text.h"

// The copy of that age. Leaves `why` unless OK or NONE.
static enum settings_store_result take_copy(struct settings_store *st, unsigned age,
                                            settings_store_take take, void *ctx)
{
    size_t size;
    enum settings_store_result result = st->read(st, age, &size);
    if (result != SETTINGS_STORE_OK)
        return result;
    switch (take(ctx, st->text, size, st->why)) {
    case BASE_OK:
        return SETTINGS_STORE_OK;
    case BASE_ERR_UNSUPPORTED:
        return SETTINGS_STORE_NEWER;
    case BASE_ERR_NOMEM:
        return SETTINGS_STORE_FAILED;
    default:
        return SETTINGS_STORE_DAMAGED;
    }
}

enum settings_store_result settings_store_newest(struct settings_store *st,
                                                 settings_store_take take, void *ctx)
{
    return take_copy(st, 0, take, ctx);
}

// What was wrong with the newest copy, and what came of it.
static void say(struct settings_store *st, const char *wrong, const char *what, const char *then)
{
    struct base_text t;
    base_text_init(&t, st->why, sizeof st->why);
    for (size_t i = 0; wrong[i] && i < SETTINGS_WHY_SIZE - 80; i++) // room for the rest
        base_text_char(&t, wrong[i]);
    base_text_str(&t, what ? "; the " : "; ");
    base_text_str(&t, what);
    base_text_str(&t, then);
}

enum settings_store_result settings_store_load_as(struct settings_store *st, const char *what,
                                                  settings_store_take take, void *ctx)
{
    char wrong[SETTINGS_WHY_SIZE];
    enum settings_store_result newest = take_copy(st, 0, take, ctx), before;
    if (newest != SETTINGS_STORE_NONE && newest != SETTINGS_STORE_DAMAGED)
        return newest;
    (void)base_text_copy(wrong, sizeof wrong,
                         newest == SETTINGS_STORE_NONE ? "the newest copy is not there" : st->why);
    before = take_copy(st, 1, take, ctx);
    if (before == SETTINGS_STORE_OK) {
        say(st, wrong, what, " before the last change are used");
        return SETTINGS_STORE_OLDER;
    }
    if (before == SETTINGS_STORE_NONE && newest == SETTINGS_STORE_NONE)
        return SETTINGS_STORE_NONE;
    if (before == SETTINGS_STORE_NONE || before == SETTINGS_STORE_DAMAGED) {
        say(st, wrong, NULL, "there is no good copy before it");
        return SETTINGS_STORE_DAMAGED;
    }
    return before;
}

static enum base_err take_settings(void *ctx, const char *text, size_t size, char *why)
{
    return settings_parse(ctx, text, size, why);
}

enum settings_store_result settings_store_load(struct settings_store *st, struct settings *s)
{
    return settings_store_load_as(st, "settings", take_settings, s);
}

enum settings_store_result settings_store_save(struct settings_store *st, const struct settings *s)
{
    struct settings present; // only to judge what is there; the lists of *s are another thread's
    settings_default(&present, s->port);
    enum settings_store_result newest = settings_store_newest(st, take_settings, &present);
    settings_drop(&present);
    if (newest == SETTINGS_STORE_NEWER || newest == SETTINGS_STORE_FAILED)
        return newest;
    size_t size = settings_print(s, SETTINGS_CHANGED, st->text, st->text_size);
    if (size + 1 < st->text_size)
        return st->write(st, size, newest == SETTINGS_STORE_OK ? 0 : 1);
    (void)base_text_copy(st->why, sizeof st->why, "the document is too long");
    return SETTINGS_STORE_FAILED;
}

enum settings_store_result settings_store_erase(struct settings_store *st)
{
    return st->erase(st);
}
