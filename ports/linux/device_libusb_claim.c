// SPDX-License-Identifier: Apache-2.0
// Taking a device from the kernel's drivers for a session, changing its pipes, and giving it back.
// Worker thread: each of these calls waits for the device.
#include "ports/linux/device_libusb_state.h"
#include "ports/linux/sysfs_file.h"
#include "ports/linux/sysfs_use.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

// --- interfaces ----------------------------------------------------------------------------------

// libusb detaches the driver and claims in one step, so that nobody comes between; and gives the
// interface back to the drivers when it is released.
static int claim_all(struct device *d)
{
    struct usb_interface interfaces[USB_MAX_INTERFACES];
    struct base_span config = usb_device_config(&d->info, d->config);
    unsigned n = d->config ? usb_config_interfaces(config, interfaces, USB_MAX_INTERFACES) : 0;
    memset(d->alternate, 0, sizeof d->alternate);
    for (unsigned i = 0; i < n; i++) {
        uint8_t number = interfaces[i].bInterfaceNumber;
        if (number >= DEVICE_INTERFACES)
            continue;
        int error = libusb_claim_interface(d->handle, number);
        if (error != LIBUSB_SUCCESS && error != LIBUSB_ERROR_NOT_FOUND)
            return error;
        if (error == LIBUSB_SUCCESS)
            d->claimed |= 1u << number;
    }
    return LIBUSB_SUCCESS;
}

static void release_all(struct device *d, bool to_drivers)
{
    (void)libusb_set_auto_detach_kernel_driver(d->handle, to_drivers);
    for (int number = 0; number < DEVICE_INTERFACES; number++)
        if (d->claimed & 1u << number)
            (void)libusb_release_interface(d->handle, number);
    d->claimed = 0;
    (void)libusb_set_auto_detach_kernel_driver(d->handle, 1);
}

// The kernel wants no interface to be claimed then. With the present value: the device's settings
// and toggles are as after plug-in.
static int select_config(struct device *d, uint8_t value)
{
    release_all(d, false);
    return libusb_set_configuration(d->handle, value ? value : -1);
}

// --- open ----------------------------------------------------------------------------------------

static enum base_err failed(enum eventlog_claim *failure, enum eventlog_claim why,
                            enum base_err result)
{
    *failure = why;
    return result;
}

static enum base_err failed_call(enum eventlog_claim *failure, int error)
{
    switch (error) {
    case LIBUSB_ERROR_BUSY:
        return failed(failure, EVENT_CLAIM_BUSY, BASE_ERR_BUSY);
    case LIBUSB_ERROR_NO_DEVICE:
        return failed(failure, EVENT_CLAIM_GONE, BASE_ERR_GONE);
    case LIBUSB_ERROR_ACCESS:
        return failed(failure, EVENT_CLAIM_PERMISSION, BASE_ERR_IO);
    case LIBUSB_ERROR_NO_MEM:
        return failed(failure, EVENT_CLAIM_NO_MEMORY, BASE_ERR_NOMEM);
    default:
        return failed(failure, EVENT_CLAIM_FAILED, BASE_ERR_IO);
    }
}

static enum base_err open_node(struct device *d, enum eventlog_claim *failure)
{
    char path[SYSFS_PATH_SIZE];
    snprintf(path, sizeof path, "%s/dev/bus/usb/%03u/%03u", d->host->config.root, d->info.busnum,
             d->info.devnum);
    d->fd = open(path, O_RDWR | O_CLOEXEC);
    if (d->fd >= 0)
        return BASE_OK;
    if (errno == EACCES || errno == EPERM || errno == EROFS)
        return failed(failure, EVENT_CLAIM_PERMISSION, BASE_ERR_IO);
    if (errno == ENOENT || errno == ENODEV)
        return failed(failure, EVENT_CLAIM_GONE, BASE_ERR_GONE);
    return failed(failure, EVENT_CLAIM_FAILED, BASE_ERR_IO);
}

// A controller that cannot scatter wants a transfer's memory in one piece.
static uint32_t part_bytes(int fd)
{
    uint32_t capabilities = 0;
    (void)ioctl(fd, USBDEVFS_GET_CAPABILITIES, &capabilities);
    return capabilities & USBDEVFS_CAP_BULK_SCATTER_GATHER ? DEVICE_PART_BYTES : DEVICE_PLAIN_BYTES;
}

static void close_node(struct device *d)
{
    if (d->handle)
        libusb_close(d->handle);
    d->handle = NULL;
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
}

// The configuration is another one if somebody has changed it since we told the core.
static int claim_as_told(struct device *d)
{
    struct sysfs_identity now;
    int error = LIBUSB_SUCCESS;
    (void)libusb_set_auto_detach_kernel_driver(d->handle, 1);
    d->config = d->info.active_config;
    d->claimed = 0;
    if (!sysfs_device_identity(d->host->config.root, d->info.busid, &now))
        return LIBUSB_ERROR_NO_DEVICE;
    if (now.active_config != d->info.active_config)
        error = select_config(d, d->info.active_config);
    return error ? error : claim_all(d);
}

enum base_err device_open(struct device *d, enum eventlog_claim *failure)
{
    *failure = 0;
    // Since it was listed. What the core was told of it knows already: its owner wants it anyway.
    enum usb_obstacle use = sysfs_use(d->host->config.root, d->info.busid);
    if (use != USB_OBSTACLE_NONE && use != d->info.obstacle)
        return failed(failure, EVENT_CLAIM_IN_USE, BASE_ERR_BUSY);
    enum base_err result = open_node(d, failure);
    if (result != BASE_OK)
        return result;
    d->part_bytes = part_bytes(d->fd);
    int error = libusb_wrap_sys_device(d->host->context, d->fd, &d->handle);
    if (error != LIBUSB_SUCCESS)
        d->handle = NULL;
    else
        error = claim_as_told(d);
    if (error == LIBUSB_SUCCESS)
        return BASE_OK;
    if (d->handle)
        release_all(d, true);
    close_node(d);
    return failed_call(failure, error);
}

// --- give back -----------------------------------------------------------------------------------

// To the drivers. They bind by themselves where the configuration is new.
static void attach_drivers(struct device *d)
{
    struct usb_interface interfaces[USB_MAX_INTERFACES];
    struct base_span config = usb_device_config(&d->info, d->info.active_config);
    unsigned n = usb_config_interfaces(config, interfaces, USB_MAX_INTERFACES);
    for (unsigned i = 0; i < n && d->info.active_config; i++)
        if (interfaces[i].bInterfaceNumber < DEVICE_INTERFACES)
            (void)libusb_attach_kernel_driver(d->handle, interfaces[i].bInterfaceNumber);
}

void device_close(struct device *d)
{
    if (!d->handle)
        return;
    if (select_config(d, d->info.active_config) != LIBUSB_ERROR_NO_DEVICE)
        attach_drivers(d);
    close_node(d);
}

// --- pipe changes --------------------------------------------------------------------------------

static int32_t set_configuration(struct device *d, uint8_t value)
{
    int error = select_config(d, value);
    if (error == LIBUSB_SUCCESS)
        d->config = value;
    int claimed = claim_all(d);
    return device_status_of_change(error ? error : claimed);
}

static int32_t set_interface(struct device *d, uint8_t interface, uint8_t alternate)
{
    int error = libusb_set_interface_alt_setting(d->handle, interface, alternate);
    if (error == LIBUSB_SUCCESS && interface < DEVICE_INTERFACES)
        d->alternate[interface] = alternate;
    return device_status_of_change(error);
}

// The kernel selects the configuration again by itself; the settings were lost when libusb released
// the interfaces for it.
static int32_t reset_device(struct device *d)
{
    int error = libusb_reset_device(d->handle);
    if (error == LIBUSB_ERROR_NOT_FOUND) // it has come back as another device
        return USB_STATUS_NO_DEVICE;
    for (uint8_t i = 0; i < DEVICE_INTERFACES && error == LIBUSB_SUCCESS; i++)
        if (d->claimed & 1u << i && d->alternate[i] != 0)
            error = libusb_set_interface_alt_setting(d->handle, i, d->alternate[i]);
    return error == LIBUSB_ERROR_OTHER ? USB_STATUS_PROTOCOL : device_status_of_change(error);
}

int32_t device_change(struct device *d, const struct usb_control_op *op)
{
    if (!d->handle)
        return USB_STATUS_NO_DEVICE;
    switch (op->type) {
    case USB_SET_CONFIGURATION:
        return set_configuration(d, op->value);
    case USB_SET_INTERFACE:
        return set_interface(d, op->interface, op->value);
    case USB_CLEAR_HALT:
        return device_status_of_change(libusb_clear_halt(d->handle, op->value));
    case USB_RESET_DEVICE:
        return reset_device(d);
    }
    return USB_STATUS_INVALID;
}
