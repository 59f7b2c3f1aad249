// SPDX-License-Identifier: Apache-2.0
// Transfers: what the library checks and refuses, and what it does not check and dies of.
#include "tests/firmware/usb_host_double_state.h"

#include "esp_cache.h"

#include <stdlib.h>
#include <string.h>

enum { HARDWARE_BYTES_MAX = 65535, HARDWARE_PACKETS_MAX = 127 }; // of one transfer, all chips
enum { HARDWARE_BYTES_MORE = 524287 };                           // if there are more packets

unsigned usb_host_double_packets_max(unsigned port)
{
    unsigned n = double_library.config.packets_max[port];
    return n ? n : HARDWARE_PACKETS_MAX;
}

// --- memory --------------------------------------------------------------------------------------

static struct double_transfer *transfer_new(size_t size, int packets)
{
    size_t count = packets > 0 ? (size_t)packets : 0;
    size_t rounded = (size + DOUBLE_CACHE_LINE - 1) / DOUBLE_CACHE_LINE * DOUBLE_CACHE_LINE;
    struct double_transfer *t =
        double_calloc(sizeof *t + sizeof(usb_transfer_t) + count * sizeof(usb_isoc_packet_desc_t));
    uint8_t *data = rounded ? double_calloc(rounded) : NULL; // the heap has no empty blocks
    struct usb_iso_packet *iso = calloc(count + 1, sizeof *iso);
    if (!t || !data || !iso) {
        free(t);
        free(data);
        free(iso);
        return NULL;
    }
    usb_transfer_t head = {
        .data_buffer = data, .data_buffer_size = rounded, .num_isoc_packets = packets};
    memcpy(double_public(t), &head, sizeof head);
    t->packets = iso;
    t->dirty = true; // the heap has written there, or the memory's last owner
    base_list_init(&t->link);
    base_list_append(&double_library.transfers, &t->all);
    return t;
}

esp_err_t usb_host_transfer_alloc(size_t data_buffer_size, int num_isoc_packets,
                                  usb_transfer_t **transfer)
{
    usb_host_double_lock();
    struct double_transfer *t = transfer_new(data_buffer_size, num_isoc_packets);
    if (t) {
        double_library.counts.transfers++;
        *transfer = double_public(t);
    }
    usb_host_double_unlock();
    return t ? ESP_OK : ESP_ERR_NO_MEM;
}

esp_err_t usb_host_transfer_free(usb_transfer_t *transfer)
{
    if (!transfer)
        return ESP_OK;
    usb_host_double_lock();
    struct double_transfer *t = double_private(transfer);
    if (t->in_flight)
        double_fail("a transfer in flight is freed (endpoint %02x)", t->submitted_ep);
    base_list_remove(&t->all);
    double_library.counts.transfers--;
    free(transfer->data_buffer);
    free(t->packets);
    free(t);
    usb_host_double_unlock();
    return ESP_OK;
}

// Addresses that are no transfer's are not looked at.
esp_err_t esp_cache_msync(void *addr, size_t size, int flags)
{
    usb_host_double_lock();
    BASE_LIST_FOR_EACH (struct double_transfer, t, &double_library.transfers, all) {
        if (double_public(t)->data_buffer != addr)
            continue;
        if (size != double_public(t)->data_buffer_size || flags & ESP_CACHE_MSYNC_FLAG_DIR_M2C ||
            !(flags & ESP_CACHE_MSYNC_FLAG_INVALIDATE))
            double_fail("a transfer's buffer is not cleaned and invalidated as a whole");
        t->dirty = false;
    }
    usb_host_double_unlock();
    return ESP_OK;
}

// --- checks --------------------------------------------------------------------------------------

static bool args_are_good(const usb_transfer_t *p)
{
    return p->callback && p->num_bytes >= 0 && (size_t)p->num_bytes <= p->data_buffer_size;
}

static bool iso_is_good(const usb_transfer_t *p, const struct usb_endpoint *ep)
{
    int total = 0;
    bool whole = true;
    for (int i = 0; i < p->num_isoc_packets; i++) {
        total += p->isoc_packet_desc[i].num_bytes;
        whole &= p->isoc_packet_desc[i].num_bytes % ep->max_packet_size == 0;
    }
    return p->num_isoc_packets > 0 && total == p->num_bytes && (whole || !(ep->address & 0x80));
}

static bool is_compliant(const usb_transfer_t *p, const struct usb_endpoint *ep)
{
    if (ep->type == USB_ISOCHRONOUS)
        return iso_is_good(p, ep);
    return !(ep->address & 0x80) || p->num_bytes % ep->max_packet_size == 0;
}

static void check_size(int bytes, const struct double_pipe *pipe)
{
    const struct usb_endpoint *ep = &pipe->ep;
    int packets = (int)usb_host_double_packets_max(pipe->device->root);
    int most = packets > HARDWARE_PACKETS_MAX ? HARDWARE_BYTES_MORE : HARDWARE_BYTES_MAX;
    if (bytes > most || bytes > packets * ep->max_packet_size)
        double_fail("endpoint %02x: a transfer of %d bytes is more than the hardware counts",
                    ep->address, bytes);
}

static void check_interrupt(const usb_transfer_t *p, const struct usb_endpoint *ep)
{
    int packets = (p->num_bytes + ep->max_packet_size - 1) / ep->max_packet_size;
    if (p->num_bytes == 0)
        double_fail("endpoint %02x: an interrupt transfer of no bytes corrupts memory",
                    ep->address);
    if (p->flags & USB_TRANSFER_FLAG_ZERO_PACK && p->num_bytes % ep->max_packet_size == 0)
        packets++;
    if (packets > DOUBLE_INTERRUPT_LIST)
        double_fail("endpoint %02x: an interrupt transfer of %d packets", ep->address, packets);
}

// What the library does not check.
static void check_deadly(const struct double_pipe *pipe, const usb_transfer_t *p)
{
    const struct usb_endpoint *ep = &pipe->ep;
    if (ep->type == USB_ISOCHRONOUS) {
        unsigned list = (unsigned)p->num_isoc_packets * pipe->interval;
        if (list > DOUBLE_ISO_LIST - DOUBLE_ISO_MARGIN)
            double_fail("endpoint %02x: isochronous packets over %u frames: the library asserts",
                        ep->address, list);
        return;
    }
    check_size(p->num_bytes, pipe);
    if (ep->type == USB_INTERRUPT)
        check_interrupt(p, ep);
    else if (p->num_bytes == 0 && ep->address & 0x80)
        double_fail("endpoint %02x: an IN of no bytes has no room for the packet that ends it",
                    ep->address);
    if (p->flags & USB_TRANSFER_FLAG_ZERO_PACK && p->num_bytes == 0)
        double_fail("endpoint %02x: no bytes and ZERO_PACK send two zero-length packets",
                    ep->address);
}

static void check_deadly_control(const struct double_pipe *pipe, const usb_transfer_t *p)
{
    int data = p->num_bytes - USB_SETUP_PACKET_SIZE;
    const uint8_t *setup = p->data_buffer;
    check_size(data, pipe);
    if (setup[0] & 0x80 && data % pipe->ep.max_packet_size != 0)
        double_fail("a control IN of %d bytes is no multiple of the packet size", data);
    if (setup[0] == 0 && setup[1] == USB_REQ_SET_ADDRESS)
        double_fail("SET_ADDRESS takes the device away from the library");
}

// --- submitting ----------------------------------------------------------------------------------

static void remember(struct double_transfer *t)
{
    const usb_transfer_t *p = double_public(t);
    struct usb_host_double_counts *counts = &double_library.counts;
    t->in_flight = true;
    t->was_canceled = false;
    t->submitted_bytes = p->num_bytes;
    t->submitted_ep = p->bEndpointAddress;
    t->submitted_callback = p->callback;
    counts->submitted++;
    if ((uint32_t)p->num_bytes > counts->longest_bytes)
        counts->longest_bytes = (uint32_t)p->num_bytes;
}

static void enqueue(struct double_pipe *pipe, struct double_transfer *t)
{
    remember(t);
    t->pipe = pipe;
    base_list_append(&pipe->pending, &t->link);
    double_pipe_run(pipe);
}

static bool ready(const struct double_pipe *pipe)
{
    return double_library.root[pipe->device->root].live && !pipe->halted;
}

// hcd_urb_enqueue() cleans what is sent, and control transfers.
static void use_cache(struct double_transfer *t, bool in)
{
    if (in && t->dirty)
        double_fail("endpoint %02x: a dirty line of the cache will be written over what comes in",
                    double_public(t)->bEndpointAddress);
    t->dirty = false;
}

static esp_err_t submit(struct double_transfer *t)
{
    usb_transfer_t *p = double_public(t);
    struct double_pipe *pipe = double_pipe_of(double_device(p->device_handle), p->bEndpointAddress);
    if (!pipe)
        return ESP_ERR_NOT_FOUND;
    if (t->in_flight)
        return ESP_ERR_NOT_FINISHED;
    if (!args_are_good(p) || !is_compliant(p, &pipe->ep))
        return ESP_ERR_INVALID_ARG;
    if (pipe->ep.type == USB_ISOCHRONOUS &&
        (unsigned)p->num_isoc_packets * pipe->interval > DOUBLE_ISO_LIST)
        return ESP_ERR_INVALID_SIZE;
    if (!ready(pipe))
        return ESP_ERR_INVALID_STATE;
    check_deadly(pipe, p);
    use_cache(t, (pipe->ep.address & USB_DIR_IN) != 0);
    enqueue(pipe, t);
    if (++pipe->in_flight > double_library.counts.submitted_max)
        double_library.counts.submitted_max = pipe->in_flight;
    return ESP_OK;
}

esp_err_t usb_host_transfer_submit(usb_transfer_t *transfer)
{
    if (!transfer || !transfer->device_handle || (transfer->bEndpointAddress & 0x0f) == 0)
        return ESP_ERR_INVALID_ARG;
    double_enter();
    return double_return(submit(double_private(transfer)));
}

static bool control_is_good(const usb_transfer_t *p)
{
    if (!args_are_good(p) || p->num_bytes < USB_SETUP_PACKET_SIZE)
        return false;
    int wanted = USB_SETUP_PACKET_SIZE + (p->data_buffer[6] | p->data_buffer[7] << 8);
    return p->data_buffer[0] & 0x80 ? p->num_bytes >= wanted : p->num_bytes == wanted;
}

static esp_err_t submit_control(struct usb_host_client_handle_s *c, struct double_transfer *t)
{
    usb_transfer_t *p = double_public(t);
    struct usb_device_handle_s *d = double_device(p->device_handle);
    if (t->in_flight)
        return ESP_ERR_NOT_FINISHED;
    if (!control_is_good(p))
        return ESP_ERR_INVALID_ARG;
    bool refused = d->refuse_control;
    d->refuse_control = false;
    if (refused || !ready(&d->ep0))
        return ESP_ERR_INVALID_STATE;
    if (!c->opened[d->address])
        double_fail("a control transfer to a device that the client has not opened");
    check_deadly_control(&d->ep0, p);
    use_cache(t, false);
    t->client = c;
    d->control_in_flight++;
    enqueue(&d->ep0, t);
    return ESP_OK;
}

esp_err_t usb_host_transfer_submit_control(usb_host_client_handle_t client_hdl,
                                           usb_transfer_t *transfer)
{
    if (!client_hdl || !transfer || !transfer->device_handle ||
        (transfer->bEndpointAddress & 0x0f) != 0)
        return ESP_ERR_INVALID_ARG;
    double_enter();
    return double_return(submit_control(double_client(client_hdl), double_private(transfer)));
}
