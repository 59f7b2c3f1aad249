// SPDX-License-Identifier: Apache-2.0
// usb_requests NODE clear_halt: has the kernel's driver let the device go (a node of /dev/bus/usb),
// clears the halt of each endpoint of its interfaces' first settings, and calls the driver back.
// usb_requests NODE reset: resets it, as a driver's error handling does.
#include <errno.h>
#include <fcntl.h>
#include <linux/usb/ch9.h>
#include <linux/usbdevice_fs.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { DESCRIPTORS = 4096, INTERFACES = 32 };

static int fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    return 1;
}

static int to_interface(int fd, unsigned number, int code)
{
    struct usbdevfs_ioctl call = {(int)number, code, NULL};
    return ioctl(fd, USBDEVFS_IOCTL, &call);
}

static int take_interface(int fd, unsigned number)
{
    (void)to_interface(fd, number, USBDEVFS_DISCONNECT); // ENODATA: no driver
    return ioctl(fd, USBDEVFS_CLAIMINTERFACE, &number);
}

static int give_interface(int fd, unsigned number)
{
    return ioctl(fd, USBDEVFS_RELEASEINTERFACE, &number)
               ? -1
               : to_interface(fd, number, USBDEVFS_CONNECT);
}

// The node gives the device descriptor and those of the configurations, of which we want one.
static int clear_halts(int fd)
{
    uint8_t d[DESCRIPTORS];
    ssize_t size = read(fd, d, sizeof d);
    uint32_t taken = 0;
    uint8_t setting = 0;
    unsigned cleared = 0;
    for (ssize_t at = 18; at + 2 <= size && d[at] >= 2; at += d[at]) {
        unsigned value = d[at + 2];
        if (d[at + 1] == USB_DT_INTERFACE) {
            setting = d[at + 3];
            if (value >= INTERFACES || (!(taken & 1u << value) && take_interface(fd, value)))
                return fail("claim");
            taken |= 1u << value;
        } else if (d[at + 1] == USB_DT_ENDPOINT && setting == 0) {
            if (ioctl(fd, USBDEVFS_CLEAR_HALT, &value))
                return fail("clear halt");
            cleared++;
        }
    }
    for (unsigned i = 0; i < INTERFACES; i++)
        if (taken & 1u << i && give_interface(fd, i) < 0)
            return fail("give back");
    printf("%u halts cleared\n", cleared);
    return cleared == 0;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int fd = open(argv[1], O_RDWR);
    if (fd < 0)
        return fail(argv[1]);
    if (strcmp(argv[2], "clear_halt") == 0)
        return clear_halts(fd);
    if (strcmp(argv[2], "reset") == 0)
        return ioctl(fd, USBDEVFS_RESET) ? fail("reset") : 0;
    return 2;
}
