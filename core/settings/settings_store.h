// SPDX-License-Identifier: Apache-2.0
// The contract "settings": where a port keeps the settings document (a file, NVS). The port fills
// in read, write and erase, which know nothing of the content; what a copy is worth, when to fall
// back and what may be overwritten is decided here, for both ports alike.
//
// One thread at a time; may block (flash, fsync): not on the loop thread while devices are in use
// unless that is acceptable. A store keeps up to two copies: age 0 is the newest, age 1 the one
// before. Whatever fails or is cut off in the middle, one good copy stays.
#pragma once

#include "settings/settings.h"

enum settings_store_result {
    SETTINGS_STORE_OK,
    SETTINGS_STORE_NONE,    // nothing was ever saved: use the defaults
    SETTINGS_STORE_OLDER,   // load: the newest copy is damaged or lost, this is the one before
    SETTINGS_STORE_DAMAGED, // there is something, and nothing of it can be used
    SETTINGS_STORE_NEWER,   // a newer version of this program has written it: leave it alone
    SETTINGS_STORE_FAILED,  // the storage does not work or is full; a good copy is still there
};

struct settings_store {
    // Copies the document of that age to text[] and its length to *size.
    // OK, NONE, DAMAGED (checksum or length wrong) or FAILED.
    enum settings_store_result (*read)(struct settings_store *st, unsigned age, size_t *size);

    // Makes the `size` bytes in text[] the newest copy, all or nothing: a power cut leaves the
    // copies that were there or the new ones. The present copy of age `keep` becomes the one
    // before; with keep 1 the present newest, which is damaged, is what gets replaced. OK or
    // FAILED. Durable when it returns OK.
    enum settings_store_result (*write)(struct settings_store *st, size_t size, unsigned keep);

    // Removes the copies, the oldest first, so that a power cut does not bring back the one before.
    // OK (also if there was none) or FAILED.
    enum settings_store_result (*erase)(struct settings_store *st);

    // Others may write to it at the same time (another program, to a file): between hold(st, true)
    // and hold(st, false) they do not. False: not now, `why`. NULL: there are no others.
    bool (*hold)(struct settings_store *st, bool hold);

    char *text;                  // the port's, as long as the store is used
    size_t text_size;            // of the longest document, and a NUL
    char why[SETTINGS_WHY_SIZE]; // a plain sentence about every result but OK and NONE
};

// Lays the stored document over *s, which is to be dropped. OK and OLDER: done; otherwise *s stays
// as it was.
enum settings_store_result settings_store_load(struct settings_store *st, struct settings *s);

// Saves what is not the default. The copy before stays the last good one. OK, NEWER or FAILED, also
// if it is too long. *s is only read: other threads may do so meanwhile.
enum settings_store_result settings_store_save(struct settings_store *st, const struct settings *s);

// The same for any other document in a store of its own, the `what` of a sentence ("users"): `take`
// reads a whole copy or nothing of it, and answers as settings_parse() does.
typedef enum base_err (*settings_store_take)(void *ctx, const char *text, size_t size, char *why);
enum settings_store_result settings_store_load_as(struct settings_store *st, const char *what,
                                                  settings_store_take take, void *ctx);
// The newest copy alone. What is not OK is overwritten with keep 1, unless it is NEWER or FAILED.
enum settings_store_result settings_store_newest(struct settings_store *st,
                                                 settings_store_take take, void *ctx);

// Factory reset, also of a damaged or newer document. OK or FAILED.
enum settings_store_result settings_store_erase(struct settings_store *st);
