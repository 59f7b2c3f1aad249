// SPDX-License-Identifier: Apache-2.0
#include "usb/usb_class.h"

#include <stdbool.h>
#include <stddef.h>

enum { ANY = -1 };

// The first row that fits counts.
static const struct row {
    uint8_t class;
    int16_t subclass, protocol;
    const char *name, *kind;
} rows[] = {
    {0x01, 0x01, ANY, "Audio control", "audio"},
    {0x01, 0x02, ANY, "Audio streaming", "audio"},
    {0x01, 0x03, ANY, "MIDI streaming", "audio"},
    {0x01, ANY, ANY, "Audio", "audio"},
    {0x02, 0x02, 0x01, "Serial port (CDC ACM), AT commands", "serial"},
    {0x02, 0x02, 0xff, "Network (RNDIS)", "network"},
    {0x02, 0x02, ANY, "Serial port (CDC ACM)", "serial"},
    {0x02, 0x06, ANY, "Ethernet (CDC ECM)", "network"},
    {0x02, 0x0d, ANY, "Ethernet (CDC NCM)", "network"},
    {0x02, 0x0e, ANY, "Mobile broadband (CDC MBIM)", "network"},
    {0x02, ANY, ANY, "Communication", NULL},
    {0x03, 0x01, 0x01, "Keyboard, boot protocol", "keyboard"},
    {0x03, 0x01, 0x02, "Mouse, boot protocol", NULL},
    {0x03, ANY, ANY, "HID", NULL},
    {0x05, ANY, ANY, "Physical", NULL},
    {0x06, 0x01, 0x01, "Still image (PTP)", "camera"},
    {0x06, ANY, ANY, "Image", "camera"},
    {0x07, 0x01, 0x02, "Printer, both directions", "printer"},
    {0x07, ANY, ANY, "Printer", "printer"},
    {0x08, 0x06, 0x50, "Mass storage, SCSI, bulk only", "storage"},
    {0x08, 0x06, 0x62, "Mass storage, SCSI, UAS", "storage"},
    {0x08, 0x02, 0x50, "Mass storage, CD or DVD, bulk only", "storage"},
    {0x08, 0x04, ANY, "Mass storage, floppy", "storage"},
    {0x08, ANY, ANY, "Mass storage", "storage"},
    {0x09, ANY, ANY, "Hub", "hub"},
    {0x0a, ANY, ANY, "Communication, data", NULL},
    {0x0b, ANY, ANY, "Smart card", "key"},
    {0x0d, ANY, ANY, "Content security", NULL},
    {0x0e, 0x01, ANY, "Video control", "camera"},
    {0x0e, 0x02, ANY, "Video streaming", "camera"},
    {0x0e, ANY, ANY, "Video", "camera"},
    {0x0f, ANY, ANY, "Personal healthcare", NULL},
    {0x10, ANY, ANY, "Audio and video", NULL},
    {0x11, ANY, ANY, "Billboard", NULL},
    {0xdc, ANY, ANY, "Diagnostic", "debug"},
    {0xe0, 0x01, 0x01, "Bluetooth", NULL},
    {0xe0, 0x01, 0x03, "Network (RNDIS)", "network"},
    {0xe0, ANY, ANY, "Wireless", NULL},
    {0xef, 0x02, 0x01, "Several functions (IAD)", NULL},
    {0xef, 0x04, 0x01, "Network (RNDIS)", "network"},
    {0xef, ANY, ANY, "Miscellaneous", NULL},
    {0xfe, 0x01, ANY, "Firmware update (DFU)", "debug"},
    {0xfe, 0x03, ANY, "Test and measurement (USBTMC)", NULL},
    {0xfe, ANY, ANY, "Application specific", NULL},
    {0xff, ANY, ANY, "Vendor specific", NULL},
};

static bool fits(int16_t wanted, uint8_t have)
{
    return wanted == ANY || wanted == have;
}

static const struct row *find(uint8_t class, uint8_t subclass, uint8_t protocol)
{
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].class == class && fits(rows[i].subclass, subclass) &&
            fits(rows[i].protocol, protocol))
            return &rows[i];
    return NULL;
}

const char *usb_class_name(uint8_t class, uint8_t subclass, uint8_t protocol)
{
    const struct row *row = find(class, subclass, protocol);
    return row ? row->name : NULL;
}

const char *usb_class_kind(uint8_t class, uint8_t subclass, uint8_t protocol)
{
    const struct row *row = find(class, subclass, protocol);
    return row ? row->kind : NULL;
}
