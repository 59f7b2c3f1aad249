// SPDX-License-Identifier: Apache-2.0
#include "sim_faulty.h"

#include "sim_faulty_device.h"

#include <string.h>

enum {
    LATE_MODE_US = 1000000,
    SHORT_MODE_SIZE = 13,
    VENDOR_ANSWER_SIZE = 300,
    BULK_OUT = 2,
    BULK_IN = 1,
};

static struct faulty *faulty_of(struct sim_device *d)
{
    return (struct faulty *)d;
}

static struct faulty_endpoint *endpoint(struct faulty *f, uint8_t ep)
{
    return &f->ep[ep >> 7][ep & 0x0f];
}

// --- bulk and interrupt --------------------------------------------------------------------------

// True: not yet, the engine asks again when it is time.
static bool hold_back(struct faulty *f, uint8_t ep)
{
    struct faulty_endpoint *e = endpoint(f, ep);
    if (e->late_us == 0)
        return false;
    uint64_t now_us = sim_now_us(&f->d);
    if (e->due_us == 0)
        e->due_us = now_us + e->late_us;
    if (now_us < e->due_us) {
        sim_kick_at(&f->d, ep, e->due_us);
        return true;
    }
    e->due_us = 0;
    return false;
}

static int give_stream(struct faulty_endpoint *e, uint8_t *buf, uint32_t max)
{
    uint32_t n = max < e->stream_max ? max : e->stream_max;
    for (uint32_t i = 0; i < n; i++) {
        buf[i] = e->counter;
        e->counter = (uint8_t)((e->counter + 1) % SIM_FAULTY_STREAM_PERIOD);
    }
    return (int)n;
}

static int give_block(struct faulty *f, struct faulty_endpoint *e, uint8_t *buf, uint32_t max)
{
    struct faulty_block *b = BASE_CONTAINER(e->blocks.next, struct faulty_block, link);
    int result = b->result;
    if (result == 0) {
        uint32_t left = b->size - e->given, n = left < max ? left : max;
        if (n > 0)
            memcpy(buf, b->data + e->given, n);
        e->given += n;
        result = (int)n;
        if (e->given < b->size)
            return result;
    }
    base_list_remove(&b->link);
    base_free(sim_alloc(f->d.bus), b);
    e->given = 0;
    return result;
}

static int faulty_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    struct faulty *f = faulty_of(d);
    struct faulty_endpoint *e = endpoint(f, ep);
    bool empty = base_list_empty(&e->blocks);
    if (f->vanishes && ep == (USB_DIR_IN | BULK_IN))
        sim_vanish(d);
    if (e->always)
        return e->always;
    if (empty && e->stream_max == 0)
        return SIM_NAK;
    if (e->given == 0 && hold_back(f, ep))
        return SIM_NAK;
    return empty ? give_stream(e, buf, max) : give_block(f, e, buf, max);
}

// How much of `len` the script lets in: all, or whole packets.
static uint32_t admitted(const struct faulty *f, uint8_t ep, uint32_t len)
{
    const struct faulty_endpoint *e = &f->ep[0][ep];
    uint64_t limit = e->accept;
    if (e->fail_armed && e->fail_after < limit)
        limit = e->fail_after;
    if (len <= limit)
        return len;
    uint32_t packet = sim_endpoint(&f->d, ep)->max_packet_size;
    return (uint32_t)limit - (uint32_t)limit % packet;
}

static int refuse_out(struct faulty_endpoint *e)
{
    if (!e->fail_armed || e->fail_after > e->accept)
        return SIM_NAK;
    e->fail_armed = false;
    return e->fail_result;
}

static int faulty_out(struct sim_device *d, uint8_t ep, const uint8_t *buf, uint32_t len)
{
    struct faulty *f = faulty_of(d);
    struct faulty_endpoint *e = endpoint(f, ep);
    if (f->vanishes) {
        sim_vanish(d);
        return SIM_NAK;
    }
    if (e->always)
        return e->always;
    uint32_t n = admitted(f, ep, len);
    bool closed = e->accept == 0 || (e->fail_armed && e->fail_after == 0);
    if ((n == 0 && len > 0) || closed)
        return refuse_out(e);
    if (hold_back(f, ep))
        return SIM_NAK;
    sim_faulty_record(f, ep, buf, n);
    if (e->accept != UINT64_MAX)
        e->accept -= n;
    if (e->fail_armed)
        e->fail_after -= n;
    if (n < len)
        sim_kick(d, ep); // the failure comes with the next packet
    return (int)n;
}

// --- isochronous ---------------------------------------------------------------------------------

// The script's word on the next packet, or `otherwise` after its end.
static int next_packet(struct faulty_endpoint *e, uint32_t otherwise)
{
    if (e->iso_count == 0)
        return (int)otherwise;
    e->iso_count--;
    return *e->iso++;
}

static int faulty_iso_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    struct faulty_endpoint *e = endpoint(faulty_of(d), ep);
    int n = next_packet(e, max);
    uint8_t fill = (uint8_t)(0xa0 + e->iso_fill++);
    if (n < 0 || (uint32_t)n > max)
        return SIM_ERROR;
    memset(buf, fill, (size_t)n);
    return n;
}

static int faulty_iso_out(struct sim_device *d, uint8_t ep, const uint8_t *buf, uint32_t len)
{
    struct faulty *f = faulty_of(d);
    if (next_packet(endpoint(f, ep), len) < 0)
        return SIM_ERROR;
    sim_faulty_record(f, ep, buf, len);
    return (int)len;
}

// --- control -------------------------------------------------------------------------------------

static const struct sim_faulty_answer *scripted(const struct faulty *f, const struct usb_setup *s)
{
    for (unsigned i = 0; i < f->answer_count; i++)
        if (f->answers[i].bmRequestType == s->bmRequestType &&
            f->answers[i].bRequest == s->bRequest)
            return &f->answers[i].answer;
    return NULL;
}

// The same for a control request.
static bool hold_answer(struct faulty *f, const struct sim_faulty_answer *a)
{
    uint64_t now_us = sim_now_us(&f->d);
    if (!f->d.setup_again) {
        f->answer_due_us = now_us + a->delay_us;
        f->released = false;
    }
    if (now_us < f->answer_due_us)
        sim_kick_at(&f->d, 0, f->answer_due_us);
    return now_us < f->answer_due_us || (a->result == SIM_NAK && !f->released);
}

static int take_control_data(struct faulty *f, const uint8_t *data, uint32_t len)
{
    f->control_data.size = 0;
    sim_faulty_log_append(f, &f->control_data, data, len, UINT16_MAX);
    return (int)len;
}

static int default_answer(struct faulty *f, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
    if (s->bmRequestType == 0xc0 && s->bRequest == 0x01) {
        uint32_t n = len < VENDOR_ANSWER_SIZE ? len : VENDOR_ANSWER_SIZE;
        for (uint32_t i = 0; i < n; i++)
            data[i] = (uint8_t)i;
        return (int)n;
    }
    if ((s->bmRequestType == 0x40 && s->bRequest == 0x01) ||
        (s->bmRequestType == 0x21 && s->bRequest == 0x20))
        return take_control_data(f, data, len);
    return SIM_STALL;
}

static int faulty_setup(struct sim_device *d, const struct usb_setup *s, uint8_t *data,
                        uint32_t len)
{
    struct faulty *f = faulty_of(d);
    const struct sim_faulty_answer *a = scripted(f, s);
    if (!a)
        return default_answer(f, s, data, len);
    if (hold_answer(f, a))
        return SIM_NAK;
    if (a->result != 0 && a->result != SIM_NAK)
        return a->result;
    if (!(s->bmRequestType & USB_DIR_IN))
        return take_control_data(f, data, len);
    return sim_answer(data, len, a->data, a->size);
}

static bool faulty_holds(struct sim_device *d, const struct usb_setup *s)
{
    const struct sim_faulty_answer *a = scripted(faulty_of(d), s);
    return a && hold_answer(faulty_of(d), a);
}

static void faulty_setup_seen(struct sim_device *d, const struct usb_setup *s)
{
    struct faulty *f = faulty_of(d);
    f->setups[f->counters.setups++ % SIM_FAULTY_SETUPS] = *s;
}

// --- life ----------------------------------------------------------------------------------------

static void faulty_reset(struct sim_device *d)
{
    struct faulty *f = faulty_of(d);
    f->counters.resets++;
    for (unsigned in = 0; in < 2; in++)
        for (unsigned i = 0; i < 16; i++)
            f->ep[in][i].counter = 0;
}

static void faulty_configured(struct sim_device *d)
{
    faulty_of(d)->counters.configured++;
}

static void faulty_alternate_selected(struct sim_device *d, uint8_t interface)
{
    (void)interface;
    faulty_of(d)->counters.alternates++;
}

static void faulty_halt_cleared(struct sim_device *d, uint8_t ep)
{
    (void)ep;
    faulty_of(d)->counters.halts_cleared++;
}

static void faulty_destroy(struct sim_device *d)
{
    sim_faulty_script_free(faulty_of(d));
    base_free(sim_alloc(d->bus), d);
}

static const struct sim_device_ops ops = {
    .destroy = faulty_destroy,
    .reset = faulty_reset,
    .configured = faulty_configured,
    .alternate_selected = faulty_alternate_selected,
    .halt_cleared = faulty_halt_cleared,
    .setup_seen = faulty_setup_seen,
    .holds = faulty_holds,
    .setup = faulty_setup,
    .in = faulty_in,
    .out = faulty_out,
    .iso_in = faulty_iso_in,
    .iso_out = faulty_iso_out,
};

struct sim_device *sim_faulty_create(struct sim_bus *bus, const struct sim_faulty_options *options)
{
    struct faulty *f = base_alloc(sim_alloc(bus), sizeof *f);
    if (!f)
        return NULL;
    f->options = *options;
    sim_faulty_build_descriptors(f);
    for (unsigned i = 0; i < 16; i++) {
        base_list_init(&f->ep[0][i].blocks);
        base_list_init(&f->ep[1][i].blocks);
        f->ep[0][i].accept = UINT64_MAX;
    }
    f->d = (struct sim_device){.ops = &ops, .desc = &f->desc, .speed = options->speed, .bus = bus};
    return &f->d;
}

static void set_mode(struct faulty *f, enum sim_faulty_mode mode)
{
    struct faulty_endpoint *in = &f->ep[1][BULK_IN], *out = &f->ep[0][BULK_OUT];
    switch (mode) {
    case SIM_FAULTY_NAK:
        out->accept = 0;
        break;
    case SIM_FAULTY_STALL:
        in->always = out->always = SIM_STALL;
        break;
    case SIM_FAULTY_SHORT:
        in->stream_max = SHORT_MODE_SIZE;
        break;
    case SIM_FAULTY_BABBLE:
        in->always = SIM_BABBLE;
        break;
    case SIM_FAULTY_LATE:
        in->stream_max = UINT32_MAX;
        in->late_us = out->late_us = LATE_MODE_US;
        break;
    case SIM_FAULTY_VANISH:
        f->vanishes = true;
        break;
    }
}

struct sim_device *sim_faulty_create_mode(struct sim_bus *bus, enum sim_faulty_mode mode)
{
    struct sim_device *d = sim_faulty_create(bus, &sim_faulty_d1);
    if (d)
        set_mode(faulty_of(d), mode);
    return d;
}

// --- kind ----------------------------------------------------------------------------------------

// The last word counts.
static struct sim_device *create(struct sim_spec *s)
{
    unsigned mode = SIM_FAULTY_NAK;
    for (unsigned i = 0; i < SIM_OPTIONS_MAX; i++)
        if (s->value[i].given > s->value[mode].given)
            mode = i;
    return sim_faulty_create_mode(s->bus, (enum sim_faulty_mode)mode);
}

const struct sim_kind sim_faulty_kind = {
    .name = "faulty",
    .help = "does wrong on its bulk endpoints, to test clients",
    .options =
        {
            [SIM_FAULTY_NAK] = {.name = "nak",
                                .help = "gives and takes nothing (also without a word)"},
            [SIM_FAULTY_STALL] = {.name = "stall", .help = "stalls"},
            [SIM_FAULTY_SHORT] = {.name = "short", .help = "gives less than it should"},
            [SIM_FAULTY_BABBLE] = {.name = "babble", .help = "gives more than it should"},
            [SIM_FAULTY_LATE] = {.name = "late", .help = "takes a second for everything"},
            [SIM_FAULTY_VANISH] = {.name = "vanish", .help = "leaves the bus when used"},
        },
    .create = create,
};
