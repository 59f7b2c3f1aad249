#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""extract_vmlinux.py BZIMAGE VMLINUX: takes the xz-packed kernel out of an x86 boot image.

QEMU can start the plain ELF file, which saves the guest 4 s of unpacking itself.
"""

import lzma
import struct
import sys


def extract(image: bytes) -> bytes:
    # Offsets from Documentation/x86/boot.rst of the kernel: setup_sects, payload_offset, payload_length.
    if image[0x202:0x206] != b"HdrS":
        raise ValueError("no Linux boot image")
    setup_sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    kernel = lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(image[start : start + length])
    if kernel[:4] != b"\x7fELF":
        raise ValueError("the payload is no ELF file")
    return kernel


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb") as target:
        target.write(extract(source.read()))
