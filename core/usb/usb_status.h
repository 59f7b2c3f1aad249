// SPDX-License-Identifier: Apache-2.0
// URB and isochronous packet status. The numbers are Linux errno values on every platform, because
// they go on the wire as they are (docs/wire.md 2.8); newlib's differ, so <errno.h> is no
// source.
#pragma once

enum usb_status {
    USB_STATUS_OK = 0,
    USB_STATUS_NO_ENDPOINT = -2,   // ENOENT; only for a cancelled URB or a missing endpoint
    USB_STATUS_NO_MEMORY = -12,    // ENOMEM
    USB_STATUS_BUSY = -16,         // EBUSY
    USB_STATUS_XDEV = -18,         // EXDEV: isochronous packet was not executed
    USB_STATUS_NO_DEVICE = -19,    // ENODEV: the device is gone
    USB_STATUS_INVALID = -22,      // EINVAL
    USB_STATUS_NO_BANDWIDTH = -28, // ENOSPC
    USB_STATUS_STALL = -32,        // EPIPE
    USB_STATUS_NO_RESPONSE = -62,  // ETIME: device does not answer
    USB_STATUS_PROTOCOL = -71,     // EPROTO: bus error, three strikes
    USB_STATUS_OVERFLOW = -75,     // EOVERFLOW: babble
    USB_STATUS_CRC = -84,          // EILSEQ
    USB_STATUS_CANCELLED = -104,   // ECONNRESET: cancelled because somebody asked for it
    USB_STATUS_SHUTDOWN = -108,    // ESHUTDOWN: pipe was taken away under the URB
    USB_STATUS_SHORT = -121,       // EREMOTEIO: short although SHORT_NOT_OK
};
