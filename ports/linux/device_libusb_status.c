// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/device_libusb_state.h"

#include <errno.h>

// libusb puts EPROTO, EILSEQ, ETIME and a few more together.
int32_t device_status_of_transfer(enum libusb_transfer_status status)
{
    switch (status) {
    case LIBUSB_TRANSFER_COMPLETED:
        return USB_STATUS_OK;
    case LIBUSB_TRANSFER_STALL:
        return USB_STATUS_STALL;
    case LIBUSB_TRANSFER_OVERFLOW:
        return USB_STATUS_OVERFLOW;
    case LIBUSB_TRANSFER_NO_DEVICE:
        return USB_STATUS_SHUTDOWN;
    case LIBUSB_TRANSFER_TIMED_OUT:
        return USB_STATUS_NO_RESPONSE;
    default: // CANCELLED: nobody has asked for it here
        return USB_STATUS_PROTOCOL;
    }
}

// The kernel's own word is in errno when libusb has none for it.
int32_t device_status_of_submit(int libusb_error, int error)
{
    if (libusb_error == LIBUSB_ERROR_NO_DEVICE)
        return USB_STATUS_NO_DEVICE;
    if (libusb_error == LIBUSB_ERROR_NO_MEM)
        return 0;
    if (libusb_error != LIBUSB_ERROR_IO)
        return USB_STATUS_INVALID;
    switch (error) {
    case ENOMEM:
        return 0;
    case ENOENT: // no such endpoint or interface in the settings that the kernel knows
    case EPIPE:
        return USB_STATUS_STALL;
    case ENOSPC:
    case EFBIG:
        return USB_STATUS_NO_BANDWIDTH;
    case ENODEV:
    case ESHUTDOWN:
        return USB_STATUS_NO_DEVICE;
    case EBUSY:
        return USB_STATUS_BUSY;
    case EINVAL:
    case EMSGSIZE:
        return USB_STATUS_INVALID;
    default:
        return USB_STATUS_PROTOCOL;
    }
}

// A refusal of the device, or of the kernel for it: libusb does not tell them apart.
int32_t device_status_of_change(int libusb_error)
{
    switch (libusb_error) {
    case LIBUSB_SUCCESS:
        return USB_STATUS_OK;
    case LIBUSB_ERROR_NO_DEVICE:
        return USB_STATUS_NO_DEVICE;
    case LIBUSB_ERROR_BUSY:
        return USB_STATUS_BUSY;
    case LIBUSB_ERROR_NO_MEM:
        return USB_STATUS_NO_MEMORY;
    default:
        return USB_STATUS_STALL;
    }
}
