// SPDX-License-Identifier: Apache-2.0
// How URBs end: exactly one reply each. Who was first, completion or UNLINK, is decided here, where
// replies are put into their order.
#include "session/session_state.h"

// --- replies -------------------------------------------------------------------------------------

// RET_SUBMIT first, then the RET_UNLINKs that came too late: the other order makes Linux clients
// drop the device.
static void reply_urb(struct session *s, struct session_urb *u)
{
    session_urb_forget(s, u);
    s->counters.urbs_completed++;
    s->counters.urbs_failed += u->urb.status != USB_STATUS_OK;
    if (usb_urb_is_in(&u->urb))
        s->counters.bytes_in += u->urb.actual_length;
    else
        s->counters.bytes_out += u->urb.actual_length;
    session_tx_urb(s, u);
    if (!usb_urb_is_in(&u->urb)) {
        // The next payload may have its memory, which is still in the cache.
        session_room_give(s, u->urb.buffer, u->buffer_size);
        u->urb.buffer = NULL;
        u->buffer_size = 0;
    }
    if (!base_list_empty(&u->unlinks))
        session_unlink_too_late(s, u);
}

// What becomes of an URB that the backend has executed.
static inline void count(struct session *s, const struct session_urb *u)
{
    struct session_figures *f = session_pipes_figures(s, u->address);
    if (f)
        session_figures_add(f, &u->urb, s->now_us - u->submitted_us);
    else
        session_pipes_count(s, u);
}

static void set_result(struct session_urb *u, int32_t status)
{
    u->urb.status = status;
    u->urb.actual_length = 0;
    for (uint32_t i = 0; status != USB_STATUS_OK && i < u->urb.packet_count; i++) {
        u->urb.packets[i].actual_length = 0;
        u->urb.packets[i].status = USB_STATUS_XDEV;
    }
    u->urb.error_count = status != USB_STATUS_OK ? u->urb.packet_count : 0;
}

// Ends an URB that the backend never had. Its packets, if any, all failed.
void session_urb_finish(struct session *s, struct session_urb *u, int32_t status)
{
    base_list_remove(&u->tx.link);
    set_result(u, status);
    session_pipes_count(s, u);
    reply_urb(s, u);
}

// --- completion ----------------------------------------------------------------------------------

struct session *session_of(struct usb_urb *urb)
{
    return BASE_CONTAINER(urb, struct session_urb, urb)->session;
}

// A status that says "somebody unlinked this" makes class drivers stop polling for good
// (docs/wire.md 2.8): never for an URB that the client did not unlink.
static int32_t honest_status(const struct session_urb *u)
{
    int32_t status = u->urb.status;
    if (status != USB_STATUS_CANCELLED && status != USB_STATUS_NO_ENDPOINT)
        return status;
    return u->shutdown ? USB_STATUS_SHUTDOWN : USB_STATUS_PROTOCOL;
}

void session_urb_done(struct session *s, struct usb_urb *urb, uint64_t now_us)
{
    struct session_urb *u = BASE_CONTAINER(urb, struct session_urb, urb);
    s->now_us = now_us;
    session_touch(s);
    session_active_returned(s, u);
    if (urb->actual_length > urb->length)
        urb->actual_length = urb->length;
    if (s->phase == SESSION_PHASE_CLOSING || u->answered) {
        session_urb_release(s, u);
        return;
    }
    if (!base_list_empty(&u->unlinks) && urb->status == USB_STATUS_CANCELLED) {
        session_unlink_cancelled(s, u);
        session_urb_release(s, u);
        return;
    }
    urb->status = honest_status(u);
    count(s, u);
    reply_urb(s, u);
}

void session_control_done(struct session *s, int32_t status, uint64_t now_us)
{
    s->now_us = now_us;
    session_touch(s);
    if (s->active.reset == SESSION_RESET_BEGUN) {
        session_active_reset_over(s, status == USB_STATUS_OK ? 0 : EVENT_RESET_FAILED);
        return;
    }
    struct session_urb *u = session_active_control_returned(s);
    if (s->phase == SESSION_PHASE_CLOSING) {
        session_urb_release(s, u);
        return;
    }
    if (status == USB_STATUS_OK)
        session_pipes_change(s, &u->op);
    if (u->answered) {
        session_urb_release(s, u);
        return;
    }
    set_result(u, status);
    count(s, u);
    reply_urb(s, u);
}
