# SPDX-License-Identifier: Apache-2.0
"""Debian's `usbip` binary on this machine, against the server. Needs no vhci_hcd."""

import contextlib
import shutil
import socket
import struct
import subprocess
from pathlib import Path

from lab import BUSIDS, Skip, expect, test
from machines import eventually

TOOL = shutil.which("usbip", path="/usr/sbin:/usr/bin")
HOST = "127.0.0.1"


def usbip(lab, *arguments):
    """Exit status and everything that the tool has printed."""
    command = [TOOL, "--tcp-port", str(lab.server.port), *arguments]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30
    )
    return done.returncode, done.stdout


def read_exactly(client, size):
    data = b""
    while len(data) < size:
        piece = client.recv(size - len(data))
        if not piece:
            break
        data += piece
    return data


def import_device(lab, busid):
    client = try_import(lab, busid)
    expect(client, f"the server refuses to export {busid}")
    return client


def try_import(lab, busid):
    """A connection that has imported the device, or None if the server refuses."""
    client = socket.create_connection((HOST, lab.server.port), timeout=10)
    client.sendall(struct.pack(">HHI32s", 0x0111, 0x8003, 0, busid.encode()))
    _, code, status = struct.unpack(">HHI", read_exactly(client, 8))
    expect(code == 0x0003, f"reply code {code:#06x} to an import")
    if status == 0:
        read_exactly(client, 312)
        return client
    client.close()
    return None


def wait_free(lab, busid, seconds):
    eventually(f"{busid} can be imported", lambda: try_import(lab, busid), seconds).close()
    eventually("no session is left", lambda: not lab.server.sessions())


@test
def conformance_132_list(lab):
    status, text = usbip(lab, "list", "-r", HOST)
    expect(status == 0, f"exit status {status}: {text}")
    for busid, product in zip(BUSIDS, ["1209:0002", "1209:0003", "1209:0004", "0525:a4a0"]):
        found = [line for line in text.splitlines() if line.strip().startswith(f"{busid}: ")]
        expect(len(found) == 1 and f"({product})" in found[0], f"{busid} {product} not in:\n{text}")
    expect(" 1-2: " not in text, f"the hub is exported:\n{text}")


@test
def conformance_132_empty_list(lab):
    with contextlib.ExitStack() as held:
        for busid in BUSIDS:
            held.enter_context(import_device(lab, busid))
        status, text = usbip(lab, "list", "-r", HOST)
    expect(status == 0 and "no exportable devices found" in text, f"exit status {status}: {text}")
    for busid in BUSIDS:
        wait_free(lab, busid, 2)


@test
def conformance_133_attach_unknown(lab):
    status, text = usbip(lab, "attach", "-r", HOST, "-b", "9-9")
    expect(status != 0, "attach says it worked")
    expect("Attach Request for 9-9 failed - Device not found" in text, text)


@test
def conformance_134_attach_without_vhci(lab):
    if Path("/sys/devices/platform/vhci_hcd.0").exists():
        raise Skip("this machine has vhci_hcd: the attach would work")
    status, text = usbip(lab, "attach", "-r", HOST, "-b", "1-1")
    expect(status != 0 and "open vhci_driver" in text, f"exit status {status}: {text}")
    wait_free(lab, "1-1", 2)


@test
def conformance_135_attach_while_busy(lab):
    with import_device(lab, "1-1"):
        status, text = usbip(lab, "attach", "-r", HOST, "-b", "1-1")
    expect(status != 0, "attach says it worked")
    expect("Attach Request for 1-1 failed - Device busy (exported)" in text, text)
    wait_free(lab, "1-1", 2)
