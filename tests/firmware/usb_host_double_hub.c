// SPDX-License-Identifier: Apache-2.0
// Root ports and the driver of external hubs: who is where, and what happens when it goes.
#include "tests/firmware/usb_host_double_state.h"

#include <stdlib.h>

enum { PORT_ENABLE = 1 << 1 }; // of wPortStatus, USB 2.0 table 11-21

struct double_socket *double_socket_of(struct sim_port *port)
{
    BASE_LIST_FOR_EACH (struct double_socket, s, &double_library.sockets, link)
        if (s->port == port)
            return s;
    return NULL;
}

static struct double_socket *socket_new(struct sim_port *port, unsigned root)
{
    struct double_socket *s = calloc(1, sizeof *s);
    if (!s)
        double_fail("no memory for the double itself");
    s->port = port;
    s->root = root;
    base_list_append(&double_library.sockets, &s->link);
    return s;
}

static void hub_request(void)
{
    double_library.event = true;
    double_wake();
}

void double_plugged(struct sim_port *port, unsigned root)
{
    struct double_socket *s = double_socket_of(port);
    if (!port->hub && port->number != 1)
        double_fail("%s: the library has one root port per bus", port->info.busid);
    if (root == 1 && port->info.speed == USB_SPEED_HIGH)
        double_fail("%s: a device of high speed on the full-speed port", port->info.busid);
    if (!s)
        s = socket_new(port, root);
    s->present = true;
    s->refused = s->failed = s->open = false;
    if (!port->hub && !s->device)
        double_library.root[root].live = double_library.root[root].powered;
    hub_request();
}

void double_unplugged(struct sim_port *port)
{
    struct double_socket *s = double_socket_of(port);
    s->present = s->open = false;
    s->pulled = true;
    if (s->device)
        s->device->port = NULL;
    if (!port->hub)
        double_library.root[s->root].live = false;
    hub_request();
}

bool usb_host_double_connected(unsigned port)
{
    bool connected = false;
    usb_host_double_lock();
    BASE_LIST_FOR_EACH (const struct double_socket, s, &double_library.sockets, link) {
        connected |= s->root == port && !s->port->hub && s->present;
    }
    usb_host_double_unlock();
    return connected;
}

// --- what has gone -------------------------------------------------------------------------------

static struct usb_device_handle_s *hub_of(const struct double_socket *s)
{
    struct double_socket *hub = s->port->hub ? double_socket_of(s->port->hub) : NULL;
    return hub ? hub->device : NULL;
}

// The driver has asked the hub about one of its ports, and told it what to do.
static void ask_hub(const struct double_socket *s)
{
    if (hub_of(s) && hub_of(s)->hub_running)
        double_device_act(hub_of(s), ACTION_EP0_DEQUEUE);
}

static bool hear(struct double_socket *s)
{
    if (!s->pulled)
        return false;
    s->pulled = false;
    ask_hub(s);
    if (s->device && !s->device->gone) {
        double_enum_cancel(); // whatever is enumerated: the library does not look which device left
        double_device_remove(s->device);
    }
    s->failed = s->refused = false;
    return true;
}

// The hub driver lets go of a hub that has gone, once nothing is behind it any more.
static bool leave_hub(struct usb_device_handle_s *hub)
{
    bool any = false, children = false;
    if (!hub->hub_leaving)
        return false;
    BASE_LIST_FOR_EACH (struct double_socket, s, &double_library.sockets, link) {
        if (!s->device || s->device->hub != hub)
            continue;
        children = true;
        s->pulled = true;
        if (!s->device->gone)
            any |= hear(s);
    }
    if (children)
        return any;
    hub->hub_leaving = false;
    double_library.root[hub->root].channels--;
    double_device_close(hub);
    return true;
}

void double_hub_gone(struct usb_device_handle_s *hub)
{
    hub->hub_leaving = hub->hub_running;
    hub->hub_running = false;
    hub_request();
}

// --- what has come -------------------------------------------------------------------------------

static bool reachable(const struct double_socket *s)
{
    const struct double_root *root = &double_library.root[s->root];
    const struct usb_device_handle_s *hub = hub_of(s);
    if (!root->mapped || !root->powered || !root->live)
        return false;
    return !s->port->hub || (hub && hub->hub_running && !hub->gone);
}

static bool needs_translator(const struct double_socket *s)
{
    const struct usb_device_handle_s *hub = hub_of(s);
    return hub && hub->speed == USB_SPEED_HIGH && s->port->info.speed != USB_SPEED_HIGH;
}

static void connect(struct double_socket *s)
{
    ask_hub(s);
    s->refused = needs_translator(s); // an error in the log, and nothing else
    if (s->refused)
        return;
    struct usb_device_handle_s *d = double_device_add(s);
    s->failed = !d;
    if (!d)
        return;
    d->hub = hub_of(s);
    d->enum_lock = true;
    d->open_count = 1; // by the enumerator
    double_library.enumerating = d;
}

static bool look_for_new(void)
{
    struct double_library *lib = &double_library;
    if (lib->enumerating || lib->ending)
        return false;
    BASE_LIST_FOR_EACH (struct double_socket, s, &lib->sockets, link) {
        if (!s->present || !s->open || s->pulled || s->device || s->refused || s->failed ||
            !reachable(s))
            continue;
        connect(s);
        return true;
    }
    return false;
}

bool double_hub_process(void)
{
    bool any = false;
    BASE_LIST_FOR_EACH (struct double_socket, s, &double_library.sockets, link) {
        const struct usb_device_handle_s *hub = hub_of(s);
        if (s->port->hub && hub && !hub->hub_running)
            continue; // goes with its hub
        any |= hear(s);
    }
    BASE_LIST_FOR_EACH (struct usb_device_handle_s, d, &double_library.devices, link)
        any |= leave_hub(d);
    return any | look_for_new();
}

// The port may be used again: only now what was plugged in meanwhile is seen.
void double_device_freed(struct usb_device_handle_s *d)
{
    struct double_socket *s = d->socket;
    struct double_root *root = &double_library.root[s->root];
    s->device = NULL;
    if (!s->port->hub && !root->live && !double_library.ending)
        root->live = root->powered && s->present;
    hub_request();
}

// A hub's answer to GET_STATUS of a port says what the driver has done with the port.
void double_hub_answer(struct usb_device_handle_s *d, const uint8_t setup[8], uint8_t *data,
                       uint32_t size)
{
    if (setup[0] != 0xa3 || setup[1] != USB_REQ_GET_STATUS || size < 2)
        return;
    BASE_LIST_FOR_EACH (const struct double_socket, s, &double_library.sockets, link) {
        if (s->port->hub == d->port && s->port->number == setup[4] && !s->device)
            data[0] &= (uint8_t)~PORT_ENABLE;
    }
}
