# SPDX-License-Identifier: Apache-2.0
# Warnings for all of our C, on Linux and on RV32; only set() in here.
set(USBIP_WARNINGS -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wvla -Wconversion -Wno-sign-conversion)
