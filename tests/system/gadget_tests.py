# SPDX-License-Identifier: Apache-2.0
"""Linux's usbtest driver against Linux's Gadget Zero on dummy_hcd, exported by the server in the guest
as a real device. It has no isochronous or interrupt endpoints."""

import usbtest_tests
from client_tests import no_kernel_trouble
from lab import LONG, expect, test
from real_lab import real

MAKE_GADGET = """
    while read -r module; do insmod /modules/$module || true; done </modules/server_list 2>/tmp/insmod
    mount -t configfs configfs /sys/kernel/config
    mkdir /sys/kernel/config/usb_gadget/zero
    cd /sys/kernel/config/usb_gadget/zero
    echo 0x0525 >idVendor
    echo 0xa4a0 >idProduct
    mkdir strings/0x409 configs/c.3 functions/SourceSink.0
    echo Zero >strings/0x409/product
    echo high-speed >max_speed
    ln -s functions/SourceSink.0 configs/c.3
    echo dummy_udc.0 >UDC
    cd /"""


@test
def usbtest_of_real_gadget(lab):
    """What usbip-host fails in or crashes with is in peer_tests.py."""
    lab_of_devices, results = real(lab), usbtest_tests.RESULTS.setdefault("gadget", {})
    lab_of_devices.run(f"""
        {MAKE_GADGET}
        wait_for 20 real_busid Zero >/tmp/busid
        read -r busid </tmp/busid
        wait_for 20 is_listed $busid
        attach $busid
        wait_for 20 came_over_usbip Zero
        wait_for 20 present 1-3
        dmesg -n 3; dmesg -c >/tmp/dmesg""")
    for case in usbtest_tests.CASES:
        loops, seconds = (case.loops[1], 600) if LONG else (case.loops[0], 60)
        guest = lab_of_devices.guest
        results[case.number] = usbtest_tests.run_case(guest, "", case, loops, 1024, seconds)
    lab_of_devices.run("""
        read -r busid </tmp/busid
        give_back $busid
        echo >/sys/kernel/config/usb_gadget/zero/UDC
        dmesg -n 7""")
    no_kernel_trouble(lab_of_devices.guest)
    bad = {number: how for number, how in results.items() if how not in ("passes", "-")}
    expect(not bad, f"cases that did not pass: {bad}")
    expect(list(results.values()).count("passes") == 24, f"some have no endpoints: {results}")
