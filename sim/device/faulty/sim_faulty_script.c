// SPDX-License-Identifier: Apache-2.0
#include "sim_faulty_device.h"

#include <assert.h>
#include <string.h>

static struct faulty *faulty_of(struct sim_device *d)
{
    return (struct faulty *)d;
}

static const struct faulty *faulty_seen(const struct sim_device *d)
{
    return (const struct faulty *)d;
}

static struct faulty_endpoint *endpoint(struct sim_device *d, uint8_t ep)
{
    return &faulty_of(d)->ep[ep >> 7][ep & 0x0f];
}

// --- recording -----------------------------------------------------------------------------------

enum { LOG_DATA_MAX = 4 << 20, LOG_SIZES_MAX = 64 << 10, LOG_ROOM_MIN = 256 };

void sim_faulty_log_append(struct faulty *f, struct faulty_log *log, const void *bytes,
                           uint32_t size, uint32_t max)
{
    const struct base_alloc *alloc = sim_alloc(f->d.bus);
    if (size > max - log->size)
        size = max - log->size;
    if (size > log->room - log->size) {
        uint32_t room = log->room ? log->room : LOG_ROOM_MIN;
        while (room < log->size + size)
            room *= 2;
        uint8_t *grown = base_alloc(alloc, room);
        if (!grown)
            return;
        if (log->size > 0)
            memcpy(grown, log->bytes, log->size);
        base_free(alloc, log->bytes);
        log->bytes = grown;
        log->room = room;
    }
    if (size > 0)
        memcpy(log->bytes + log->size, bytes, size);
    log->size += size;
}

void sim_faulty_record(struct faulty *f, uint8_t ep, const uint8_t *buf, uint32_t len)
{
    struct faulty_endpoint *e = &f->ep[0][ep];
    const struct usb_endpoint *desc = sim_endpoint(&f->d, ep);
    uint32_t packet = (uint32_t)desc->max_packet_size * desc->packets_per_interval;
    e->bytes += len;
    sim_faulty_log_append(f, &e->data, buf, len, LOG_DATA_MAX);
    do {
        uint16_t size = (uint16_t)(len < packet ? len : packet);
        sim_faulty_log_append(f, &e->sizes, &size, sizeof size, LOG_SIZES_MAX);
        e->packets++;
        len -= size;
    } while (len > 0);
}

// --- scripts -------------------------------------------------------------------------------------

static enum base_err queue_block(struct sim_device *d, uint8_t ep, int result, const void *data,
                                 uint32_t size)
{
    assert(ep & USB_DIR_IN);
    struct faulty_block *b = base_alloc(sim_alloc(d->bus), sizeof *b + size);
    if (!b)
        return BASE_ERR_NOMEM;
    b->result = result;
    b->size = size;
    if (size > 0)
        memcpy(b->data, data, size);
    base_list_append(&endpoint(d, ep)->blocks, &b->link);
    sim_kick(d, ep);
    return BASE_OK;
}

enum base_err sim_faulty_give(struct sim_device *d, uint8_t ep, const void *data, uint32_t size)
{
    return queue_block(d, ep, 0, data, size);
}

enum base_err sim_faulty_fail(struct sim_device *d, uint8_t ep, enum sim_result how)
{
    assert(how != SIM_NAK);
    return queue_block(d, ep, how, NULL, 0);
}

void sim_faulty_stream(struct sim_device *d, uint8_t ep, bool on)
{
    endpoint(d, ep)->stream_max = on ? UINT32_MAX : 0;
    sim_kick(d, ep);
}

unsigned sim_faulty_left(const struct sim_device *d, uint8_t ep)
{
    const struct faulty_endpoint *e = &faulty_seen(d)->ep[ep >> 7][ep & 0x0f];
    unsigned n = 0;
    for (const struct base_list *b = e->blocks.next; b != &e->blocks; b = b->next)
        n++;
    return n;
}

void sim_faulty_accept(struct sim_device *d, uint8_t ep, uint64_t bytes)
{
    endpoint(d, ep)->accept = bytes;
    sim_kick(d, ep);
}

void sim_faulty_fail_after(struct sim_device *d, uint8_t ep, enum sim_result how, uint64_t bytes)
{
    struct faulty_endpoint *e = endpoint(d, ep);
    assert(how != SIM_NAK && !(ep & USB_DIR_IN));
    e->fail_armed = true;
    e->fail_result = how;
    e->fail_after = bytes;
    sim_kick(d, ep);
}

struct sim_faulty_received sim_faulty_received(const struct sim_device *d, uint8_t ep)
{
    const struct faulty_endpoint *e = &faulty_seen(d)->ep[0][ep];
    return (struct sim_faulty_received){
        .bytes = e->bytes,
        .packets = e->packets,
        .data = {e->data.bytes, e->data.size},
        .sizes = (const uint16_t *)(const void *)e->sizes.bytes,
        .size_count = (unsigned)(e->sizes.size / sizeof(uint16_t)),
    };
}

void sim_faulty_forget(struct sim_device *d, uint8_t ep)
{
    struct faulty_endpoint *e = endpoint(d, ep);
    e->bytes = e->packets = 0;
    e->data.size = e->sizes.size = 0;
}

void sim_faulty_late(struct sim_device *d, uint8_t ep, uint64_t us)
{
    endpoint(d, ep)->late_us = us;
    sim_kick(d, ep);
}

void sim_faulty_iso(struct sim_device *d, uint8_t ep, const int16_t *packets, unsigned count)
{
    struct faulty_endpoint *e = endpoint(d, ep);
    e->iso = packets;
    e->iso_count = count;
    e->iso_fill = 0;
}

void sim_faulty_answer(struct sim_device *d, uint8_t bmRequestType, uint8_t bRequest,
                       const struct sim_faulty_answer *answer)
{
    struct faulty *f = faulty_of(d);
    unsigned i = 0;
    while (i < f->answer_count &&
           (f->answers[i].bmRequestType != bmRequestType || f->answers[i].bRequest != bRequest))
        i++;
    assert(i < SIM_FAULTY_ANSWERS);
    f->answers[i] = (struct faulty_answer){bmRequestType, bRequest, *answer};
    if (i == f->answer_count)
        f->answer_count++;
}

void sim_faulty_release(struct sim_device *d)
{
    faulty_of(d)->released = true;
    sim_kick(d, 0);
}

struct base_span sim_faulty_control_data(const struct sim_device *d)
{
    const struct faulty_log *log = &faulty_seen(d)->control_data;
    return (struct base_span){log->bytes, log->size};
}

const struct sim_faulty_counters *sim_faulty_counters(const struct sim_device *d)
{
    return &faulty_seen(d)->counters;
}

bool sim_faulty_setup(const struct sim_device *d, unsigned back, struct usb_setup *s)
{
    const struct faulty *f = faulty_seen(d);
    if (back >= f->counters.setups || back >= SIM_FAULTY_SETUPS)
        return false;
    *s = f->setups[(f->counters.setups - 1 - back) % SIM_FAULTY_SETUPS];
    return true;
}

unsigned sim_faulty_setups_like(const struct sim_device *d, uint8_t bmRequestType, uint8_t bRequest)
{
    struct usb_setup s;
    unsigned n = 0;
    for (unsigned back = 0; sim_faulty_setup(d, back, &s); back++)
        n += s.bmRequestType == bmRequestType && s.bRequest == bRequest;
    return n;
}

void sim_faulty_script_free(struct faulty *f)
{
    const struct base_alloc *alloc = sim_alloc(f->d.bus);
    for (unsigned in = 0; in < 2; in++)
        for (unsigned i = 0; i < 16; i++) {
            struct faulty_endpoint *e = &f->ep[in][i];
            BASE_LIST_FOR_EACH (struct faulty_block, block, &e->blocks, link)
                base_free(alloc, block);
            base_free(alloc, e->data.bytes);
            base_free(alloc, e->sizes.bytes);
        }
    base_free(alloc, f->control_data.bytes);
}
