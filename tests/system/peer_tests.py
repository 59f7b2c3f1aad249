# SPDX-License-Identifier: Apache-2.0
"""The same cases of usbtest with Linux's own USB/IP server, usbip-host: for comparison, so only with
--long, and whatever comes out of it is no failure of ours. One guest is client and server; it exports
a Gadget Zero on dummy_hcd, which has neither isochronous nor interrupt endpoints."""

import re
import time

import usbtest_tests
from lab import LONG, expect, test
from machines import Failure, Guest

EXPORT = """
    while read -r module; do insmod /modules/$module; done </modules/server_list
    mount -t configfs configfs /sys/kernel/config
    mkdir /sys/kernel/config/usb_gadget/zero
    cd /sys/kernel/config/usb_gadget/zero
    echo 0x0525 >idVendor
    echo 0xa4a0 >idProduct
    mkdir strings/0x409 configs/c.3 functions/SourceSink.0
    echo {speed}-speed >max_speed
    ln -s functions/SourceSink.0 configs/c.3
    echo dummy_udc.0 >UDC
    cd /
    wait_for 10 present 1-3
    node=$(readlink -f /sys/bus/usb/drivers/usbtest/*:*)
    busid=$(basename $(dirname $node))
    usbip bind -b $busid 2>/tmp/bind || {{ cat /tmp/bind; exit 1; }}
    usbipd -D -4
    HOST=127.0.0.1
    wait_for 10 attach $busid
    wait_for 20 present 1-3
    dmesg -n 3"""


def loss(guest):
    """How the guest was lost: where its kernel died, or that it answers no more."""
    found = re.search(r"RIP: 0010:(\w+)", guest.console.read_text(errors="replace"))
    return f"fails: kernel crash in {found.group(1)}" if found else "fails: hangs"


def start(lab, speed):
    guest = Guest(lab.guest_files, lab.logs / "peer_console.log", "preempt=full")
    guest.run(EXPORT.format(speed=speed))
    return guest


def run_case(guest, case):
    try:
        return usbtest_tests.run_case(guest, "", case, case.loops[0], 1024, 60)
    except Failure:
        if not guest.broken:
            raise
        return loss(guest)


def run_cases(lab, speed):
    """What each case says. After a failure the device or the guest may be lost: there is a new one
    for the next case."""
    results, guest = {}, None
    try:
        for case in usbtest_tests.CASES:
            guest = guest or start(lab, speed)
            results[case.number] = run_case(guest, case)
            if results[case.number] not in ("passes", "-"):
                print(f"  case {case.number}: {results[case.number]}")
                guest.stop()
                guest = None
    finally:
        if guest:
            guest.stop()
    return results


def usbtest_of_linux_own_server(lab):
    version = re.search(r"Debian (\S+)", lab.guest.run("uname -v")).group(1)
    for speed in ("high", "full"):
        results = run_cases(lab, speed)
        expect("passes" in results.values(), f"nothing passes, this is no comparison: {results}")
        title = f"usbip-host of Linux {version}, {speed} speed ({time.strftime('%Y-%m-%d')})"
        usbtest_tests.PEERS.append((title, results))


if LONG:
    test(usbtest_of_linux_own_server)
