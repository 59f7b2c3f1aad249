# SPDX-License-Identifier: Apache-2.0
"""Somebody has two disks, one idle, one in the middle of a read, and somebody else wants them. The
holder is a kernel whose own TCP reaches the server; what becomes of it decides who has the disks."""

import os
import time

from lab import LONG, Skip, cable, expect, test
from machines import eventually


def only_long():
    if not LONG:
        raise Skip("with --long: it takes a minute")


def take(lab):
    """The holder attaches both and reads from the second one, over and over."""
    if not os.access("/dev/net/tun", os.W_OK):
        raise Skip("no /dev/net/tun for us")
    assert lab.holder_server, "it has to be there"
    lab.holder.run("""
        TCP=3246
        rm -f /tmp/stop /tmp/reader
        attach 1-1
        wait_for 20 test -b /dev/sda
        attach 1-5
        wait_for 20 test -b /dev/sdb
        (while [ ! -e /tmp/stop ]; do
            dd if=/dev/sdb of=/dev/null bs=64k iflag=direct || break
        done; echo over >/tmp/reader) >/tmp/dd 2>&1 &
        usleep 500000""")


def sessions(lab):
    return {s["busid"]: s for s in lab.holder_server.sessions()}


def silent(lab):
    return [s["silent_s"] > 0 for s in sessions(lab).values()]


def await_silence(lab):
    eventually("both are silent", lambda: silent(lab) == [True, True], 20)


def want(lab):
    """Somebody else attaches both disks: what the tool says, if it fails."""
    return lab.guest.run("""
        TCP=3246
        for disk in 1-1 1-5; do attach $disk 2>&1 || true; done""")


def expect_busy(lab):
    said = want(lab)
    expect(said.count("Device busy (exported)") == 2, f"both should be busy: {said}")


def expect_given(lab):
    """The newcomer gets both, and they work."""
    said = want(lab)
    expect("failed" not in said, f"both should be free: {said}")
    lab.guest.run("""
        wait_for 20 test -b /dev/sdb
        dd if=/dev/sda of=/dev/null bs=64k count=16 iflag=direct 2>/tmp/dd
        dd if=/dev/sdb of=/dev/null bs=64k count=16 iflag=direct 2>/tmp/dd
        TCP=3246
        detach 1-1
        detach 1-5
        wait_for 20 test ! -b /dev/sdb""")
    eventually("both are free again", lambda: not sessions(lab))


def still_works(lab):
    """The holder has both, its reader has noticed nothing, and gives them back."""
    lab.holder.run("""
        [ ! -e /tmp/reader ] || { cat /tmp/dd; exit 1; }
        dd if=/dev/sda of=/dev/null bs=64k count=16 iflag=direct 2>/tmp/dd1
        touch /tmp/stop
        wait_for 30 test -e /tmp/reader
        TCP=3246
        detach 1-1
        detach 1-5
        wait_for 20 test ! -b /dev/sdb
        dmesg -c >/tmp/dmesg""", 120)
    eventually("both are free again", lambda: not sessions(lab))


@test
def holder_alive_then_frozen(lab):
    """The frozen one learns what has happened as soon as it says something."""
    take(lab)
    expect_busy(lab)
    lab.holder.freeze()
    try:
        await_silence(lab)
        expect_given(lab)
    finally:
        lab.holder.thaw()
    lab.holder.run("wait_for 60 test ! -b /dev/sda; wait_for 60 test ! -b /dev/sdb", 150)


@test
def holder_dead(lab):
    only_long()
    take(lab)
    lab.holder_dies()
    await_silence(lab)
    expect_given(lab)


@test
def holder_rebooted(lab):
    """Its new kernel knows nothing of the old connections."""
    only_long()
    take(lab)
    lab.holder_dies()
    lab.holder.run("""
        TCP=3246
        attach_again() { attach "$1" 2>/tmp/attach; }
        wait_for 60 attach_again 1-1
        wait_for 60 attach_again 1-5
        wait_for 20 test -b /dev/sdb
        dd if=/dev/sdb of=/dev/null bs=64k count=16 iflag=direct 2>/tmp/dd""", 200)
    expect(len(sessions(lab)) == 2, f"its sessions: {sessions(lab)}")
    lab.holder.run("TCP=3246; detach 1-1; detach 1-5; wait_for 20 test ! -b /dev/sdb")


@test
def holder_alive_again(lab):
    """Its cable was out for 30 s and is in again: asked now, it answers. In mid-read that takes until
    TCP sends again."""
    only_long()
    take(lab)
    cable("down")
    try:
        time.sleep(30)
    finally:
        cable("up")
    expect(silent(lab) == [True, True], f"their silence: {silent(lab)}")
    eventually("nobody is silent", lambda: silent(lab) == [False, False], 60)
    expect_busy(lab)
    still_works(lab)
