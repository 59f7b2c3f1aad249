// SPDX-License-Identifier: Apache-2.0
// What can be done with simulated devices, if there are any. The port fills it in. Loop thread.
#pragma once

#include "base/base_err.h"
#include "usb/usb_device.h"

#include <stdbool.h>
#include <stddef.h>

enum api_presence {
    API_PULLED,   // it can come back
    API_WORKS,    // it is plugged in
    API_NO_POWER, // the same, but its port has no power
    API_NO_HUB,   // the same, but the hub has none, or was pulled
};

// A simulated device and its port; texts are borrowed until something is plugged or pulled.
struct api_simulated {
    char busid[USB_BUSID_SIZE];
    const char *kind; // "keyboard"
    char product[USB_NAME_SIZE];
    enum api_presence presence;
    bool types; // it has keys
};

struct api_simulate_kind {
    const char *name, *help;
};

struct api_simulate {
    // False: no simulated device is or was there.
    bool (*find)(void *ctx, const char *busid, struct api_simulated *out);
    // The i-th, in no order. False: there are no more.
    bool (*at)(void *ctx, unsigned i, struct api_simulated *out);

    // BASE_ERR_NOT_FOUND: there is none, or it is where it shall be already.
    enum base_err (*plug)(void *ctx, const char *busid);
    enum base_err (*unplug)(void *ctx, const char *busid);

    // BASE_ERR_INVALID: a character has no key, *at is its place; LIMIT: it has more to type than
    // it can keep already.
    enum base_err (*type)(void *ctx, const char *busid, const char *text, size_t *at);

    // Plugs in what `spec` (as for --sim) names, one device, and says where. An error says why
    // (cut to fit).
    enum base_err (*add)(void *ctx, const char *spec, char busid[USB_BUSID_SIZE], char *why,
                         size_t why_size);

    // The i-th kind of device that there is. False: there are no more.
    bool (*kind)(void *ctx, unsigned i, struct api_simulate_kind *out);
    void *ctx;
};
