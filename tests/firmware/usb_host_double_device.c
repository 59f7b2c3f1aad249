// SPDX-License-Identifier: Apache-2.0
// Devices: the daemon's actions, opening and closing, and what can be asked about them.
#include "tests/firmware/usb_host_double_state.h"

#include <stdlib.h>
#include <string.h>

struct usb_device_handle_s *double_device(usb_device_handle_t handle)
{
    BASE_LIST_FOR_EACH (struct usb_device_handle_s, d, &double_library.devices, link)
        if (d == handle)
            return handle;
    double_fail("a device's handle is used after the device was freed");
}

struct usb_host_client_handle_s *double_client(usb_host_client_handle_t handle)
{
    if (!double_library.installed)
        double_fail("the library is not installed");
    if (handle->dead)
        double_fail("a client's handle is used after it was deregistered");
    return handle;
}

bool double_take_channel(unsigned root)
{
    struct double_root *r = &double_library.root[root];
    if (r->channels == r->channels_max)
        return false;
    r->channels++;
    return true;
}

// --- life ----------------------------------------------------------------------------------------

struct usb_device_handle_s *double_device_add(struct double_socket *s)
{
    if (!double_take_channel(s->root))
        return NULL;
    struct usb_device_handle_s *d = calloc(1, sizeof *d);
    if (!d)
        double_fail("no memory for the double itself");
    const struct usb_endpoint ep0 = {.type = USB_CONTROL, .max_packet_size = 64};
    d->socket = s;
    d->port = s->port;
    d->root = s->root;
    d->speed = s->port->info.speed;
    d->number = s->port->hub ? s->port->number : (uint8_t)s->root;
    base_list_init(&d->acting);
    double_pipe_init(&d->ep0, d, &ep0);
    base_list_append(&double_library.devices, &d->link);
    s->device = d;
    return d;
}

void double_device_act(struct usb_device_handle_s *d, unsigned actions)
{
    d->actions |= actions;
    if (base_list_empty(&d->acting))
        base_list_append(&double_library.acting, &d->acting);
    double_library.event = true;
    double_wake();
}

void double_device_remove(struct usb_device_handle_s *d)
{
    d->gone = true;
    double_device_act(d, d->open_count == 0 ? ACTION_REMOVED_EVENT | ACTION_FREE
                                            : ACTION_EPN_HALT_FLUSH | ACTION_EP0_FLUSH |
                                                  ACTION_EP0_DEQUEUE | ACTION_GONE_EVENT);
}

void double_device_close(struct usb_device_handle_s *d)
{
    if (--d->open_count > 0)
        return;
    if (d->control_in_flight > 0)
        double_fail("a device is closed with %u control transfers in flight", d->control_in_flight);
    if (d->gone || d->waiting_free)
        double_device_act(d, ACTION_FREE);
}

static void device_free(struct usb_device_handle_s *d)
{
    struct double_library *lib = &double_library;
    for (unsigned i = 0; i < DOUBLE_ENDPOINTS; i++)
        if (d->pipe[i])
            double_fail("a device is freed with an endpoint claimed");
    if (!double_pipe_empty(&d->ep0))
        double_fail("a device is freed with a control transfer in flight");
    lib->root[d->root].channels--;
    base_list_remove(&d->link);
    base_list_append(&lib->graves, &d->link);
    d->dead = true;
    free(d->config); // whoever still reads them is caught by the sanitizer
    d->config = NULL;
    for (unsigned i = 0; i < 3; i++) {
        free(d->string[i]);
        d->string[i] = NULL;
    }
    double_device_freed(d);
    if (base_list_empty(&lib->devices))
        lib->flags |= USB_HOST_LIB_EVENT_FLAGS_ALL_FREE;
}

// --- events --------------------------------------------------------------------------------------

static void send_to(struct usb_host_client_handle_s *c, const usb_host_client_event_msg_t *msg)
{
    if (c->queued == c->queue_max) {
        double_library.counts.events_dropped++; // the library only logs it
        return;
    }
    c->queue[c->queued++] = *msg;
    c->event = true;
    double_wake();
}

static void send(const usb_host_client_event_msg_t *msg, const struct usb_device_handle_s *d)
{
    BASE_LIST_FOR_EACH (struct usb_host_client_handle_s, c, &double_library.clients, link) {
        bool opened = c->opened[d->address];
        if (msg->event == USB_HOST_CLIENT_EVENT_DEV_GONE      ? !opened
            : msg->event == USB_HOST_CLIENT_EVENT_DEV_REMOVED ? !c->notify_removed || opened
                                                              : false)
            continue;
        send_to(c, msg);
    }
}

static void send_removed(const struct usb_device_handle_s *d)
{
    send(&(usb_host_client_event_msg_t){.event = USB_HOST_CLIENT_EVENT_DEV_REMOVED,
                                        .dev_removed.address = d->address},
         d);
}

static void gone_event(struct usb_device_handle_s *d)
{
    if (d->is_hub && d->hub_running) { // the hub driver's: clients that opened it hear nothing
        double_hub_gone(d);
        return;
    }
    send_removed(d);
    send(&(usb_host_client_event_msg_t){.event = USB_HOST_CLIENT_EVENT_DEV_GONE,
                                        .dev_gone.dev_hdl = d},
         d);
}

static void new_device(const struct usb_device_handle_s *d)
{
    if (d->is_hub && d->hub_running)
        return;
    send(&(usb_host_client_event_msg_t){.event = USB_HOST_CLIENT_EVENT_NEW_DEV,
                                        .new_dev.address = d->address},
         d);
}

// --- the daemon's work ---------------------------------------------------------------------------

static void halt_flush(struct double_pipe *pipe)
{
    double_pipe_halt(pipe);
    (void)double_pipe_flush(pipe);
}

// Control transfers that are over go to the clients that submitted them.
static void dequeue_control(struct usb_device_handle_s *d)
{
    struct base_list *link;
    while ((link = base_list_pop(&d->ep0.done)) != NULL) {
        struct double_transfer *t = BASE_CONTAINER(link, struct double_transfer, link);
        if (t->client->dead)
            double_fail("a control transfer ends after its client was deregistered");
        t->pipe = NULL;
        base_list_append(&t->client->done_control, &t->link);
        t->client->event = true;
        d->control_leaving++;
        double_wake();
    }
}

bool double_device_leaving(void)
{
    BASE_LIST_FOR_EACH (const struct usb_device_handle_s, d, &double_library.devices, link)
        if (d->control_leaving > 0)
            return true;
    return false;
}

// The daemon counts them after it has handed them over: a client on the other core may be faster.
void double_device_count(void)
{
    BASE_LIST_FOR_EACH (struct usb_device_handle_s, d, &double_library.devices, link) {
        d->control_in_flight -= d->control_leaving;
        d->control_leaving = 0;
    }
}

static void act(struct usb_device_handle_s *d, unsigned actions)
{
    if (actions & ACTION_EPN_HALT_FLUSH)
        for (unsigned i = 0; i < DOUBLE_ENDPOINTS; i++)
            if (d->pipe[i])
                halt_flush(d->pipe[i]);
    if (actions & ACTION_EP0_FLUSH)
        halt_flush(&d->ep0);
    if (actions & ACTION_EP0_DEQUEUE)
        dequeue_control(d);
    if (actions & ACTION_EP0_CLEAR)
        (void)double_pipe_clear(&d->ep0);
    if (actions & ACTION_GONE_EVENT)
        gone_event(d);
    if (actions & ACTION_REMOVED_EVENT)
        send_removed(d);
    if (actions & ACTION_FREE)
        device_free(d);
    else if (actions & ACTION_NEW_DEVICE)
        new_device(d);
}

void double_device_process(void)
{
    struct base_list *link;
    while ((link = base_list_pop(&double_library.acting)) != NULL) {
        struct usb_device_handle_s *d = BASE_CONTAINER(link, struct usb_device_handle_s, acting);
        unsigned actions = d->actions;
        d->actions = 0;
        base_list_remove(&d->link); // so the list of addresses has another order each time
        base_list_append(&double_library.devices, &d->link);
        act(d, actions);
    }
}

// --- the library's functions ---------------------------------------------------------------------

static struct usb_device_handle_s *by_address(uint8_t address)
{
    BASE_LIST_FOR_EACH (struct usb_device_handle_s, d, &double_library.devices, link)
        if (d->address == address)
            return d;
    return NULL;
}

static esp_err_t device_open(struct usb_host_client_handle_s *c, uint8_t address,
                             usb_device_handle_t *result)
{
    struct usb_device_handle_s *d = by_address(address);
    if (!d)
        return ESP_ERR_NOT_FOUND;
    if (d->gone || d->waiting_free)
        return ESP_ERR_INVALID_STATE;
    if (d->enum_lock)
        return ESP_ERR_NOT_ALLOWED;
    if (c->opened[address])
        return ESP_ERR_INVALID_STATE;
    d->open_count++;
    c->opened[address] = true;
    *result = d;
    return ESP_OK;
}

esp_err_t usb_host_device_open(usb_host_client_handle_t client_hdl, uint8_t dev_addr,
                               usb_device_handle_t *dev_hdl_ret)
{
    if (!client_hdl || dev_addr == 0 || dev_addr > 127 || !dev_hdl_ret)
        return ESP_ERR_INVALID_ARG;
    double_enter();
    return double_return(device_open(double_client(client_hdl), dev_addr, dev_hdl_ret));
}

static esp_err_t device_close(struct usb_host_client_handle_s *c, struct usb_device_handle_s *d)
{
    BASE_LIST_FOR_EACH (struct double_interface, i, &c->interfaces, link)
        if (i->device == d)
            return ESP_ERR_INVALID_STATE;
    if (!c->opened[d->address])
        return ESP_ERR_NOT_FOUND;
    c->opened[d->address] = false;
    double_device_close(d);
    return ESP_OK;
}

esp_err_t usb_host_device_close(usb_host_client_handle_t client_hdl, usb_device_handle_t dev_hdl)
{
    if (!client_hdl || !dev_hdl)
        return ESP_ERR_INVALID_ARG;
    double_enter();
    return double_return(device_close(double_client(client_hdl), double_device(dev_hdl)));
}

static esp_err_t mark_all_free(void)
{
    struct double_library *lib = &double_library;
    bool any = false;
    if (!base_list_empty(&lib->clients))
        return ESP_ERR_INVALID_STATE;
    lib->ending = true; // a device that stays plugged in is not enumerated again
    double_enum_cancel();
    BASE_LIST_FOR_EACH (struct usb_device_handle_s, d, &lib->devices, link) {
        any = true;
        if (d->hub_running)
            double_hub_gone(d);
        if (d->open_count == 0)
            double_device_act(d, ACTION_FREE);
        else
            d->waiting_free = true;
    }
    return any ? ESP_ERR_NOT_FINISHED : ESP_OK;
}

esp_err_t usb_host_device_free_all(void)
{
    double_enter();
    return double_return(mark_all_free());
}

esp_err_t usb_host_device_addr_list_fill(int list_len, uint8_t *dev_addr_list, int *num_dev_ret)
{
    if (!dev_addr_list || !num_dev_ret)
        return ESP_ERR_INVALID_ARG;
    double_enter();
    int n = 0;
    BASE_LIST_FOR_EACH (const struct usb_device_handle_s, d, &double_library.devices, link) {
        if (n < list_len && !d->enum_lock && d->configured)
            dev_addr_list[n++] = d->address;
    }
    *num_dev_ret = n;
    return double_return(ESP_OK);
}

static usb_speed_t speed_of(const struct usb_device_handle_s *d)
{
    return d->speed == USB_SPEED_LOW    ? IDF_USB_SPEED_LOW
           : d->speed == USB_SPEED_FULL ? IDF_USB_SPEED_FULL
                                        : IDF_USB_SPEED_HIGH;
}

esp_err_t usb_host_device_info(usb_device_handle_t dev_hdl, usb_device_info_t *dev_info)
{
    if (!dev_hdl || !dev_info)
        return ESP_ERR_INVALID_ARG;
    double_enter();
    const struct usb_device_handle_s *d = double_device(dev_hdl);
    *dev_info = (usb_device_info_t){
        .parent = {.dev_hdl = NULL, .port_num = d->number},
        .speed = speed_of(d),
        .dev_addr = d->address,
        .bMaxPacketSize0 = d->desc.bMaxPacketSize0,
        .bConfigurationValue = d->config ? d->config[5] : 0,
        .str_desc_manufacturer = d->string[0],
        .str_desc_product = d->string[1],
        .str_desc_serial_num = d->string[2],
    };
    return double_return(ESP_OK);
}

esp_err_t usb_host_get_device_descriptor(usb_device_handle_t dev_hdl,
                                         const usb_device_desc_t **device_desc)
{
    if (!dev_hdl || !device_desc)
        return ESP_ERR_INVALID_ARG;
    double_enter();
    *device_desc = &double_device(dev_hdl)->desc;
    return double_return(ESP_OK);
}

esp_err_t usb_host_get_active_config_descriptor(usb_device_handle_t dev_hdl,
                                                const usb_config_desc_t **config_desc)
{
    if (!dev_hdl || !config_desc)
        return ESP_ERR_INVALID_ARG;
    double_enter();
    *config_desc = (const usb_config_desc_t *)(const void *)double_device(dev_hdl)->config;
    return double_return(ESP_OK);
}
