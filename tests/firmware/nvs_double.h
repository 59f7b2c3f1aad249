// SPDX-License-Identifier: Apache-2.0
// NVS on the host, as ESP-IDF v5.5's nvs_flash behaves: one partition whose content stays over
// nvs_double_reboot(), power cuts at every write to flash, a full or damaged partition. One thread.
//
// Writing goes in steps of one 32-byte entry, erasing in steps of one value. NVS replaces a value
// all or nothing: the new one counts from the step on that writes its index, and the old one goes
// after that.
#pragma once

#include "nvs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A blank partition that works.
void nvs_double_begin(void);

// Power comes back: handles and what was not durable are gone. nvs_flash_init() is wanted again.
void nvs_double_reboot(void);

// What a power cut leaves of the value that is being written.
enum nvs_double_cut {
    NVS_CUT_CLEAN, // the old or the new value, as NVS promises
    NVS_CUT_TORN,  // its beginning new, the rest old; flash that does not keep what it had
    NVS_CUT_LOST,  // nothing: NVS found it damaged at the next start and dropped it
};

// Power fails behind `steps` more steps: that step and all later calls fail and change nothing.
void nvs_double_cut_after(unsigned steps, enum nvs_double_cut how);
bool nvs_double_was_cut(void);

// Changes become durable with nvs_commit() only, as the documentation allows. At first: at once.
void nvs_double_defer(bool on);

// Room for that many entries from now on; at first as many as the chip's partition
// has.
void nvs_double_limit(unsigned entries);

// nvs_flash_init() answers so until nvs_flash_erase(). ESP_OK: it works.
void nvs_double_fail_init(esp_err_t err);

// nvs_flash_erase() alone fails.
void nvs_double_fail_erase(bool on);

// Flash has bytes of values that were erased or replaced: an entry is only marked so.
bool nvs_double_has_remains(void);

// nvs_flash_erase() and every write fail, or every byte written reads as 0.
void nvs_double_fail_writes(bool on);
void nvs_double_wear_out(bool on);

// The durable value of a key for a test to change; NULL: there is none. Dropped as a whole.
uint8_t *nvs_double_value(const char *key, size_t *size);
void nvs_double_lose(const char *key);

// The data of a blob have rotted: reading it finds nothing, then fails, and then it is not there.
void nvs_double_rot(const char *key);

unsigned nvs_double_open_handles(void);
