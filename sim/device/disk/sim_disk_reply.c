// SPDX-License-Identifier: Apache-2.0
// Commands that only tell about the logical unit: each puts its answer into `reply`.
#include "base/base_bytes.h"
#include "sim_disk_scsi.h"

#include <string.h>

enum {
    REMOVABLE = 0x80,     // RMB
    SPC_3 = 5,            // version
    EVPD = 0x01,          // byte 1 of INQUIRY: a page of vital product data
    CMDDT = 0x02,         // its neighbour, obsolete in SPC-3
    PMI = 0x01,           // partial medium indicator of READ CAPACITY
    READ_CAPACITY = 0x10, // service action
    SERVICE_ACTION = 0x1f,

    PAGE_CACHING = 0x08,
    PAGE_ALL = 0x3f,
    SUBPAGE_ALL = 0xff,
    CHANGEABLE = 1, // page control of MODE SENSE: which bits MODE SELECT could change (none)
    SAVED = 3,
    WRITE_PROTECT = 0x80, // device-specific parameter
    DPOFUA = 0x10,
    WCE = 0x04, // write cache

    UNIT_NOT_THERE = 0x7f, // peripheral qualifier and device type

    VENDOR_SIZE = 8,
    PRODUCT_SIZE = 16,
};

// T10 vendor and product identification, filled up with blanks.
static const char identity[] = "USBIP   Simulated disk  ";
_Static_assert(sizeof identity - 1 == VENDOR_SIZE + PRODUCT_SIZE, "SPC-3 6.4.2");

static uint8_t *begin_reply(struct sim_disk_scsi *s)
{
    memset(s->reply, 0, sizeof s->reply);
    return s->reply;
}

// `allocation`: the most that the host wants. Cutting there is no error (SPC-3 4.3.4.6).
static void end_reply(struct sim_disk_scsi *s, uint32_t size, uint32_t allocation)
{
    s->from_reply = true;
    s->length = size < allocation ? size : allocation;
}

static uint32_t put_standard_inquiry(struct sim_disk_scsi *s)
{
    uint8_t *p = begin_reply(s);
    p[1] = REMOVABLE;
    p[2] = SPC_3;
    p[3] = 2;      // response data format
    p[4] = 36 - 5; // additional length
    memcpy(p + 8, identity, sizeof identity - 1);
    memcpy(p + 32, "0100", 4); // revision
    return 36;
}

static uint32_t put_page_serial(struct sim_disk_scsi *s)
{
    uint8_t *p = begin_reply(s);
    p[1] = 0x80;
    p[3] = SIM_DISK_SERIAL_SIZE;
    memcpy(p + 4, s->serial, SIM_DISK_SERIAL_SIZE);
    return 4 + SIM_DISK_SERIAL_SIZE;
}

// Two designators of the unit (SPC-3 7.6.3): T10 vendor identification with the serial number, and
// an NAA number of the kind that needs no registration.
static uint32_t put_page_identification(struct sim_disk_scsi *s)
{
    enum { NAME = sizeof identity - 1 + SIM_DISK_SERIAL_SIZE };
    uint8_t *p = begin_reply(s);
    p[1] = 0x83;
    p[3] = 4 + NAME + 4 + 8;
    p += 4;
    p[0] = 2; // ASCII
    p[1] = 1; // T10 vendor identification
    p[3] = NAME;
    memcpy(p + 4, identity, sizeof identity - 1);
    memcpy(p + 4 + sizeof identity - 1, s->serial, SIM_DISK_SERIAL_SIZE);
    p += 4 + NAME;
    p[0] = 1; // binary
    p[1] = 3; // NAA
    p[3] = 8;
    p[4] = 3 << 4; // locally assigned
    base_put_be32(p + 8, s->number);
    return 4 + 4 + NAME + 4 + 8;
}

static uint32_t put_page_list(struct sim_disk_scsi *s)
{
    static const uint8_t pages[] = {0x00, 0x80, 0x83};
    uint8_t *p = begin_reply(s);
    p[3] = sizeof pages;
    memcpy(p + 4, pages, sizeof pages);
    return 4 + sizeof pages;
}

// Size of the INQUIRY data now in `reply`; 0: no such page.
static uint32_t put_inquiry(struct sim_disk_scsi *s, bool vital, uint8_t page)
{
    if (!vital)
        return page == 0 ? put_standard_inquiry(s) : 0;
    switch (page) {
    case 0x00:
        return put_page_list(s);
    case 0x80:
        return put_page_serial(s);
    case 0x83:
        return put_page_identification(s);
    default:
        return 0;
    }
}

void sim_disk_inquiry(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    uint32_t size = cdb[1] & CMDDT ? 0 : put_inquiry(s, cdb[1] & EVPD, cdb[2]);
    if (size)
        end_reply(s, size, base_get_be16(cdb + 3));
    else
        sim_disk_scsi_fail(s, SIM_DISK_BAD_FIELD);
}

// Standard data, whatever was asked for: all that there is to say is in its first byte.
void sim_disk_inquiry_nowhere(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    uint32_t size = put_standard_inquiry(s);
    s->reply[0] = UNIT_NOT_THERE;
    end_reply(s, size, base_get_be16(cdb + 3));
}

// Reporting the sense data, or else the unit attention, also clears it.
void sim_disk_request_sense(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    enum sim_disk_sense sense = sim_disk_scsi_take_sense(s);
    if (!sense) {
        sense = s->attention;
        s->attention = SIM_DISK_NO_SENSE;
    }
    sim_disk_sense_put(begin_reply(s), sense);
    end_reply(s, SIM_DISK_SENSE_SIZE, cdb[4]);
}

static void mode_sense(struct sim_disk_scsi *s, const uint8_t *cdb, unsigned header,
                       uint32_t allocation)
{
    unsigned control = cdb[2] >> 6, page = cdb[2] & 0x3f, size = header + 20;
    bool known = page == PAGE_CACHING || page == PAGE_ALL;
    if (control == SAVED || !known || (cdb[3] != 0 && cdb[3] != SUBPAGE_ALL)) {
        sim_disk_scsi_fail(s, control == SAVED ? SIM_DISK_NOT_SAVED : SIM_DISK_BAD_FIELD);
        return;
    }
    uint8_t *p = begin_reply(s);
    uint8_t specific = s->storage.read_only ? WRITE_PROTECT | DPOFUA : DPOFUA;
    if (header == 4) {
        p[0] = (uint8_t)(size - 1);
        p[2] = specific;
    } else {
        base_put_be16(p, (uint16_t)(size - 2));
        p[3] = specific;
    }
    p[header] = PAGE_CACHING;
    p[header + 1] = 18;
    p[header + 2] = control == CHANGEABLE ? 0 : WCE;
    end_reply(s, size, allocation);
}

void sim_disk_mode_sense_6(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    mode_sense(s, cdb, 4, cdb[4]);
}

void sim_disk_mode_sense_10(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    mode_sense(s, cdb, 8, base_get_be16(cdb + 7));
}

void sim_disk_read_capacity_10(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    if (!(cdb[8] & PMI) && base_get_be32(cdb + 2) != 0) {
        sim_disk_scsi_fail(s, SIM_DISK_BAD_FIELD);
        return;
    }
    uint64_t last = s->blocks - 1;
    uint8_t *p = begin_reply(s);
    base_put_be32(p, last < UINT32_MAX ? (uint32_t)last : UINT32_MAX); // the latter: ask with 16
    base_put_be32(p + 4, SIM_STORAGE_BLOCK);
    end_reply(s, 8, 8);
}

void sim_disk_read_capacity_16(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    bool capacity = (cdb[1] & SERVICE_ACTION) == READ_CAPACITY;
    if (!capacity || (!(cdb[14] & PMI) && base_get_be64(cdb + 2) != 0)) {
        sim_disk_scsi_fail(s, SIM_DISK_BAD_FIELD);
        return;
    }
    uint8_t *p = begin_reply(s);
    base_put_be64(p, s->blocks - 1);
    base_put_be32(p + 8, SIM_STORAGE_BLOCK);
    end_reply(s, 32, base_get_be32(cdb + 10));
}

void sim_disk_read_format_capacities(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    enum { FORMATTED = 2, NO_MEDIUM = 3 };
    uint8_t *p = begin_reply(s);
    p[3] = 8; // length of the one descriptor
    base_put_be32(p + 4, s->blocks < UINT32_MAX ? (uint32_t)s->blocks : UINT32_MAX);
    base_put_be32(p + 8, SIM_STORAGE_BLOCK); // 24 bits, the first byte is the type
    p[8] = s->medium == SIM_DISK_MEDIUM_EJECTED ? NO_MEDIUM : FORMATTED;
    end_reply(s, 12, base_get_be16(cdb + 7));
}

void sim_disk_report_luns(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    enum { ALL = 0, WELL_KNOWN = 1, ALL_AND_WELL_KNOWN = 2 };
    uint32_t allocation = base_get_be32(cdb + 6);
    if (cdb[2] > ALL_AND_WELL_KNOWN || allocation < 16) {
        sim_disk_scsi_fail(s, SIM_DISK_BAD_FIELD);
        return;
    }
    uint8_t *p = begin_reply(s);
    bool lun_0 = cdb[2] != WELL_KNOWN;
    base_put_be32(p, lun_0 ? 8 : 0);
    end_reply(s, lun_0 ? 16 : 8, allocation);
}
