# SPDX-License-Identifier: Apache-2.0
"""A real Linux kernel as the client. Scripts run in the guest; guest/usb.sh has their functions."""

from lab import BUSIDS, TYPED, expect, test
from machines import Failure, eventually

MEGABYTE = 1 << 20


def idle(server):
    """Nobody has anything of the server."""
    (urbs,) = [pool for pool in server.get("status")["memory"] if pool["pool"] == "urb"]
    held = [d for d in server.devices() if d["state"] in ("opening", "in_use", "cleaning")]
    return not held and not server.sessions() and urbs["free"] == urbs["size"]


def wait_idle(server):
    try:
        eventually("the server is idle", lambda: idle(server))
    except Failure as failure:
        raise Failure(f"{failure}; its sessions: {server.sessions()}") from None


# What the guest's kernel says when a driver had to try again, which would hide a server's fault, or
# when a reply was wrong. "urb->status 0": an UNLINK was answered "done" for a URB without a reply.
TROUBLE = (
    "I/O error|reset .* USB device|device descriptor read|timed out|Call Trace"
    "|cannot find a urb|unknown pdu|recv xbuf|urb->status 0"
)


def no_kernel_trouble(guest, but="no such words"):
    """Looks at what is new in the kernel's log; lines with `but` are no trouble."""
    guest.run(f"if dmesg -c | grep -v '{but}' | grep -E '{TROUBLE}'; then exit 1; fi")


@test
def guest_boots(lab):
    lab.guest.run("uname -r")


@test
def list_shows_the_devices(lab):
    text = lab.guest.run("usbip_tool list -r $HOST")
    for busid in BUSIDS:
        expect(f" {busid}: " in text, f"{busid} not in:\n{text}")


@test
def disk_mounts_and_reads(lab):
    text = lab.guest.run("""
        attach_wait 1-1
        mount -t vfat -o ro /dev/sda /mnt
        cat /mnt/README.TXT
        umount /mnt
        detach 1-1""")
    expect(len(text.split()) > 10, f"README.TXT says nothing: {text}")
    no_kernel_trouble(lab.guest)
    wait_idle(lab.server)


@test
def disk_keeps_32_mib(lab):
    lab.guest.run("""
        attach_wait 1-1
        mount -t vfat /dev/sda /mnt
        cd /mnt
        for i in 1 2 3 4; do dd if=/dev/urandom of=part$i bs=1M count=8 conv=fsync 2>/tmp/dd; done
        md5sum part* >/tmp/sums
        cd /
        umount /mnt
        detach 1-1""")
    lab.guest.run("""
        attach_wait 1-1
        mount -t vfat /dev/sda /mnt
        cd /mnt
        md5sum -c /tmp/sums
        rm part*
        cd /
        umount /mnt
        detach 1-1""")
    no_kernel_trouble(lab.guest)
    wait_idle(lab.server)


@test
def keyboard_types_into_input_events(lab):
    lab.guest.run(f"""
        typed_text 20 '{TYPED}' >/tmp/typed &
        attach_wait 1-2.1
        wait $! || {{ cat /tmp/typed; exit 1; }}
        detach 1-2.1""")
    no_kernel_trouble(lab.guest)
    wait_idle(lab.server)


@test
def serial_echoes_1_mib(lab):
    lab.guest.run(f"""
        attach_wait 1-2.2
        serial_echo /dev/ttyACM0 {MEGABYTE}
        detach 1-2.2""")
    no_kernel_trouble(lab.guest)
    wait_idle(lab.server)


@test
def zero_is_taken_by_usbtest(lab):
    lab.guest.run("attach_wait 1-3; detach 1-3")
    no_kernel_trouble(lab.guest)
    wait_idle(lab.server)


@test
def all_devices_at_once(lab):
    lab.guest.run(f"""
        typed_text 30 '{TYPED}' >/tmp/typed & typist=$!
        for id in {' '.join(BUSIDS)}; do attach_wait $id; done
        dd if=/dev/sda of=/dev/null bs=64k count=256 iflag=direct >/tmp/dd 2>&1 & disk=$!
        serial_echo /dev/ttyACM0 {MEGABYTE // 4} >/tmp/echo & serial=$!
        wait $typist || {{ cat /tmp/typed; exit 1; }}
        wait $disk || {{ cat /tmp/dd; exit 1; }}
        wait $serial || {{ cat /tmp/echo; exit 1; }}""")
    sessions = lab.server.sessions()
    expect(len(sessions) == len(BUSIDS), f"{len(sessions)} sessions: {sessions}")
    text = lab.guest.run("usbip_tool list -r $HOST 2>&1")
    expect("no exportable devices found" in text, f"devices in use are listed:\n{text}")
    lab.guest.run("detach_all")
    no_kernel_trouble(lab.guest)
    wait_idle(lab.server)


@test
def fifty_rounds_leave_nothing(lab):
    # Every ninth round detaches while the kernel is still enumerating the device: no more, because
    # the kernel may then wait 5 s for an answer in the next round (its URB of the old session).
    server = lab.server
    lab.guest.run(
        f"""
        set -- {' '.join(BUSIDS)}
        for round in $(seq 50); do
            attach $1 >/tmp/attach 2>&1 || {{ echo "round $round, $1:"; cat /tmp/attach; exit 1; }}
            [ $((round % 9)) = 0 ] || wait_for 20 present $1
            detach $1
            busid=$1; shift; set -- "$@" $busid
        done
        dmesg -c >/tmp/dmesg # with complaints about what went away half known""",
        seconds=300,
    )
    wait_idle(server)
    start = server.descriptors_at_start
    eventually(f"{start} descriptors again", lambda: server.descriptors() == start)


@test
def unplug_while_mounted(lab):
    server = lab.plug_server
    lab.guest.run("""
        TCP=3241
        attach_wait 1-1
        mount -t vfat /dev/sda /mnt
        dd if=/dev/urandom of=/mnt/kept bs=1M count=4 2>/tmp/dd
        md5sum /mnt/kept >/tmp/sum
        sync
        rm -f /tmp/writer
        (while dd if=/dev/zero of=/mnt/busy bs=64k count=64 oflag=direct; do :; done
            echo ended >/tmp/writer) >/tmp/dd 2>&1 &
        wait_for 10 [ -e /mnt/busy ]""")
    server.command("unplug 1-1")
    lab.guest.run("""
        wait_for 20 gone 1-1
        wait_for 20 [ -s /tmp/writer ]
        umount /mnt
        if usbip port 2>/dev/null | grep 'Port in Use'; then exit 1; fi
        dmesg -c >/tmp/dmesg # I/O errors: here they are right""")
    wait_idle(server)


@test
def replug_attaches_again(lab):
    text = lab.guest.run("TCP=3241; usbip_tool list -r $HOST")
    expect(" 1-1: " not in text and " 1-3: " in text, f"1-1 is pulled, but the list is:\n{text}")
    lab.plug_server.command("replug 1-1")
    lab.guest.run("""
        TCP=3241
        listed() { usbip_tool list -r $HOST | grep -q ' 1-1: '; }
        wait_for 10 listed
        attach_wait 1-1
        mount -t vfat /dev/sda /mnt
        md5sum -c /tmp/sum
        umount /mnt
        detach 1-1""")
    wait_idle(lab.plug_server)
