# SPDX-License-Identifier: Apache-2.0
"""usbip-keep as a client's machine has it: what it attached comes back by itself, and the file system on
it can be mounted again."""

import subprocess
import time
from pathlib import Path

from client_tests import no_kernel_trouble
from lab import LONG, Skip, cable, expect, test
from machines import eventually

START = """
    rm -f /tmp/keep
    usbip-keep --tcp-port 3248 --http-port 8088 10.0.2.2 1-1 >/tmp/keep 2>&1 &
    echo $! >/tmp/keep.pid
    wait_for 20 mount -t vfat /dev/sda /mnt 2>/tmp/mount
    [ -e /mnt/README.TXT ]"""

# Waits until the disk is there anew, and says after how many hundredths of a second.
BACK = """
    umount -l /mnt
    read -r from _ </proc/uptime
    wait_for 30 mount -t vfat /dev/sda /mnt 2>/tmp/mount
    [ -e /mnt/README.TXT ]
    read -r to _ </proc/uptime
    echo "$from $to" """

STOP = """
    umount /mnt
    kill "$(cat /tmp/keep.pid)"
    wait_for 20 port_free 0000
    wait_for 20 [ ! -e /dev/sda ]
    wait_for 5 grep -q 'is detached' /tmp/keep || { cat /tmp/keep; exit 1; }"""


def seconds(said):
    """How long BACK took."""
    start, stop = said.splitlines()[-1].split()
    return float(stop) - float(start)


def comes_back(lab, lose, restore):
    assert lab.keep_server, "it has to be there"
    lab.guest.run(START)
    lose()
    # The driver still waits in vain: its disk is gone when the kernel has seen that.
    lab.guest.run("wait_for 20 [ ! -e /dev/sda ]")
    restore()
    took = seconds(lab.guest.run(BACK))
    lab.guest.run(STOP)
    no_kernel_trouble(lab.guest)
    # 5 s is what users are told; the guest is emulated, on a machine that has other work.
    expect(took < 15, f"back after {took:.1f} s")
    print(f"  the file system was back after {took:.1f} s")


@test
def keep_survives_a_kill_of_the_server(lab):
    def restart():
        time.sleep(2)
        assert lab.keep_server, "started again"

    comes_back(lab, lab.keep_server_dies, restart)


@test
def keep_survives_unplugging(lab):
    server = lab.keep_server
    comes_back(lab, lambda: server.command("unplug 1-1"), lambda: server.command("replug 1-1"))


def listed(server):
    program = Path(__file__).resolve().parents[2] / "tools/keep/usbip-keep"
    ports = ["--tcp-port", str(server.port), "--http-port", str(server.http_port)]
    return subprocess.run(
        [program, "--list", *ports, "127.0.0.1"], capture_output=True, text=True, check=True
    ).stdout


@test
def keep_lists_who_has_what(lab):
    """Asked from here: the guest's wget is broken."""
    free = listed(lab.keep_server)
    lab.guest.run(START)
    taken = listed(lab.keep_server)
    lab.guest.run(STOP)
    line = "1-1             1209:0002  Simulated disk                      "
    expect(f"{line}available\n" in free, free)
    expect(f"{line}in use by 127.0.0.1\n" in taken, taken)


@test
def keep_lasts_through_an_outage(lab):
    """A minute without network: the attachment is kept, and the reader goes on by itself."""
    if not LONG:
        raise Skip("with --long: it takes minutes")
    server = lab.keep_server
    lab.holder.run(START)
    lab.holder.run("""
        rm -f /tmp/reader /tmp/stop
        (n=0
        while [ ! -e /tmp/stop ]; do
            dd if=/dev/sda of=/dev/null bs=64k count=16 iflag=direct || break
            n=$((n + 1))
            echo $n >/tmp/progress
        done
        echo over >/tmp/reader) >/tmp/dd 2>&1 &
        usleep 500000""")
    cable("down")
    try:
        time.sleep(60)
    finally:
        cable("up")
    lab.holder.run("""
        has_read() { [ "$(cat /tmp/progress)" -gt "$1" ]; }
        wait_for 150 has_read $(($(cat /tmp/progress) + 3))
        [ ! -e /tmp/reader ] || { cat /tmp/dd; exit 1; }
        touch /tmp/stop
        wait_for 30 [ -e /tmp/reader ]""", 200)
    said = lab.holder.run("cat /tmp/keep")
    expect(said.count("is attached") == 1 and "gone" not in said, said)
    lab.holder.run(STOP)
    eventually("nobody has it", lambda: not server.sessions())
