// SPDX-License-Identifier: Apache-2.0
// What libusb and usbfs say, in the numbers of the wire (docs/wire.md 2.8).
#include "ports/linux/device_libusb_state.h"
#include "tests/support/check.h"

#include <errno.h>

TEST(libusb_status_of_transfers)
{
    CHECK_EQ(device_status_of_transfer(LIBUSB_TRANSFER_COMPLETED), 0);
    CHECK_EQ(device_status_of_transfer(LIBUSB_TRANSFER_STALL), -32);
    CHECK_EQ(device_status_of_transfer(LIBUSB_TRANSFER_ERROR), -71);
    CHECK_EQ(device_status_of_transfer(LIBUSB_TRANSFER_OVERFLOW), -75);
    CHECK_EQ(device_status_of_transfer(LIBUSB_TRANSFER_TIMED_OUT), -62);
    CHECK_EQ(device_status_of_transfer(LIBUSB_TRANSFER_NO_DEVICE), -108);
    // that the client has not asked for: never -104 or -2
    CHECK_EQ(device_status_of_transfer(LIBUSB_TRANSFER_CANCELLED), -71);
}

TEST(libusb_status_of_transfers_that_are_not_taken)
{
    CHECK_EQ(device_status_of_submit(LIBUSB_ERROR_NO_DEVICE, 0), -19);
    CHECK_EQ(device_status_of_submit(LIBUSB_ERROR_NO_MEM, 0), 0); // to be tried again
    CHECK_EQ(device_status_of_submit(LIBUSB_ERROR_IO, ENOMEM), 0);
    CHECK_EQ(device_status_of_submit(LIBUSB_ERROR_IO, ENOENT), -32);
    CHECK_EQ(device_status_of_submit(LIBUSB_ERROR_IO, ENOSPC), -28);
    CHECK_EQ(device_status_of_submit(LIBUSB_ERROR_IO, ESHUTDOWN), -19);
    CHECK_EQ(device_status_of_submit(LIBUSB_ERROR_IO, EBUSY), -16);
    CHECK_EQ(device_status_of_submit(LIBUSB_ERROR_IO, EMSGSIZE), -22);
    CHECK_EQ(device_status_of_submit(LIBUSB_ERROR_IO, EIO), -71);
    CHECK_EQ(device_status_of_submit(LIBUSB_ERROR_INVALID_PARAM, 0), -22);
    CHECK_EQ(device_status_of_submit(LIBUSB_ERROR_NOT_SUPPORTED, 0), -22);
}

TEST(libusb_status_of_pipe_changes)
{
    CHECK_EQ(device_status_of_change(LIBUSB_SUCCESS), 0);
    CHECK_EQ(device_status_of_change(LIBUSB_ERROR_NOT_FOUND), -32); // the kernel knows no such one
    CHECK_EQ(device_status_of_change(LIBUSB_ERROR_OTHER), -32);     // the device's refusal
    CHECK_EQ(device_status_of_change(LIBUSB_ERROR_BUSY), -16);
    CHECK_EQ(device_status_of_change(LIBUSB_ERROR_NO_DEVICE), -19);
    CHECK_EQ(device_status_of_change(LIBUSB_ERROR_NO_MEM), -12);
}
