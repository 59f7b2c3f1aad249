# SPDX-License-Identifier: Apache-2.0
"""card.py: reads the certificate from the CAC smart card in the first reader of pcscd, prints it in
base64."""

import base64
import ctypes
import sys

SCOPE_SYSTEM, SHARE_SHARED, ANY_PROTOCOL, LEAVE_CARD = 2, 2, 3, 0
PKI_APPLET = "00 a4 04 00 07 a0 00 00 00 79 01 00"
# READ BUFFER of the values: offset, and how many bytes.
READ = "80 52 {:02x} {:02x} 02 02 {:02x}"
PIECE = 200

pcsc = ctypes.CDLL("libpcsclite.so.1")


def call(function, *arguments):
    result = getattr(pcsc, function)(*arguments) & 0xFFFFFFFF
    if result:
        sys.exit(f"{function}: {result:#x}")


def connect():
    context, size = ctypes.c_long(), ctypes.c_ulong(1000)
    names = ctypes.create_string_buffer(size.value)
    card, protocol = ctypes.c_long(), ctypes.c_ulong()
    call("SCardEstablishContext", SCOPE_SYSTEM, None, None, ctypes.byref(context))
    call("SCardListReaders", context, None, names, ctypes.byref(size))
    print(names.value.decode())
    call(
        "SCardConnect", context, names, SHARE_SHARED, ANY_PROTOCOL, ctypes.byref(card),
        ctypes.byref(protocol),
    )  # fmt: skip
    return card, protocol.value


def ask(card, protocol, command):
    """The card's answer, whose last two bytes say that all is well."""
    sent = bytes.fromhex(command)
    answer, size = ctypes.create_string_buffer(258), ctypes.c_ulong(258)
    header = (ctypes.c_ulong * 2)(protocol, 16)
    call("SCardTransmit", card, header, sent, len(sent), None, answer, ctypes.byref(size))
    data = answer.raw[: size.value]
    while data[-2] == 0x61:  # more is there: GET RESPONSE
        return data[:-2] + ask(card, protocol, f"00 c0 00 00 {data[-1]:02x}")
    if data[-2:] != b"\x90\x00":
        sys.exit(f"{command}: {data.hex(' ')}")
    return data[:-2]


def main():
    card, protocol = connect()
    ask(card, protocol, PKI_APPLET)
    length = int.from_bytes(ask(card, protocol, READ.format(0, 0, 2)), "little")
    values = b""
    while len(values) < length:
        at = 2 + len(values)
        piece = min(PIECE, length - len(values))
        values += ask(card, protocol, READ.format(at >> 8, at & 0xFF, piece))
    call("SCardDisconnect", card, LEAVE_CARD)
    print(base64.b64encode(values).decode())


main()
