// SPDX-License-Identifier: Apache-2.0
// A document in NVS: the ESP32-P4's side of the contract settings_store.h. Blocks while flash is
// written (some ten milliseconds, more when NVS tidies up a page).
//
// Two blobs, each with its sequence number and checksums, are replaced in turn; NVS itself replaces
// a blob all or nothing. A third entry has the number of the newest copy, so that a copy which NVS
// found damaged and threw away is missed. An NVS partition that cannot be opened is left as it is
// until a factory reset: nothing is lost without somebody having asked for it.
#pragma once

#include "settings/settings_store.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    STORE_NVS_HEADER_SIZE = 20,
    STORE_NVS_COPIES = 2,
};

struct store_nvs_copy {
    bool present; // there is a blob
    bool known;   // and its number can be believed
    uint32_t number;
};

struct store_nvs {
    struct settings_store store;
    const char *document;
    uint32_t handle; // nvs_handle_t
    bool is_open;
    bool has_newest;
    uint32_t newest; // number of the newest copy, as the third entry says
    struct store_nvs_copy copies[STORE_NVS_COPIES];
    uint8_t blob[STORE_NVS_HEADER_SIZE + SETTINGS_MAX_BYTES];
    char text[SETTINGS_MAX_BYTES + 1];
};

// Initialises NVS and opens it for that document (up to 8 letters, borrowed). False: `store.why` is
// a plain sentence, and until store.erase() has succeeded nothing can be read or written; *s can be
// used all the same. store.erase() of what cannot be cleaned erases all documents.
bool store_nvs_open(struct store_nvs *s, const char *document);
void store_nvs_close(struct store_nvs *s);

// Erases the flash of the partition, with all documents. An entry that is erased or replaced is
// only marked so, and its bytes stay until then. Power that goes in between may leave any copy: the
// documents are to be erased before. OK or FAILED.
enum settings_store_result store_nvs_wipe(struct store_nvs *s);
