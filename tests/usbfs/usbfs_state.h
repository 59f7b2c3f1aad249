// SPDX-License-Identifier: Apache-2.0
// Inside of the kernel of tests, for its files only: a list, each calls only those before it.
//   usbfs_file.c       open nodes and their memory
//   usbfs_interface.c  which interface something belongs to, and who has it
//   usbfs_urb.c        submit, discard, reap
//   usbfs_change.c     drivers, configurations, settings, halts, resets
//   usbfs.c            devices and time
//   usbfs_ioctl.c      which call it is
//   usbfs_calls.c      the program's system calls
// Functions that return int: 0 or a byte count, or a negative error number.
#pragma once

#include "tests/usbfs/usbfs.h"
#include "usb/usb_config.h"

#include <linux/usbdevice_fs.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/types.h>

struct usbfs_device {
    struct base_list link; // on the kernel's `devices`
    struct usbfs *kernel;
    void *handle; // the simulated bus's; NULL: it has gone
    struct usb_device_info info;
    uint8_t config;
    struct usb_interface interfaces[USB_MAX_INTERFACES];
    unsigned interface_count;
    uint8_t alternate[USB_MAX_INTERFACES];
    int driver[USB_MAX_INTERFACES];
    struct usb_endpoint_table table;
    unsigned files; // open
    bool locked;    // by a call that hangs
    bool op_done;
    int32_t op_status;
    struct usbfs_urb *request; // of usbfs_control(), or NULL
};

// An open node.
struct usbfs_file {
    struct base_list link; // on the kernel's `files`
    struct usbfs_device *device;
    int fd, other; // ends of a pipe: `fd` can be written to when something is to be reaped
    bool signalled, disconnected;
    uint32_t claimed;  // by number
    uint32_t disabled; // bulk endpoints whose transfer has failed: number, + 16 for IN
    struct base_list pending, completed;
    size_t position;
};

// An URB of a file.
struct usbfs_urb {
    struct usb_urb urb;
    struct base_list link; // on the file's `pending` or `completed`
    struct usbfs_file *file;
    struct usbdevfs_urb *user;
    uint8_t *user_data; // IN: where its data goes when it is reaped; NULL: it is there
    uint8_t *data;      // the kernel's own
    uint64_t cost;
    int interface;         // -1: endpoint 0
    unsigned bulk;         // number, + 16 for IN; 0: no bulk
    bool continuation;     // of a bulk transfer
    bool waits;            // the bus does not have it yet
    int32_t cancel_status; // what it ends with when it is cancelled
    int32_t status;
};

// --- usbfs_file.c --------------------------------------------------------------------------------
struct usbfs_file *usbfs_file_open(struct usbfs_device *d);
struct usbfs_file *usbfs_file_find(struct usbfs *k, int fd);
void usbfs_file_signal(struct usbfs_file *f); // what poll() says of it
void usbfs_file_disconnect(struct usbfs_file *f);
ssize_t usbfs_file_read(struct usbfs_file *f, uint8_t *out, size_t size);
bool usbfs_memory_take(struct usbfs *k, uint64_t size);
void usbfs_memory_give(struct usbfs *k, uint64_t size);
void usbfs_file_free(struct usbfs_file *f); // it has no URBs any more

// --- usbfs_interface.c ---------------------------------------------------------------------------
int usbfs_index(const struct usbfs_device *d, unsigned number); // -1: no such interface
int usbfs_claim(struct usbfs_file *f, unsigned number);
int usbfs_interface_of(const struct usbfs_device *d, unsigned endpoint);
int usbfs_check_interface(struct usbfs_file *f, unsigned number);
int usbfs_check_recipient(struct usbfs_file *f, const uint8_t setup[8]);
int usbfs_driver_name(const struct usbfs_file *f, struct usbdevfs_getdriver *gd);

// --- usbfs_urb.c ---------------------------------------------------------------------------------
enum { USBFS_ALL = -2, USBFS_ENDPOINT_0 = -1 };
int usbfs_submit(struct usbfs_file *f, struct usbdevfs_urb *user);
int usbfs_discard(struct usbfs_file *f, const struct usbdevfs_urb *user);
int usbfs_reap(struct usbfs_file *f, void **user);
void usbfs_urb_done(struct usb_urb *u); // the bus has given it back
// URBs of an interface, or USBFS_ALL and so on. They have ended, with that status, on return.
void usbfs_kill(struct usbfs_file *f, int interface, int32_t status);
void usbfs_urbs_free(struct usbfs_file *f);

// --- usbfs_change.c ------------------------------------------------------------------------------
void usbfs_configured(struct usbfs_device *d, uint8_t value); // and drivers take it
int usbfs_release(struct usbfs_file *f, unsigned number);
int usbfs_disconnect_claim(struct usbfs_file *f, const struct usbdevfs_disconnect_claim *dc);
int usbfs_driver_ioctl(struct usbfs_file *f, const struct usbdevfs_ioctl *c);
int usbfs_set_config(struct usbfs_file *f, int value);
int usbfs_set_interface(struct usbfs_file *f, const struct usbdevfs_setinterface *s);
int usbfs_clear_halt(struct usbfs_file *f, unsigned endpoint);
int usbfs_reset(struct usbfs_file *f);
int usbfs_control(struct usbfs_file *f, const struct usbdevfs_ctrltransfer *c);
void usbfs_file_release(struct usbfs_file *f); // close()

// --- usbfs.c -------------------------------------------------------------------------------------
struct usbfs_device *usbfs_at(const struct usbfs *k, unsigned busnum, unsigned devnum);
int usbfs_fault(struct usbfs *k); // counts a call; an error that it is to fail with, or 0

// --- usbfs_ioctl.c -------------------------------------------------------------------------------
int usbfs_ioctl(struct usbfs_file *f, unsigned long request, void *arg);

// --- usbfs_calls.c -------------------------------------------------------------------------------
void usbfs_calls_to(struct usbfs *k); // NULL: to nobody
