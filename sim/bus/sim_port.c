// SPDX-License-Identifier: Apache-2.0
// Ports: busids, plugging and pulling, and what the core is told about the device in a port.
#include "base/base_number.h"
#include "base/base_text.h"
#include "sim_engine.h"

#include <assert.h>
#include <string.h>

enum {
    DEVNUM_MAX = 127,
    PORTS_MAX = DEVNUM_MAX - SIM_DEVNUM_ROOT_HUB - 1,
    PORTS_ON_THE_WAY_MAX = 6, // five hubs and the device (USB 2.0 4.1.1)
    PORTS_SHOWN = 8,
};

_Static_assert(3 + 4 * PORTS_ON_THE_WAY_MAX < USB_BUSID_SIZE, "three digits and a sign for each");

static struct sim_port *port_of(struct base_list *link)
{
    return BASE_CONTAINER(link, struct sim_port, link);
}

// --- busids --------------------------------------------------------------------------------------

// A number 1..255 without leading zeros; 0 if there is none.
static uint8_t take_number(const char **s)
{
    uint64_t value;
    return **s != '0' && base_number_take(s, 255, &value) ? (uint8_t)value : 0;
}

// Takes a busid apart: the hub's busid ("" for a root port) and the port's number there.
static bool busid_split(const struct sim_bus *bus, const char *busid, char hub[USB_BUSID_SIZE],
                        uint8_t *number)
{
    const char *s = busid, *last = NULL;
    unsigned ports = 0;
    if (take_number(&s) != bus->busnum || *s != '-')
        return false;
    do {
        last = s++;
        *number = take_number(&s);
        ports++;
    } while (*number != 0 && *s == '.');
    if (*number == 0 || *s != '\0' || ports > PORTS_ON_THE_WAY_MAX)
        return false;
    size_t size = *last == '.' ? (size_t)(last - busid) : 0;
    memcpy(hub, busid, size);
    hub[size] = '\0';
    return true;
}

static struct sim_port *find_port(struct sim_bus *bus, const char *busid)
{
    BASE_LIST_FOR_EACH (struct sim_port, p, &bus->ports, link)
        if (strcmp(p->info.busid, busid) == 0)
            return p;
    return NULL;
}

// --- what the core is told -----------------------------------------------------------------------

static void fill_path(struct usb_device_info *info)
{
    struct base_text t;
    base_text_init(&t, info->path, sizeof info->path);
    base_text_str(&t, "/sys/devices/sim/usb");
    base_text_u64(&t, info->busnum);
    for (size_t end = 1; end <= strlen(info->busid); end++) {
        if (info->busid[end] != '.' && info->busid[end] != '\0')
            continue;
        base_text_char(&t, '/');
        for (size_t i = 0; i < end; i++)
            base_text_char(&t, info->busid[i]);
    }
}

static void fill_string(char to[USB_NAME_SIZE], const struct sim_descriptors *desc, uint8_t index)
{
    const char *s = sim_descriptor_string(desc, index);
    if (base_text_copy(to, USB_NAME_SIZE, s))
        return;
    size_t end = strlen(to); // cut: not in the middle of a UTF-8 sequence
    while (end > 0 && ((uint8_t)s[end] & 0xc0) == 0x80)
        end--;
    to[end] = '\0';
}

static void fill_strings(struct sim_port *p)
{
    uint8_t indices[SIM_STRINGS];
    struct usb_device_info *info = &p->info;
    info->string_count = (uint8_t)usb_device_string_indices(info, indices, SIM_STRINGS);
    info->strings = p->strings;
    for (unsigned i = 0; i < info->string_count; i++) {
        p->strings[i].index = indices[i];
        fill_string(p->strings[i].text, p->device->desc, indices[i]);
    }
}

static void fill_info(struct sim_port *p)
{
    const struct sim_descriptors *desc = p->device->desc;
    struct usb_device_info *info = &p->info;
    info->busnum = p->bus->busnum;
    info->speed = p->device->speed;
    info->is_hub = desc->device[4] == USB_CLASS_HUB;
    info->device_descriptor = (struct base_span){desc->device, USB_DT_DEVICE_SIZE};
    info->config_count = (uint8_t)sim_descriptor_configs(desc);
    for (unsigned i = 0; i < info->config_count; i++)
        info->config[i] = sim_descriptor_config(desc, i);
    fill_path(info);
    fill_string(info->manufacturer, desc, desc->device[14]);
    fill_string(info->product, desc, desc->device[15]);
    fill_string(info->serial, desc, desc->device[16]);
    fill_strings(p);
}

static bool devnum_is_used(const struct sim_bus *bus, uint8_t devnum)
{
    BASE_LIST_FOR_EACH (struct sim_port, p, &bus->ports, link)
        if (p->info.devnum == devnum)
            return true;
    return false;
}

// Round and round as Linux does, so that a number comes back late. PORTS_MAX leaves one free.
static uint8_t next_devnum(struct sim_bus *bus)
{
    do
        bus->devnum = bus->devnum < DEVNUM_MAX ? bus->devnum + 1 : SIM_DEVNUM_ROOT_HUB + 1;
    while (devnum_is_used(bus, bus->devnum));
    return bus->devnum;
}

// --- coming and going ----------------------------------------------------------------------------

static void connect(struct sim_port *p)
{
    p->device->port = p;
    p->device->bus = p->bus;
    p->vanish = false;
    fill_info(p);
    p->info.devnum = next_devnum(p->bus);
    sim_state_power_on(p);
    sim_port_attend(p);
}

static void disconnect(struct sim_port *p)
{
    p->device->port = NULL;
    p->vanish = false;
    p->gone = p->announced;
    p->claim = SIM_CLOSED;
    sim_timer_clear(&p->delay_timer);
    base_list_remove(&p->op_link);
    p->op_done = false;
    for (unsigned i = 0; i < SIM_PIPES; i++)
        sim_pipe_clear(&p->pipe[i]);
    sim_port_attend(p);
}

static bool has_hub(const struct sim_port *p)
{
    return !p->hub || (sim_port_live(p->hub) && p->number <= sim_hub_ports(p->hub->device));
}

static bool root_has_power(const struct sim_bus *bus, uint8_t number)
{
    return !(bus->off[number / 8] & 1u << number % 8);
}

static bool has_power(const struct sim_port *p)
{
    return p->hub ? sim_hub_has_power(p->hub->device, p->number)
                  : root_has_power(p->bus, p->number);
}

static bool may_work(const struct sim_port *p)
{
    return p->inserted && has_hub(p) && has_power(p);
}

static void disconnect_what_may_not_work(struct sim_port *p)
{
    for (struct sim_port *hub = p; hub && sim_port_live(p); hub = hub->hub)
        if (!may_work(hub))
            disconnect(p);
}

// After something was inserted, pulled or switched. What is behind a hub leaves before it and comes
// after it.
void sim_port_settle(struct sim_bus *bus)
{
    for (struct base_list *link = bus->ports.prev; link != &bus->ports; link = link->prev)
        disconnect_what_may_not_work(port_of(link));
    BASE_LIST_FOR_EACH (struct sim_port, p, &bus->ports, link)
        if (!sim_port_live(p) && may_work(p))
            connect(p);
}

static void delay_timer_due(struct sim_timer *t)
{
    struct sim_port *p = BASE_CONTAINER(t, struct sim_port, delay_timer);
    p->delay_over = true;
    sim_port_attend(p);
}

static struct sim_port *port_create(struct sim_bus *bus, const char *busid, struct sim_port *hub,
                                    uint8_t number)
{
    struct sim_port *p = base_alloc(bus->alloc, sizeof *p);
    if (!p)
        return NULL;
    p->bus = bus;
    p->hub = hub;
    p->number = number;
    (void)base_text_copy(p->info.busid, sizeof p->info.busid, busid);
    base_list_init(&p->attention);
    base_list_init(&p->op_link);
    sim_timer_init(&p->delay_timer, delay_timer_due);
    for (unsigned i = 0; i < SIM_PIPES; i++)
        sim_pipe_init(&p->pipe[i], p);
    base_list_append(&bus->ports, &p->link);
    bus->port_count++;
    return p;
}

enum base_err sim_plug(struct sim_bus *bus, const char *busid, struct sim_device *d)
{
    char hub_id[USB_BUSID_SIZE];
    uint8_t number;
    if (!busid_split(bus, busid, hub_id, &number))
        return BASE_ERR_INVALID;
    struct sim_port *hub = hub_id[0] ? find_port(bus, hub_id) : NULL;
    if (hub_id[0] && (!hub || !sim_port_live(hub) || number > sim_hub_ports(hub->device)))
        return BASE_ERR_NOT_FOUND;
    struct sim_port *p = find_port(bus, busid);
    if (p && p->inserted)
        return BASE_ERR_BUSY;
    if (!p && bus->port_count >= PORTS_MAX)
        return BASE_ERR_LIMIT;
    if (!p)
        p = port_create(bus, busid, hub, number);
    if (!p)
        return BASE_ERR_NOMEM;
    if (p->device)
        p->device->ops->destroy(p->device);
    p->device = d;
    p->inserted = true;
    sim_port_settle(bus);
    return BASE_OK;
}

enum base_err sim_unplug(struct sim_bus *bus, const char *busid)
{
    struct sim_port *p = find_port(bus, busid);
    if (!p || !p->inserted)
        return BASE_ERR_NOT_FOUND;
    p->inserted = false;
    sim_port_settle(bus);
    return BASE_OK;
}

enum base_err sim_replug(struct sim_bus *bus, const char *busid)
{
    struct sim_port *p = find_port(bus, busid);
    if (!p)
        return BASE_ERR_NOT_FOUND;
    if (p->inserted)
        return BASE_ERR_BUSY;
    p->inserted = true;
    sim_port_settle(bus);
    return BASE_OK;
}

void sim_port_vanish(struct sim_port *p)
{
    p->inserted = false;
    sim_port_settle(p->bus);
}

enum sim_presence sim_presence(struct sim_bus *bus, const char *busid)
{
    const struct sim_port *p = find_port(bus, busid);
    if (!p)
        return SIM_NEVER;
    if (!p->inserted || sim_port_live(p))
        return p->inserted ? SIM_WORKS : SIM_PULLED;
    return has_hub(p) ? SIM_NO_POWER : SIM_NO_HUB;
}

// --- power ---------------------------------------------------------------------------------------

// The bus has a port for whatever is plugged in; people see a few, and one that is free.
unsigned sim_root_ports(const struct sim_bus *bus)
{
    unsigned last = 0;
    BASE_LIST_FOR_EACH (const struct sim_port, p, &bus->ports, link) {
        if (!p->hub && p->number > last)
            last = p->number;
    }
    last = last < UINT8_MAX ? last + 1 : last;
    return last < PORTS_SHOWN ? PORTS_SHOWN : last;
}

// False: there is no such port. *hub NULL: it is a root port.
static bool find_place(struct sim_bus *bus, const char *name, struct sim_device **hub,
                       uint8_t *number)
{
    char hub_id[USB_BUSID_SIZE];
    *hub = NULL;
    if (!busid_split(bus, name, hub_id, number))
        return false;
    if (!hub_id[0])
        return *number <= sim_root_ports(bus);
    const struct sim_port *p = find_port(bus, hub_id);
    if (!p || !sim_port_live(p))
        return false;
    *hub = p->device;
    return *number <= sim_hub_ports(*hub);
}

bool sim_port_known(struct sim_bus *bus, const char *name, struct backend_port *out)
{
    struct sim_device *hub;
    uint8_t number;
    if (!find_place(bus, name, &hub, &number))
        return false;
    *out = (struct backend_port){
        .power = hub ? sim_hub_power(hub) : BACKEND_POWER_SINGLE,
        .on = hub ? sim_hub_has_power(hub, number) : root_has_power(bus, number),
    };
    return true;
}

enum base_err sim_port_power(struct sim_bus *bus, const char *name, bool on)
{
    struct sim_device *hub;
    uint8_t number;
    if (!find_place(bus, name, &hub, &number))
        return BASE_ERR_GONE;
    uint8_t *byte = &bus->off[number / 8], bit = (uint8_t)(1u << number % 8);
    if (hub)
        sim_hub_set_power(hub, number, on);
    else
        *byte = (uint8_t)(on ? *byte & ~bit : *byte | bit);
    sim_port_settle(bus);
    return BASE_OK;
}

// -------------------------------------------------------------------------------------------------

unsigned sim_room(const struct sim_bus *bus)
{
    return PORTS_MAX - bus->port_count;
}

struct sim_device *sim_find(struct sim_bus *bus, const char *busid)
{
    struct sim_port *p = find_port(bus, busid);
    return p ? p->device : NULL;
}

struct sim_device *sim_at(struct sim_bus *bus, unsigned i, const char **busid)
{
    BASE_LIST_FOR_EACH (struct sim_port, p, &bus->ports, link) {
        if (i-- > 0)
            continue;
        *busid = p->info.busid;
        return p->device;
    }
    return NULL;
}

void sim_delay_open(struct sim_bus *bus, const char *busid, uint64_t delay_us, enum base_err result)
{
    struct sim_port *p = find_port(bus, busid);
    assert(p);
    p->open_delay_us = delay_us;
    p->open_result = result;
}

void sim_delay_close(struct sim_bus *bus, const char *busid, uint64_t delay_us)
{
    struct sim_port *p = find_port(bus, busid);
    assert(p);
    p->close_delay_us = delay_us;
}

void sim_delay_control(struct sim_bus *bus, const char *busid, uint64_t delay_us)
{
    struct sim_port *p = find_port(bus, busid);
    assert(p);
    p->control_delay_us = delay_us;
}
