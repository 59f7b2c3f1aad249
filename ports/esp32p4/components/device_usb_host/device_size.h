// SPDX-License-Identifier: Apache-2.0
// The numbers of the device backend: how many, and how much memory. The memory budget test reads
// them. Transfer buffers are internal DMA memory (the library's choice while
// CONFIG_USB_HOST_DWC_DMA_CAP_MEMORY_IN_PSRAM is off), rounded up by the library to a cache line.
#pragma once

enum {
    DEVICE_LIMIT = 32, // most that `max_devices` may be

    // --- transfer buffers, bytes ---
    // Each device: one control transfer, the setup packet included.
    DEVICE_CONTROL_BYTES = 8 + 512,
    // Each claimed bulk endpoint: one.
    DEVICE_BULK_BYTES = 4096,
    // Each claimed interrupt endpoint: so many, each one packet.
    DEVICE_INTERRUPT_DEPTH = 1,
    // Each claimed isochronous endpoint: so many, each for so much time, if that fits.
    DEVICE_ISO_DEPTH = 3,
    DEVICE_ISO_US = 8000,
    DEVICE_ISO_BYTES = 16384,
    // Shared by all, for long bulk and control transfers; the last one is for control only, so
    // that idle bulk IN transfers, which may hold theirs for ever, cannot take it.
    DEVICE_POOL_COUNT = 6,
    DEVICE_POOL_BYTES = 16384,
    DEVICE_POOL_RESERVE = 1,
    // A stream of bulk IN: so many in flight, the second one in a shared buffer, after so many full
    // transfers in a row.
    DEVICE_STREAM_DEPTH = 2,
    DEVICE_STREAM_URBS = 16,
    // Each hub: GET_STATUS and the hub descriptor.
    DEVICE_HUB_BYTES = 8 + 64,

    // --- limits of the host controller and its driver ---
    // Packets that its counters count on every silicon revision, for URBs that can be cut into
    // several transfers; device_usb_host_packets_max() for control.
    DEVICE_PACKETS_MAX = 127,
    // Isochronous descriptors, one per (micro)frame: 64 less the driver's margin, which it asserts.
    DEVICE_ISO_FRAMES_MAX = 61,
    DEVICE_HIGH_SPEED_CHANNELS = 16,
    DEVICE_FULL_SPEED_CHANNELS = 8,

    // --- payload of URBs ---
    DEVICE_SMALL_PAYLOAD = 512, // up to here internal memory, above PSRAM
    // So much internal memory is left to others (transfers of the next device, stacks, queues).
    DEVICE_INTERNAL_RESERVE = 32 * 1024,

    // --- other ---
    DEVICE_CLIENT_EVENTS = 32, // the library drops what does not fit into its event queue
    // Longest configuration that is read; CONFIG_USB_HOST_CONTROL_TRANSFER_MAX_SIZE is the same, as
    // is the longest control transfer that every silicon revision can do.
    DEVICE_CONFIG_BYTES = 8128,
    DEVICE_HUB_PORTS = 15, // that are looked at

    // --- times ---
    DEVICE_FETCH_US = 5 * 1000 * 1000,    // a device that does not answer is shown anyway
    DEVICE_SCAN_US = 1000 * 1000,         // hubs and their ports are looked at so often
    DEVICE_QUIET_US = 2 * 1000 * 1000,    // no arrivals: nobody is kept waiting for them
    DEVICE_PATH_US = 3 * 1000 * 1000,     // a device whose hub is not found gets a likely one
    DEVICE_CLEAN_US = 2 * 1000 * 1000,    // for a device to answer when its client has gone
    DEVICE_CHANGE_US = 5 * 1000 * 1000,   // for a device to take part in a change, as in Linux
    DEVICE_RETRY_US = 1000,               // what the library refuses for the moment
    DEVICE_ROOT_PATIENCE_US = 3000 * 1000 // an enumeration takes less
};
