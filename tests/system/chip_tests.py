# SPDX-License-Identifier: Apache-2.0
"""The firmware's device backend on the double of the chip's USB host library, behind the socket loop,
with the kernel as its client: storage, sound, video, keys, a serial port, usbtest on both ports."""

import re

import tables
import usbtest_tests
from class_tests import (
    PLAYING, READS_IN_PARALLEL, RECORDING, SMALL_AND_FAST,
    attached, capture, changes_configurations, keep_files, plays_noise, records_the_tone, was_played,
)  # fmt: skip
from client_tests import no_kernel_trouble, wait_idle
from lab import LONG, TYPED, Skip, expect, test
from machines import eventually

# In the high-speed port a hub, with these in its ports; in the full-speed port one after the other.
DISK, UAS_DISK, ZERO, CAMERA, MULTI = "1-1.1", "1-1.2", "1-1.3", "1-1.4", "1-1.5"
FULL_SPEED = "2-1"

ROWS = {}  # of the table in docs/COMPATIBILITY.md, by the name of the test


def test_of(driver, device, port, what):
    """Lists a test whose result is a row of the table. A driver of "-": only the kernel itself."""
    driver, device = (word if word == "-" or " " in word else f"`{word}`" for word in (driver, device))
    return lambda function: test(tables.recorded(ROWS, [driver, device, port, what], function))


def state_of(server, busid):
    return {d["busid"]: d["state"] for d in server.devices()}.get(busid)


def plugged(lab, busid, device):
    """The server, with that device in that port, in place of what was there."""
    server = lab.chip_server
    if state_of(server, busid):
        server.carry_out(f"unplug {busid}")
        eventually(f"{busid} is pulled", lambda: not state_of(server, busid))
    server.carry_out(f"plug {busid} {device}")
    eventually(f"{device} in {busid}", lambda: state_of(server, busid) == "available")
    return server


EXT4 = "ext4: files are written, read again and the same; `e2fsck` finds nothing"


@test_of("usb-storage", "disk", "high speed, hub", EXT4)
def chip_disk_keeps_files(lab):
    keep_files(lab, DISK, "usb-storage", "ext4", plugged(lab, DISK, "disk"))


@test_of("uas", "disk:uas", "high speed, hub", EXT4)
def chip_uas_disk_keeps_files(lab):
    keep_files(lab, UAS_DISK, "uas", "ext4", plugged(lab, UAS_DISK, "disk:uas"))


@test_of("uas", "disk:uas", "high speed, hub", "8 MiB written, eight programs read at once")
def chip_uas_disk_reads_in_parallel(lab):
    server = plugged(lab, UAS_DISK, "disk:uas")
    with attached(lab, UAS_DISK, "opens /dev/sda", server=server) as run:
        run(READS_IN_PARALLEL)


@test_of("uvcvideo", "camera", "high speed, hub", "Motion JPEG at 30 frames a second, none missing")
def chip_camera_streams(lab):
    server = plugged(lab, CAMERA, "camera")
    with attached(lab, CAMERA, "has /dev/video0", server=server) as run:
        capture(run, *SMALL_AND_FAST)


@test_of("cdc-acm", "serial", "full speed", "64 KiB are echoed")
def chip_serial_echoes(lab):
    server = plugged(lab, FULL_SPEED, "serial")
    with attached(lab, FULL_SPEED, "has /dev/ttyACM0", server=server) as run:
        run("serial_echo /dev/ttyACM0 65536")


@test_of("usbhid", "keyboard", "full speed (a low-speed device)", "the keys that are typed arrive")
def chip_keyboard_types(lab):
    server = plugged(lab, FULL_SPEED, f"keyboard:text={TYPED}")
    lab.guest.run(f"""
        TCP={server.port}
        typed_text 20 '{TYPED}' >/tmp/typed & typist=$!
        attach {FULL_SPEED}
        wait $typist || {{ cat /tmp/typed; exit 1; }}
        give_back {FULL_SPEED}
        wait_for 20 gone 1-2.1""")
    no_kernel_trouble(lab.guest)
    wait_idle(server)


@test_of(
    "snd-usb-audio", "audio", "full speed",
    "`arecord`: a tone of 440 Hz without a jump; `aplay`: noise arrives bit by bit",
)  # fmt: skip
def chip_audio_records_and_plays(lab):
    seconds, record = 10 if LONG else 2, lab.logs / "chip_played.pcm"
    server = plugged(lab, FULL_SPEED, f"audio:record={record}")
    with attached(lab, FULL_SPEED, *RECORDING, *PLAYING, server=server) as run:
        records_the_tone(run, seconds)
        noise = plays_noise(run, seconds)
    was_played(record.read_bytes(), seconds, *noise)


@test_of(
    "usbhid", "multi", "high speed, hub",
    "bConfigurationValue set to 2 gives a mouse that moves, and to 1 takes it away",
)  # fmt: skip
def chip_configuration_changes_the_interfaces(lab):
    server = plugged(lab, MULTI, "multi")
    with attached(lab, MULTI, "has '/sys/bus/usb/devices/[0-9]-[1-9]:*'", server=server) as run:
        changes_configurations(run)


# Descriptors of real devices, and what it was about them that the chip could not do.
LAN_ADAPTER = (
    "high:1201100200000040da0b5381010101020302"
    ":09022700010100a0af0904000003ffff0000070581020002000705020200020007058303020008"
    ":09023900020200a0af0904000001020600000705830310000809040100000a0000000904010102"
    "0a0000000705810200020007050202000200"
)
DEBUG_PROBE = (
    "full:12010002ef02014083044b37010101020301"
    ":09026d0004010080320904000003ffffff0007058102400000070501024000000705820240000009"
    "04010002080650000705830240000007050302400000080b02020202010009040200010202010007"
    "05840340000509040300020a0000000705850240000007050502400000"
)
INTERVAL_0 = (
    "full:120100020000004009120100010101020301"
    ":0902300002010080320904000002ff0000000705810240000007050102400000090401000103000000"
    "07058203080000"
)


def in_configuration(lab, busid, raw, wanted, script=""):
    """The kernel has it in that configuration with these interfaces, and says no error."""
    server = plugged(lab, busid, f"raw:{raw}")
    with attached(lab, busid, "has '/sys/bus/usb/devices/[0-9]-[1-9]:*'", server=server) as run:
        text = run(f"""
            cd /sys/bus/usb/devices/[0-9]-[1-9]
            cat bConfigurationValue
            echo $(for one in *:*.*; do echo ${{one#*:}}; done)
            {script}
            cd /
            if dmesg | grep -i "can't set config"; then exit 1; fi""")
    expect(text.splitlines() == wanted, f"configuration and interfaces: {text}")


@test_of("-", "a LAN adapter", "high speed, hub", "configuration 2, as Linux chooses, then 1")
def chip_case_lan_adapter(lab):
    script = "echo 1 >bConfigurationValue; echo $(for one in *:*.*; do echo ${one#*:}; done)"
    in_configuration(lab, MULTI, LAN_ADAPTER, ["2", "2.0 2.1", "1.0"], script)


@test_of("-", "a debug probe", "full speed", "one endpoint more than there are channels: it is used")
def chip_case_debug_probe(lab):
    in_configuration(lab, FULL_SPEED, DEBUG_PROBE, ["1", "1.0 1.1 1.2 1.3"])
    expect("is not served" in lab.chip_server.log.read_text(), "the log does not say what is not")


@test_of("-", "an endpoint of interval 0", "full speed", "it is used")
def chip_case_interval_0(lab):
    in_configuration(lab, FULL_SPEED, INTERVAL_0, ["1", "1.0 1.1"])


@test_of(
    "usb-storage", "disk", "high speed, hub",
    "pulled while it is read: the kernel is told, and has it again when it is back",
)  # fmt: skip
def chip_disk_is_pulled(lab):
    pulled_while_used(
        lab, DISK, "disk", "opens /dev/sda", "dd if=/dev/sda of=/dev/null bs=64k iflag=direct"
    )


@test_of("cdc-acm", "serial", "full speed", "the same while it echoes")
def chip_serial_is_pulled(lab):
    pulled_while_used(
        lab, FULL_SPEED, "serial", "has /dev/ttyACM0", "serial_echo /dev/ttyACM0 4194304"
    )


def pulled_while_used(lab, busid, device, ready, use):
    server = plugged(lab, busid, device)
    lab.guest.run(f"""
        . /class.sh
        TCP={server.port}
        attach {busid}
        wait_for 20 {ready}
        rm -f /tmp/ended
        (while {use}; do :; done >/tmp/use 2>&1; : >/tmp/ended) &
        usleep 300000""")
    server.carry_out(f"unplug {busid}")
    lab.guest.run("""
        . /class.sh
        wait_for 20 [ -e /tmp/ended ]
        wait_for 20 no_devices
        rm -f /var/run/vhci_hcd/port*
        dmesg -c >/tmp/dmesg # I/O errors: here they are right""")
    wait_idle(server)
    plugged(lab, busid, device)
    with attached(lab, busid, ready, server=server):
        pass


@test_of("usbtest", "zero", "high speed, hub", "all cases")
def chip_usbtest_at_high_speed(lab):
    server = plugged(lab, ZERO, "zero")
    usbtest_tests.run_cases(lab, server, {}, ZERO, 8 * 1024)


# The largest packets of isochronous OUT that fit into the FIFO.
@test_of("usbtest", "zero:speed=full:iso=256", "full speed", "all cases")
def chip_usbtest_at_full_speed(lab):
    server = plugged(lab, FULL_SPEED, "zero:speed=full:iso=256")
    usbtest_tests.run_cases(lab, server, {}, FULL_SPEED, 8 * 256)


@test
def chip_table(lab):
    if any(row[-1] == "not run" for row in ROWS.values()):
        raise Skip("not all tests of the chip's backend were run")
    version = re.search(r"Debian (\S+)", lab.guest.run("uname -v")).group(1)
    header = ["driver", "device (`--sim`)", "port", "what it does", f"with Linux {version}"]
    tables.keep("the chip's backend", header, list(ROWS.values()))
