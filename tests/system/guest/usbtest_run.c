// SPDX-License-Identifier: Apache-2.0
// usbtest_run DEVICE CASE ITERATIONS LENGTH VARY SGLEN: has the kernel's usbtest driver run one of
// its cases on the device (a node of /dev/bus/usb). Prints "passed", "unsupported" (the driver has
// no endpoints for it) or "failed" and why. Status 2: it could not be asked.
#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

// What the driver takes (drivers/usb/misc/usbtest.c: the kernel has no header for it).
struct usbtest_request {
    uint32_t test_case, iterations, length, vary, sglen;
    int32_t seconds, microseconds; // how long it took
};
#define USBTEST_REQUEST _IOWR('U', 100, struct usbtest_request)

enum { FIRST_INTERFACE = 0 };

static uint32_t number(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
    if (argc != 7)
        return 2;
    struct usbtest_request request = {
        .test_case = number(argv[2]),
        .iterations = number(argv[3]),
        .length = number(argv[4]),
        .vary = number(argv[5]),
        .sglen = number(argv[6]),
    };
    struct usbdevfs_ioctl call = {FIRST_INTERFACE, (int)USBTEST_REQUEST, &request};
    int fd = open(argv[1], O_RDWR);
    if (fd < 0) {
        perror(argv[1]);
        return 2;
    }
    if (ioctl(fd, USBDEVFS_IOCTL, &call) >= 0)
        printf("passed %d.%06d s\n", request.seconds, request.microseconds);
    else if (errno == EOPNOTSUPP)
        printf("unsupported\n");
    else
        printf("failed %s\n", strerror(errno));
    close(fd);
    return 0;
}
