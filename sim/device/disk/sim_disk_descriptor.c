// SPDX-License-Identifier: Apache-2.0
#include "sim_disk_descriptor.h"

#include "usb/usb_descriptor_bytes.h"

enum {
    HIGH_PACKET = 512,
    SUPER_PACKET = 1024,
    SUPER_BURST = 15,          // packets in one go, minus one
    SUPER_PACKET_SIZE_0 = 9,   // an exponent: 512 bytes (USB 3.2 table 9-11)
    SCSI_TRANSPARENT = 6,      // bInterfaceSubClass
    PROTOCOL_BULK_ONLY = 0x50, // bInterfaceProtocol
    PROTOCOL_UAS = 0x62,
    DT_PIPE_USAGE = 0x24,        // UAS 5.3.3.5
    DT_COMPANION = 0x30,         // USB 3.2 9.6.7
    DT_DEVICE_CAPABILITY = 0x10, // USB 3.2 9.6.2
};

enum pipe_id { PIPE_COMMAND = 1, PIPE_STATUS = 2, PIPE_DATA_IN = 3, PIPE_DATA_OUT = 4 };

#define DEVICE(bcd_usb, packet_size_0, bcd_device)                                                 \
    18, USB_DT_DEVICE, USB_LE16(bcd_usb), 0, 0, 0, packet_size_0, USB_LE16(0x1209),                \
        USB_LE16(0x0002), USB_LE16(bcd_device), 1, 2, 3, 1
#define CONFIGURATION(total_size, power)                                                           \
    USB_CONFIG_BYTES(total_size, 1, 1, 0, 0x80 /* bus-powered */, power)
#define INTERFACE(alternate, endpoints, protocol)                                                  \
    USB_INTERFACE_BYTES(0, alternate, endpoints, USB_CLASS_MASS_STORAGE, SCSI_TRANSPARENT,         \
                        protocol, 0)
#define BULK(address, packet_size) USB_ENDPOINT_BYTES(address, USB_BULK, packet_size, 0)
#define PIPE(address, pipe) BULK(address, HIGH_PACKET), 4, DT_PIPE_USAGE, pipe, 0
#define SUPER_BULK(address)                                                                        \
    BULK(address, SUPER_PACKET), 6, DT_COMPANION, SUPER_BURST, 0, USB_LE16(0)

// The class is in the interface. Each model has its own release number: some hosts remember what a
// device with these three numbers looks like.
static const uint8_t high_device[] = {DEVICE(0x0200, 64, 0x0100)};
static const uint8_t high_uas_device[] = {DEVICE(0x0200, 64, 0x0200)};
static const uint8_t super_device[] = {DEVICE(0x0300, SUPER_PACKET_SIZE_0, 0x0300)};

// clang-format off
static const uint8_t high_configuration[] = {
    CONFIGURATION(32, 100 / 2),
    INTERFACE(SIM_DISK_BULK_ONLY, 2, PROTOCOL_BULK_ONLY),
    BULK(SIM_DISK_IN, HIGH_PACKET),
    BULK(SIM_DISK_OUT, HIGH_PACKET),
};
_Static_assert(sizeof high_configuration == 32, "wTotalLength");

static const uint8_t high_uas_configuration[] = {
    CONFIGURATION(85, 100 / 2),
    INTERFACE(SIM_DISK_BULK_ONLY, 2, PROTOCOL_BULK_ONLY),
    BULK(SIM_DISK_IN, HIGH_PACKET),
    BULK(SIM_DISK_OUT, HIGH_PACKET),
    INTERFACE(SIM_DISK_UAS, 4, PROTOCOL_UAS),
    PIPE(SIM_DISK_COMMAND, PIPE_COMMAND),
    PIPE(SIM_DISK_STATUS, PIPE_STATUS),
    PIPE(SIM_DISK_IN, PIPE_DATA_IN),
    PIPE(SIM_DISK_OUT, PIPE_DATA_OUT),
};
_Static_assert(sizeof high_uas_configuration == 85, "wTotalLength");

static const uint8_t super_configuration[] = {
    CONFIGURATION(44, 96 / 8), // the unit is 8 mA here
    INTERFACE(SIM_DISK_BULK_ONLY, 2, PROTOCOL_BULK_ONLY),
    SUPER_BULK(SIM_DISK_IN),
    SUPER_BULK(SIM_DISK_OUT),
};
_Static_assert(sizeof super_configuration == 44, "wTotalLength");

static const uint8_t super_bos[] = {
    5, USB_DT_BOS, USB_LE16(22), 2,
    7, DT_DEVICE_CAPABILITY, 2, 0x02, 0, 0, 0, // USB 2.0 extension: link power management
    10, DT_DEVICE_CAPABILITY, 3, 0, USB_LE16(0x0008), 3, // super speed, and no other
    10, USB_LE16(100), // microseconds to leave U1 and U2
};
_Static_assert(sizeof super_bos == 22, "wTotalLength");
// clang-format on

const struct sim_disk_model sim_disk_high = {
    .speed = USB_SPEED_HIGH,
    .packet_size = HIGH_PACKET,
    .device = high_device,
    .configs = (const uint8_t *const[]){high_configuration},
};

const struct sim_disk_model sim_disk_high_uas = {
    .speed = USB_SPEED_HIGH,
    .packet_size = HIGH_PACKET,
    .device = high_uas_device,
    .configs = (const uint8_t *const[]){high_uas_configuration},
};

const struct sim_disk_model sim_disk_super = {
    .speed = USB_SPEED_SUPER,
    .packet_size = SUPER_PACKET,
    .device = super_device,
    .configs = (const uint8_t *const[]){super_configuration},
    .bos = super_bos,
};
