# SPDX-License-Identifier: Apache-2.0
"""An outage: the link between the client's machine and the server is down for a while. QEMU carries the
guest's connections over the loopback of the test's own network, so that is the link."""

import subprocess
import time

from client_tests import no_kernel_trouble, wait_idle
from lab import LONG, TYPED, expect, test
from machines import eventually

SECONDS = 300 if LONG else 40


def link(state):
    subprocess.run(["busybox", "ip", "link", "set", "lo", state], check=True)


def silence(server):
    return [s["silent_s"] for s in server.sessions()]


@test
def outage_costs_nothing(lab):
    """Disk and serial port are idle; the keyboard types while nobody hears it."""
    server = lab.server
    lab.guest.run(f"""
        rm -f /tmp/typist
        (typed_text {SECONDS + 180} '{TYPED}' && echo typed >/tmp/typist) >/tmp/typed 2>&1 &
        attach_wait 1-1
        attach_wait 1-2.2
        attach_wait 1-2.1""")
    link("down")
    try:
        time.sleep(SECONDS)
    finally:
        link("up")
    silent = silence(server)
    expect(min(silent) >= SECONDS - 5, f"silent for so many seconds: {silent}")
    lab.guest.run("dd if=/dev/sda of=/dev/null bs=64k count=64 iflag=direct 2>/tmp/dd", 90)
    lab.guest.run("serial_echo /dev/ttyACM0 65536", 90)
    lab.guest.run("wait_for 180 [ -s /tmp/typist ] || { cat /tmp/typed; exit 1; }", 200)
    # What TCP had in flight is sent again ever more rarely: after 40 s, up to 51 s apart.
    eventually("nobody is silent", lambda: silence(server) == [0, 0, 0], 2 * SECONDS + 60)
    lab.guest.run("detach_all")
    no_kernel_trouble(lab.guest)
    wait_idle(server)
