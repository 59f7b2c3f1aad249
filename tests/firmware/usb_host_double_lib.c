// SPDX-License-Identifier: Apache-2.0
// The library as a whole: installation, the daemon's turn, clients and their turn.
#include "tests/firmware/usb_host_double_state.h"

#include "hal/usb_dwc_hal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

// --- installation --------------------------------------------------------------------------------

// hcd_dwc.c, _calculate_fifo_from_bias(), balanced.
static usb_dwc_hal_fifo_config_t default_fifo(unsigned root)
{
    static const usb_dwc_hal_fifo_config_t balanced[] = {{512, 256, 128}, {104, 64, 32}};
    return balanced[root];
}

// The library does this at each reset of the root port.
static void divide_memory(unsigned root, const usb_dwc_hal_fifo_config_t *config)
{
    static const usb_dwc_hal_context_t chip[USB_HOST_DOUBLE_PORTS] = {
        {.constant_config = {.chan_num_total = 16, .hsphy_type = 3, .fifo_size = 896}},
        {.constant_config = {.chan_num_total = 8, .fifo_size = 200}},
    };
    struct double_root *r = &double_library.root[root];
    usb_dwc_hal_context_t hal = chip[root];
    usb_dwc_hal_set_fifo_config(&hal, config);
    r->in_max = (hal.fifo_config.rx_fifo_lines - 2) * 4;
    r->out_max = hal.fifo_config.nptx_fifo_lines * 4;
    r->periodic_out_max = hal.fifo_config.ptx_fifo_lines * 4;
}

static bool set_fifo(const usb_host_config_t *config, unsigned root, bool both)
{
    usb_dwc_hal_fifo_config_t f = default_fifo(root);
    usb_dwc_hal_fifo_config_t custom = {config->fifo_settings_custom.rx_fifo_lines,
                                        config->fifo_settings_custom.nptx_fifo_lines,
                                        config->fifo_settings_custom.ptx_fifo_lines};
    if (!both && custom.rx_fifo_lines + custom.nptx_fifo_lines + custom.ptx_fifo_lines != 0)
        f = custom; // with both ports it is ignored
    if (f.rx_fifo_lines == 0 || f.nptx_fifo_lines == 0)
        return false;
    divide_memory(root, &f);
    return true;
}

static void power_on(void)
{
    struct double_library *lib = &double_library;
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        lib->root[i].powered = lib->root[i].mapped;
    BASE_LIST_FOR_EACH (const struct double_socket, s, &lib->sockets, link) {
        if (!s->port->hub && s->present && !s->device)
            lib->root[s->root].live = lib->root[s->root].powered;
    }
    lib->event = true;
}

static esp_err_t install(const usb_host_config_t *config)
{
    struct double_library *lib = &double_library;
    unsigned map = config->peripheral_map ? config->peripheral_map : 1;
    if (lib->installed)
        return ESP_ERR_INVALID_STATE;
    if (map >= 1u << USB_HOST_DOUBLE_PORTS)
        return ESP_ERR_INVALID_ARG;
    void *memory = double_calloc(1);
    if (!memory)
        return ESP_ERR_NO_MEM;
    free(memory);
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++) {
        lib->root[i].mapped = (map >> i & 1) != 0;
        if (lib->root[i].mapped && !set_fifo(config, i, map == 3))
            return ESP_ERR_INVALID_SIZE;
    }
    lib->filter = config->enum_filter_cb;
    lib->installed = true;
    lib->ending = false;
    if (!config->root_port_unpowered)
        power_on();
    return ESP_OK;
}

esp_err_t usb_host_install(const usb_host_config_t *config)
{
    if (!config)
        return ESP_ERR_INVALID_ARG;
    double_enter();
    return double_return(install(config));
}

static esp_err_t uninstall(void)
{
    struct double_library *lib = &double_library;
    if (!lib->installed || lib->event || lib->flags || lib->handling ||
        !base_list_empty(&lib->clients))
        return ESP_ERR_INVALID_STATE;
    if (!base_list_empty(&lib->devices))
        double_fail("uninstalled with devices that were not freed");
    lib->installed = false;
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        lib->root[i].powered = lib->root[i].live = lib->root[i].mapped = false;
    return ESP_OK;
}

esp_err_t usb_host_uninstall(void)
{
    double_enter();
    return double_return(uninstall());
}

// --- the daemon's turn ---------------------------------------------------------------------------

static void process(void)
{
    double_library.event = false;
    double_device_process();
    while (double_hub_process())
        double_device_process();
    double_interrupt();
}

static esp_err_t lib_turn(TickType_t ticks)
{
    struct double_library *lib = &double_library;
    uint64_t end_us = ticks == portMAX_DELAY ? UINT64_MAX : double_real_us() + ticks * 1000ull;
    while (lib->config.threads && ticks > 0 && !lib->event && double_real_us() < end_us) {
        double_wait(end_us);
        double_interrupt();
    }
    if (!lib->event)
        return ticks ? ESP_ERR_TIMEOUT : ESP_OK;
    process();
    (void)double_enum_step(); // its requests take time on the bus: one per turn
    return ESP_OK;
}

// A client on the other core may be called back in between, and the daemon be kept from going on.
static void count_late(void)
{
    const struct timespec late = {.tv_nsec = (long)double_library.config.count_late_us * 1000};
    if (!double_library.config.threads || !double_device_leaving())
        return;
    usb_host_double_unlock();
    nanosleep(&late, NULL);
    usb_host_double_lock();
    double_device_count();
}

esp_err_t usb_host_lib_handle_events(TickType_t timeout_ticks, uint32_t *event_flags_ret)
{
    struct double_library *lib = &double_library;
    double_enter();
    if (!lib->installed) {
        double_leave();
        return ESP_ERR_INVALID_STATE;
    }
    if (lib->handling)
        double_fail("two tasks handle the library's events");
    lib->handling = true;
    double_device_count(); // with one thread this is as late as can be
    esp_err_t err = lib_turn(timeout_ticks);
    count_late();
    lib->handling = false;
    if (event_flags_ret)
        *event_flags_ret = lib->flags;
    lib->flags = 0;
    return double_return(err);
}

esp_err_t usb_host_lib_unblock(void)
{
    double_enter();
    double_library.event = true;
    double_wake();
    return double_return(ESP_OK);
}

esp_err_t usb_host_lib_info(usb_host_lib_info_t *info_ret)
{
    if (!info_ret)
        return ESP_ERR_INVALID_ARG;
    double_enter();
    *info_ret = (usb_host_lib_info_t){0};
    BASE_LIST_FOR_EACH (const struct usb_device_handle_s, d, &double_library.devices, link)
        info_ret->num_devices++;
    BASE_LIST_FOR_EACH (const struct usb_host_client_handle_s, c, &double_library.clients, link)
        info_ret->num_clients++;
    return double_return(ESP_OK);
}

// Both ports at once. Off: as if everything on them was pulled.
static esp_err_t set_power(bool on)
{
    struct double_library *lib = &double_library;
    if (!lib->installed)
        return ESP_ERR_INVALID_STATE;
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        if (on && (lib->root[i].powered || lib->root[i].channels > 0))
            return ESP_ERR_INVALID_STATE;
    if (on) {
        power_on();
        return ESP_OK;
    }
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        lib->root[i].powered = lib->root[i].live = false;
    BASE_LIST_FOR_EACH (struct double_socket, s, &lib->sockets, link) {
        s->pulled = s->pulled || s->device;
    }
    lib->event = true;
    return ESP_OK;
}

esp_err_t usb_host_lib_set_root_port_power(bool enable)
{
    double_enter();
    return double_return(set_power(enable));
}

// --- clients -------------------------------------------------------------------------------------

static struct usb_host_client_handle_s *client_new(const usb_host_client_config_t *config)
{
    struct usb_host_client_handle_s *c = double_calloc(sizeof *c);
    if (!c)
        return NULL;
    c->queue_max = (unsigned)config->max_num_event_msg;
    c->queue = double_calloc(c->queue_max * sizeof *c->queue);
    if (!c->queue) {
        free(c);
        return NULL;
    }
    c->callback = config->async.client_event_callback;
    c->callback_arg = config->async.callback_arg;
    c->notify_removed = config->flags.notify_dev_removed;
    base_list_init(&c->pipes);
    base_list_init(&c->done_control);
    base_list_init(&c->interfaces);
    base_list_append(&double_library.clients, &c->link);
    return c;
}

esp_err_t usb_host_client_register(const usb_host_client_config_t *client_config,
                                   usb_host_client_handle_t *client_hdl_ret)
{
    double_enter();
    if (!double_library.installed)
        return double_return(ESP_ERR_INVALID_STATE);
    if (!client_config || !client_hdl_ret || client_config->max_num_event_msg <= 0 ||
        (!client_config->is_synchronous && !client_config->async.client_event_callback))
        return double_return(ESP_ERR_INVALID_ARG);
    *client_hdl_ret = client_new(client_config);
    return double_return(*client_hdl_ret ? ESP_OK : ESP_ERR_NO_MEM);
}

static bool any_open(const struct usb_host_client_handle_s *c)
{
    for (unsigned i = 0; i < sizeof c->opened; i++)
        if (c->opened[i])
            return true;
    return false;
}

static esp_err_t deregister(struct usb_host_client_handle_s *c)
{
    if (c->handling || c->claimed > 0 || any_open(c) || !base_list_empty(&c->pipes) ||
        !base_list_empty(&c->done_control))
        return ESP_ERR_INVALID_STATE;
    c->dead = true;
    base_list_remove(&c->link);
    base_list_append(&double_library.dead_clients, &c->link);
    if (base_list_empty(&double_library.clients))
        double_library.flags |= USB_HOST_LIB_EVENT_FLAGS_NO_CLIENTS;
    double_library.event = true;
    return ESP_OK;
}

esp_err_t usb_host_client_deregister(usb_host_client_handle_t client_hdl)
{
    if (!client_hdl)
        return ESP_ERR_INVALID_ARG;
    double_enter();
    return double_return(deregister(double_client(client_hdl)));
}

esp_err_t usb_host_client_unblock(usb_host_client_handle_t client_hdl)
{
    if (!client_hdl)
        return ESP_ERR_INVALID_ARG;
    usb_host_double_lock(); // no interrupt: callers may hold locks of their own
    double_client(client_hdl)->event = true;
    usb_host_double_unlock();
    return ESP_OK;
}

// --- the client's turn ---------------------------------------------------------------------------

static void call_back(struct usb_host_client_handle_s *c, struct double_transfer *t)
{
    t->in_flight = false;
    c->in_callback = true;
    double_leave();
    double_public(t)->callback(double_public(t)); // may submit or free it
    usb_host_double_lock();
    c->in_callback = false;
}

// The endpoint's transfers count as in flight until all callbacks have run.
static void handle_pipe(struct usb_host_client_handle_s *c, struct double_pipe *pipe)
{
    unsigned count = 0;
    if (pipe->last_event != DOUBLE_URB_DONE) {
        if (!pipe->halted)
            double_fail("the library aborts: endpoint %02x was cleared between its error and the "
                        "client's turn",
                        pipe->ep.address);
        (void)double_pipe_flush(pipe);
    }
    struct base_list *link;
    while ((link = base_list_pop(&pipe->done)) != NULL) {
        struct double_transfer *t = BASE_CONTAINER(link, struct double_transfer, link);
        t->pipe = NULL;
        call_back(c, t);
        count++;
    }
    pipe->in_flight -= count;
}

static void handle_pipes(struct usb_host_client_handle_s *c)
{
    struct base_list *link;
    while ((link = base_list_pop(&c->pipes)) != NULL)
        handle_pipe(c, BASE_CONTAINER(link, struct double_pipe, event_link));
}

static void handle_control(struct usb_host_client_handle_s *c)
{
    struct base_list *link;
    while ((link = base_list_pop(&c->done_control)) != NULL)
        call_back(c, BASE_CONTAINER(link, struct double_transfer, link));
}

static void handle_messages(struct usb_host_client_handle_s *c)
{
    while (c->queued > 0) {
        usb_host_client_event_msg_t msg = c->queue[0];
        memmove(c->queue, c->queue + 1, --c->queued * sizeof *c->queue);
        c->in_callback = true;
        double_leave();
        c->callback(&msg, c->callback_arg);
        usb_host_double_lock();
        c->in_callback = false;
    }
}

static esp_err_t client_turn(struct usb_host_client_handle_s *c, TickType_t ticks)
{
    struct double_library *lib = &double_library;
    uint64_t end_us = ticks == portMAX_DELAY ? UINT64_MAX : double_real_us() + ticks * 1000ull;
    while (lib->config.threads && ticks > 0 && !c->event && double_real_us() < end_us) {
        double_wait(end_us);
        double_interrupt();
    }
    if (!c->event)
        return ticks ? ESP_ERR_TIMEOUT : ESP_OK;
    while (c->event) {
        c->event = false;
        handle_pipes(c);
        handle_control(c);
        handle_messages(c);
    }
    return ESP_OK;
}

esp_err_t usb_host_client_handle_events(usb_host_client_handle_t client_hdl,
                                        TickType_t timeout_ticks)
{
    if (!client_hdl)
        return ESP_ERR_INVALID_ARG;
    double_enter();
    struct usb_host_client_handle_s *c = double_client(client_hdl);
    if (c->handling)
        double_fail(c->in_callback ? "a callback handles its own client's events"
                                   : "two tasks handle a client's events");
    c->handling = true;
    c->thread = pthread_self();
    c->has_thread = true;
    esp_err_t err = client_turn(c, timeout_ticks);
    c->handling = false;
    return double_return(err);
}
