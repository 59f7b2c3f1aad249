// SPDX-License-Identifier: Apache-2.0
#include "tests/support/check.h"
#include "tests/usbfs/usbfs_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

static struct usbip_backend *bus_of(const struct usbfs_device *d)
{
    return sim_bus_backend(d->kernel->bus);
}

static void build_table(struct usbfs_device *d)
{
    struct base_span config = {0};
    if (d->config)
        config = usb_device_config(&d->info, d->config);
    uint8_t mps0 = d->info.device_descriptor.size > 7 ? d->info.device_descriptor.data[7] : 64;
    usb_endpoint_table_build(&d->table, config, d->info.speed, d->alternate,
                             d->info.speed == USB_SPEED_SUPER ? 512
                             : mps0 >= 8                      ? mps0
                                                              : 64);
}

// Interfaces of the configuration that is shown; of another one, drivers take them.
void usbfs_configured(struct usbfs_device *d, uint8_t value)
{
    char path[300];
    int n = snprintf(path, sizeof path, "%s/", sysfs_tree_folder(d->info.busid));
    if (d->config) {
        snprintf(path + n, sizeof path - (size_t)n, "%s:%u.0", d->info.busid, d->config);
        sysfs_tree_delete(&d->kernel->tree, path);
    }
    d->config = value;
    struct base_span config = value ? usb_device_config(&d->info, value) : (struct base_span){0};
    d->interface_count =
        value ? usb_config_interfaces(config, d->interfaces, USB_MAX_INTERFACES) : 0;
    memset(d->alternate, 0, sizeof d->alternate);
    for (unsigned i = 0; i < d->interface_count; i++)
        d->driver[i] = USBFS_DRIVER_KERNEL;
    build_table(d);
    if (value) {
        snprintf(path + n, sizeof path - (size_t)n, "%s:%u.0/bAlternateSetting", d->info.busid,
                 value);
        sysfs_tree_put(&d->kernel->tree, path, " 0\n");
    }
}

// What the host's core flushes when endpoints go away.
static void flush(struct usbfs_device *d, int interface)
{
    BASE_LIST_FOR_EACH (struct usbfs_file, f, &d->kernel->files, link) {
        for (unsigned i = 0; f->device == d && i < d->interface_count; i++)
            if (interface == USBFS_ALL || d->interfaces[i].bInterfaceNumber == interface)
                usbfs_kill(f, d->interfaces[i].bInterfaceNumber, -ESHUTDOWN);
    }
}

static bool endpoint_0_is_stuck(struct usbfs_device *d)
{
    d->kernel->pump(d->kernel);
    BASE_LIST_FOR_EACH (struct usbfs_file, f, &d->kernel->files, link) {
        BASE_LIST_FOR_EACH (struct usbfs_urb, u, &f->pending, link) {
            if (f->device == d && u->interface == USBFS_ENDPOINT_0)
                return true;
        }
    }
    return false;
}

// A request of the kernel's own. What the bus cannot begin would time out.
static int change(struct usbfs_device *d, enum usb_control_type type, unsigned value,
                  unsigned interface)
{
    const struct usb_control_op op = {
        .type = type, .value = (uint8_t)value, .interface = (uint8_t)interface};
    if (type != USB_RESET_DEVICE && endpoint_0_is_stuck(d))
        return -ETIMEDOUT;
    if (!d->handle)
        return -ENODEV;
    d->op_done = false;
    bus_of(d)->control(bus_of(d), d->handle, &op);
    d->kernel->pump(d->kernel);
    if (!d->handle)
        return -ENODEV;
    CHECK(d->op_done);
    return d->op_status;
}

// --- settings ------------------------------------------------------------------------------------

static unsigned settings_of(const struct usbfs_device *d, unsigned number)
{
    struct base_span config = usb_device_config(&d->info, d->config);
    unsigned count = 0;
    for (unsigned a = 0; a < 256; a++)
        count += usb_config_has_alternate(config, (uint8_t)number, (uint8_t)a);
    return count;
}

static int select_setting(struct usbfs_device *d, unsigned number, unsigned alternate)
{
    int i = usbfs_index(d, number);
    struct base_span config = usb_device_config(&d->info, d->config);
    if (i < 0 || alternate > 255 ||
        !usb_config_has_alternate(config, (uint8_t)number, (uint8_t)alternate))
        return -EINVAL;
    flush(d, (int)number);
    int error = change(d, USB_SET_INTERFACE, alternate, number);
    if (error == -EPIPE && settings_of(d, number) == 1)
        error = 0; // which the standard allows
    if (error)
        return error;
    d->alternate[i] = (uint8_t)alternate;
    build_table(d);
    return 0;
}

int usbfs_set_interface(struct usbfs_file *f, const struct usbdevfs_setinterface *s)
{
    int error = usbfs_check_interface(f, s->interface);
    if (error)
        return error;
    usbfs_kill(f, (int)s->interface, -ENOENT);
    return select_setting(f->device, s->interface, s->altsetting);
}

// --- drivers -------------------------------------------------------------------------------------

int usbfs_release(struct usbfs_file *f, unsigned number)
{
    struct usbfs_device *d = f->device;
    int i = usbfs_index(d, number);
    if (number >= 64)
        return -EINVAL;
    if (i < 0)
        return -ENOENT;
    if (!(f->claimed & 1u << number))
        return 0;
    f->claimed &= ~(1u << number);
    d->driver[i] = USBFS_DRIVER_NONE;
    flush(d, (int)number);
    if (d->alternate[i] != 0)
        (void)select_setting(d, number, 0);
    return 0;
}

static int detach(struct usbfs_device *d, int i)
{
    if (d->kernel->driver_keeps && d->driver[i] == USBFS_DRIVER_KERNEL)
        return -EBUSY;
    if (d->alternate[i] != 0)
        (void)select_setting(d, d->interfaces[i].bInterfaceNumber, 0);
    BASE_LIST_FOR_EACH (struct usbfs_file, f, &d->kernel->files, link) {
        if (f->device == d)
            f->claimed &= ~(1u << d->interfaces[i].bInterfaceNumber);
    }
    d->driver[i] = USBFS_DRIVER_NONE;
    return 0;
}

int usbfs_disconnect_claim(struct usbfs_file *f, const struct usbdevfs_disconnect_claim *dc)
{
    static const char *const names[] = {"", "kernel", "usbfs"};
    struct usbfs_device *d = f->device;
    int i = usbfs_index(d, dc->interface);
    if (i < 0)
        return -EINVAL;
    if (d->driver[i] != USBFS_DRIVER_NONE) {
        bool same = strcmp(dc->driver, names[d->driver[i]]) == 0;
        if (dc->flags & USBDEVFS_DISCONNECT_CLAIM_IF_DRIVER && !same)
            return -EBUSY;
        if (dc->flags & USBDEVFS_DISCONNECT_CLAIM_EXCEPT_DRIVER && same)
            return -EBUSY;
        int error = detach(d, i);
        if (error)
            return error;
    }
    return usbfs_claim(f, dc->interface);
}

int usbfs_driver_ioctl(struct usbfs_file *f, const struct usbdevfs_ioctl *c)
{
    struct usbfs_device *d = f->device;
    if (d->config == 0)
        return -EHOSTUNREACH;
    int i = usbfs_index(d, (unsigned)c->ifno);
    if (i < 0)
        return -EINVAL;
    if (c->ioctl_code == USBDEVFS_DISCONNECT)
        return d->driver[i] == USBFS_DRIVER_NONE ? -ENODATA : detach(d, i);
    if (c->ioctl_code != USBDEVFS_CONNECT)
        return -ENOTTY;
    if (d->driver[i] != USBFS_DRIVER_NONE)
        return -EBUSY;
    d->driver[i] = USBFS_DRIVER_KERNEL;
    return 1; // one has taken it
}

// --- the whole device ----------------------------------------------------------------------------

int usbfs_set_config(struct usbfs_file *f, int value)
{
    struct usbfs_device *d = f->device;
    for (unsigned i = 0; i < d->interface_count; i++)
        if (d->driver[i] != USBFS_DRIVER_NONE)
            return -EBUSY;
    bool again = d->config != 0 && value == d->config;
    if (value == -1)
        value = 0;
    if (value < 0 || value > 255 ||
        (value != 0 && usb_device_config(&d->info, (uint8_t)value).size == 0))
        return -EINVAL;
    flush(d, USBFS_ALL);
    int error = change(d, USB_SET_CONFIGURATION, (unsigned)value, 0);
    if (again && error)
        return error;
    if (!again && d->handle) {
        usbfs_configured(d, error ? 0 : (uint8_t)value);
    } else {
        memset(d->alternate, 0, sizeof d->alternate);
        build_table(d);
    }
    return error;
}

int usbfs_clear_halt(struct usbfs_file *f, unsigned endpoint)
{
    int interface = usbfs_interface_of(f->device, endpoint);
    if (interface < 0)
        return interface;
    int error = usbfs_check_interface(f, (unsigned)interface);
    return error ? error : change(f->device, USB_CLEAR_HALT, endpoint, 0);
}

// Whoever has an interface through usbfs loses it to the kernel's drivers.
int usbfs_reset(struct usbfs_file *f)
{
    struct usbfs_device *d = f->device;
    BASE_LIST_FOR_EACH (struct usbfs_file, each, &d->kernel->files, link) {
        if (each->device == d)
            usbfs_kill(each, USBFS_ALL, -ESHUTDOWN);
    }
    int error = change(d, USB_RESET_DEVICE, 0, 0);
    for (unsigned i = 0; !error && i < d->interface_count; i++) {
        if (d->driver[i] != USBFS_DRIVER_USBFS)
            continue;
        (void)detach(d, (int)i);
        d->driver[i] = USBFS_DRIVER_KERNEL;
    }
    return error;
}

static int run_request(struct usbfs_device *d, struct usbfs_urb *u)
{
    d->request = u;
    bus_of(d)->submit(bus_of(d), &u->urb);
    d->kernel->pump(d->kernel);
    bool late = d->request != NULL;
    if (late) { // so long it waits, and not longer
        bus_of(d)->cancel(bus_of(d), &u->urb);
        d->kernel->pump(d->kernel);
        CHECK(!d->request);
    }
    return late ? -ETIMEDOUT : u->status < 0 ? u->status : (int)u->urb.actual_length;
}

int usbfs_control(struct usbfs_file *f, const struct usbdevfs_ctrltransfer *c)
{
    struct usbfs_device *d = f->device;
    struct usbfs_urb u = {.file = f, .interface = USBFS_ENDPOINT_0, .cancel_status = -ENOENT};
    uint8_t page[PAGE];
    const struct usb_setup s = {c->bRequestType, c->bRequest, c->wValue, c->wIndex, c->wLength};
    usb_setup_pack(u.urb.setup, &s);
    int result = usbfs_check_recipient(f, u.urb.setup);
    if (result)
        return result;
    if (c->wLength > PAGE)
        return -EINVAL;
    bool in = c->bRequestType & USB_DIR_IN && c->wLength > 0;
    base_list_init(&u.link);
    u.urb.device = d->handle;
    u.urb.ep = d->table.ep[in][0];
    u.urb.ep.address = in ? USB_DIR_IN : 0;
    u.urb.buffer = page;
    u.urb.length = c->wLength;
    if (!in && c->wLength > 0)
        memcpy(page, c->data, c->wLength);
    result = run_request(d, &u);
    if (in && result > 0)
        memcpy(c->data, page, (size_t)result);
    return result;
}

void usbfs_file_release(struct usbfs_file *f)
{
    struct usbfs_device *d = f->device;
    for (unsigned number = 0; number < 32; number++)
        if (f->claimed & 1u << number)
            (void)usbfs_release(f, number);
    usbfs_urbs_free(f);
    usbfs_file_free(f);
    if (d->handle || d->files > 0)
        return;
    base_list_remove(&d->link);
    free(d);
}
