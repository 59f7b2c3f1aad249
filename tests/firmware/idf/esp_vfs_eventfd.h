// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it. It has eventfd() too,
// which knows no flag of Linux.
#pragma once

#include "esp_err.h"

#include <stddef.h>
#include <sys/types.h>

#define EFD_SUPPORT_ISR (1 << 4)

typedef struct {
    size_t max_fds;
} esp_vfs_eventfd_config_t;

esp_err_t esp_vfs_eventfd_register(const esp_vfs_eventfd_config_t *config);
int eventfd(unsigned int initval, int flags);
