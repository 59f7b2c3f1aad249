// SPDX-License-Identifier: Apache-2.0
// Interfaces: claimed on the host's side only. Each endpoint costs a channel, must fit the FIFOs
// and begins with DATA0.
#include "tests/firmware/usb_host_double_state.h"

#include <stdlib.h>

static bool fits(const struct double_root *root, const struct usb_endpoint *ep)
{
    bool periodic = ep->type == USB_ISOCHRONOUS || ep->type == USB_INTERRUPT;
    unsigned max = ep->address & 0x80 ? root->in_max
                   : periodic         ? root->periodic_out_max
                                      : root->out_max;
    return ep->max_packet_size <= max && !(periodic && ep->bInterval == 0);
}

static esp_err_t pipe_alloc(struct usb_device_handle_s *d, const struct usb_endpoint *ep,
                            struct double_pipe **result)
{
    struct double_root *root = &double_library.root[d->root];
    bool too_fast = d->speed == USB_SPEED_LOW && (ep->type & 3) != USB_INTERRUPT;
    if ((ep->address & 0x0f) == 0)
        return ESP_ERR_INVALID_ARG;
    if (!root->live)
        return ESP_ERR_INVALID_STATE;
    if (too_fast || !fits(root, ep))
        return ESP_ERR_NOT_SUPPORTED;
    struct double_pipe *pipe = double_calloc(sizeof *pipe);
    if (!pipe)
        return ESP_ERR_NO_MEM;
    if (!double_take_channel(d->root)) {
        free(pipe);
        return ESP_ERR_NOT_SUPPORTED;
    }
    if (double_pipe_of(d, ep->address)) {
        root->channels--;
        free(pipe);
        return ESP_ERR_INVALID_STATE;
    }
    double_pipe_init(pipe, d, ep);
    *result = pipe;
    return ESP_OK;
}

static void pipe_free(struct double_pipe *pipe)
{
    struct usb_device_handle_s *d = pipe->device;
    double_library.root[d->root].channels--;
    base_list_remove(&pipe->event_link);
    d->pipe[sim_pipe_index(pipe->ep.address)] = NULL;
    free(pipe);
}

static void interface_free(struct double_interface *i)
{
    while (i->count > 0)
        pipe_free(i->pipe[--i->count]);
    free(i);
}

// A new channel sends DATA0 first, whatever the device expects.
static void reset_toggle(const struct double_pipe *pipe)
{
    if (pipe->device->port)
        pipe->device->port->host_toggle &= ~(1u << sim_pipe_index(pipe->ep.address));
}

// The library looks the endpoint up again, in its own copy of the configuration (usbh_ep_alloc()).
static esp_err_t add_endpoint(struct double_interface *i, uint8_t address)
{
    const usb_config_desc_t *own = (const usb_config_desc_t *)i->device->config;
    const uint8_t *desc = (const uint8_t *)usb_parse_endpoint_descriptor_by_address(
        own, i->desc[2], i->desc[3], address, NULL);
    if (!desc)
        return ESP_ERR_NOT_FOUND;
    struct usb_endpoint ep = {.address = desc[2],
                              .type = desc[3] & 3,
                              .max_packet_size = base_get_le16(desc + 4) & 0x7ff,
                              .packets_per_interval = 1,
                              .bInterval = desc[6],
                              .interface = i->desc[2]};
    struct double_pipe *pipe;
    esp_err_t err = pipe_alloc(i->device, &ep, &pipe);
    if (err != ESP_OK)
        return err;
    unsigned exponent = ep.bInterval > 17 ? 17 : ep.bInterval;
    pipe->interval = ep.type == USB_ISOCHRONOUS ? 1u << (exponent - 1) : 0;
    pipe->interface = i;
    i->device->pipe[sim_pipe_index(ep.address)] = pipe;
    i->pipe[i->count++] = pipe;
    reset_toggle(pipe);
    return ESP_OK;
}

static esp_err_t claim(struct usb_host_client_handle_s *c, struct usb_device_handle_s *d,
                       uint8_t number, uint8_t alternate)
{
    const usb_config_desc_t *config;
    if (!c->opened[d->address])
        return ESP_ERR_INVALID_STATE;
    (void)usbh_dev_get_config_desc(d, &config);
    const uint8_t *desc = double_find_setting(config, number, alternate);
    if (!desc)
        return ESP_ERR_NOT_FOUND;
    struct double_interface *i = double_calloc(sizeof *i);
    if (!i)
        return ESP_ERR_NO_MEM;
    *i = (struct double_interface){.device = d, .client = c, .desc = desc};
    for (unsigned n = 0; n < desc[4]; n++) {
        const uint8_t *ep = double_find_endpoint(config, desc, n);
        esp_err_t err = ep ? add_endpoint(i, ep[2]) : ESP_ERR_NOT_FOUND;
        if (err != ESP_OK) {
            interface_free(i);
            return err;
        }
    }
    base_list_append(&c->interfaces, &i->link);
    c->claimed++;
    return ESP_OK;
}

esp_err_t usb_host_interface_claim(usb_host_client_handle_t client_hdl, usb_device_handle_t dev_hdl,
                                   uint8_t bInterfaceNumber, uint8_t bAlternateSetting)
{
    if (!client_hdl || !dev_hdl)
        return ESP_ERR_INVALID_ARG;
    double_enter();
    return double_return(claim(double_client(client_hdl), double_device(dev_hdl), bInterfaceNumber,
                               bAlternateSetting));
}

static esp_err_t release(struct usb_host_client_handle_s *c, struct usb_device_handle_s *d,
                         uint8_t number)
{
    struct double_interface *found = NULL;
    if (!c->opened[d->address])
        return ESP_ERR_INVALID_STATE;
    // The library sleeps for 10 ticks if any endpoint of the client has an event, in the hope that
    // another task handles it.
    double_library.counts.slow_releases += !base_list_empty(&c->pipes);
    BASE_LIST_FOR_EACH (struct double_interface, i, &c->interfaces, link) {
        if (!found && i->device == d && i->desc[2] == number)
            found = i;
    }
    if (!found)
        return ESP_ERR_NOT_FOUND;
    for (unsigned i = 0; i < found->count; i++)
        if (found->pipe[i]->in_flight > 0 || !base_list_empty(&found->pipe[i]->event_link))
            return ESP_ERR_INVALID_STATE;
    base_list_remove(&found->link);
    interface_free(found);
    c->claimed--;
    return ESP_OK;
}

esp_err_t usb_host_interface_release(usb_host_client_handle_t client_hdl,
                                     usb_device_handle_t dev_hdl, uint8_t bInterfaceNumber)
{
    if (!client_hdl || !dev_hdl)
        return ESP_ERR_INVALID_ARG;
    double_enter();
    return double_return(
        release(double_client(client_hdl), double_device(dev_hdl), bInterfaceNumber));
}

// --- endpoint commands ---------------------------------------------------------------------------

static esp_err_t find_pipe(usb_device_handle_t dev_hdl, uint8_t address, struct double_pipe **pipe)
{
    if (!dev_hdl || (address & 0x0f) == 0)
        return ESP_ERR_INVALID_ARG;
    *pipe = double_pipe_of(double_device(dev_hdl), address);
    return *pipe ? ESP_OK : ESP_ERR_NOT_FOUND;
}

// docs/esp-usb-host.md 2.3 and 3.9: two tasks at one pipe end in an abort sooner or later.
static void check_task(const struct double_pipe *pipe, const char *what)
{
    const struct usb_host_client_handle_s *c = pipe->interface->client;
    if (c->has_thread && !pthread_equal(c->thread, pthread_self()))
        double_fail("%s of endpoint %02x from another task than the client's", what,
                    pipe->ep.address);
}

esp_err_t usb_host_endpoint_halt(usb_device_handle_t dev_hdl, uint8_t bEndpointAddress)
{
    struct double_pipe *pipe;
    double_enter();
    esp_err_t err = find_pipe(dev_hdl, bEndpointAddress, &pipe);
    if (err == ESP_OK) {
        check_task(pipe, "halt");
        double_pipe_halt(pipe);
    }
    return double_return(err);
}

esp_err_t usb_host_endpoint_flush(usb_device_handle_t dev_hdl, uint8_t bEndpointAddress)
{
    struct double_pipe *pipe;
    double_enter();
    esp_err_t err = find_pipe(dev_hdl, bEndpointAddress, &pipe);
    if (err == ESP_OK) {
        check_task(pipe, "flush");
        err = double_pipe_flush(pipe);
    }
    return double_return(err);
}

esp_err_t usb_host_endpoint_clear(usb_device_handle_t dev_hdl, uint8_t bEndpointAddress)
{
    struct double_pipe *pipe;
    double_enter();
    esp_err_t err = find_pipe(dev_hdl, bEndpointAddress, &pipe);
    if (err == ESP_OK) {
        check_task(pipe, "clear");
        err = double_pipe_clear(pipe);
    }
    return double_return(err);
}
