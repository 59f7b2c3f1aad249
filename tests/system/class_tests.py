# SPDX-License-Identifier: Apache-2.0
"""The kernel's class drivers: sound, video, storage over BOT and UAS, serial ports; and changing
the configuration. One device at a time; guest/class.sh has the functions of the scripts."""

import base64
import contextlib
import hashlib
import math
import struct

import tables
from client_tests import no_kernel_trouble, wait_idle
from lab import LONG, Skip, expect, test
from machines import Failure

# By the order in lab.py, CLASS_DEVICES.
DISK, UAS_DISK, SUPER_DISK = "1-1", "1-5", "1-6"
SERIAL, AUDIO, MULTI = "1-2.2", "1-4", "1-10"
CAMERA, WIDE_CAMERA, BULK_CAMERA = "1-7", "1-8", "1-9"

# What vhci_hcd says all the time: it has no frame numbers; and of each URB that a driver unlinks.
CHATTER = "Not yet implemented|callbacks suppressed|vhci_hcd: (unlink|urb->status|the urb)"
DISK_TROUBLE = "EXT4-fs error|FAT-fs .*error|uas_eh_"

ROWS = {}  # of the table in docs/COMPATIBILITY.md, by the name of the test


def test_of(driver, device, what):
    """Lists a test whose result is a row of the table."""
    return lambda function: test(tables.recorded(ROWS, [f"`{driver}`", f"`{device}`", what], function))


@contextlib.contextmanager
def attached(lab, busid, *ready, server=None):
    """A device for one test, and the function that runs scripts with it. `ready`: commands that
    succeed when its driver is there."""
    server, guest = server or lab.class_server, lab.guest
    waiting = "\n".join(f"wait_for 60 {command}" for command in ready)

    def run(script, seconds=120):
        return guest.run(f". /class.sh\nTCP={server.port}\n{script}", seconds)

    run("has /sys/module/uvcvideo || load_class_modules; dmesg -n 3 # its CHATTER is slow")
    try:
        run(f"attach {busid}\n{waiting}", 300)
        yield run
    except BaseException:
        with contextlib.suppress(Failure):
            print(run(f"dmesg | grep -vE '{CHATTER}' | tail -n 20 || true"))
            run("put_back; dmesg -n 7")
        raise
    run("put_back; dmesg -n 7")
    no_kernel_trouble(guest)
    wait_idle(server)


# --- sound ---------------------------------------------------------------------------------------

RATE = 48000
TURN = 2 * math.pi * 440 / RATE  # of the tone's phase, per sample
TONE_PEAK = 16384
ROUNDING = 2.5  # the most that three samples, each rounded to a whole number, make of zero


def jumps(samples):
    """Where they do not go on as a sine of 440 Hz does: x[n-1] + x[n+1] = 2 cos(TURN) x[n]."""
    double_cosine = 2 * math.cos(TURN)
    triples = enumerate(zip(samples, samples[1:], samples[2:]))
    return [n for n, (a, b, c) in triples if abs(a + c - double_cosine * b) > ROUNDING]


def tone_and_rest(samples):
    """The peak of the part at 440 Hz, and the power of all else, in dB relative to that part."""
    count = len(samples)
    real = sum(x * math.cos(TURN * n) for n, x in enumerate(samples)) * 2 / count
    imaginary = sum(x * math.sin(TURN * n) for n, x in enumerate(samples)) * 2 / count
    peak = math.hypot(real, imaginary)
    power = sum(x * x for x in samples) / count
    rest = max(power - peak * peak / 2, 1e-9)
    return peak, 10 * math.log10(rest / (peak * peak / 2 + 1e-9))


# 1 MiB, the most there is, has room for all: a guest that is slow to read or write it loses
# nothing. The driver's time limits are as long as the buffer.
PCM = "-q -D hw:0 -t raw -f S16_LE -r 48000 --period-size 4800 --buffer-size"


RECORDING = ["has /dev/snd/pcmC0D0c", "has /dev/snd/controlC0"]
PLAYING = ["has /dev/snd/pcmC0D0p", "has /dev/snd/controlC0"]


def records_the_tone(run, seconds):
    text = run(
        f"""
        arecord {PCM} 524288 -c 1 -d {seconds} /tmp/tone 2>&1
        base64 -w 0 /tmp/tone; echo
        rm /tmp/tone""",
        300,
    )
    data = base64.b64decode(text.splitlines()[-1])
    samples = struct.unpack(f"<{len(data) // 2}h", data)
    expect(len(samples) == seconds * RATE, f"{len(samples)} samples: {text[:200]}")
    found = jumps(samples)
    expect(not found, f"{len(found)} jumps in the tone, first at the samples {found[:10]}")
    peak, rest = tone_and_rest(samples)
    expect(abs(peak - TONE_PEAK) < 2, f"the peak at 440 Hz is {peak:.1f}")
    expect(rest < -80, f"all but the tone is at {rest:.1f} dB")


@test_of(
    "snd-usb-audio",
    "audio",
    "`arecord`: a tone of 440 Hz without a jump, nothing else in its spectrum",
)
def audio_records_the_tone(lab):
    with attached(lab, AUDIO, *RECORDING) as run:
        records_the_tone(run, 10 if LONG else 3)


def plays_noise(run, seconds):
    """Its first bytes, and the MD5 sum of all of it."""
    text = run(
        f"""
        head -c {seconds * RATE * 4} /dev/urandom >/tmp/noise
        md5sum </tmp/noise
        head -c 64 /tmp/noise | base64 -w 0; echo
        aplay {PCM} 262144 -c 2 /tmp/noise 2>&1
        rm /tmp/noise""",
        300,
    )
    checksum, start, *complaints = text.splitlines()
    expect(not complaints, f"aplay: {complaints}")
    return base64.b64decode(start), checksum.split()[0]


def was_played(played, seconds, start, checksum):
    """Nothing but that noise, with silence around it."""
    at, size = played.find(start), seconds * RATE * 4
    expect(at >= 0, f"the start of the noise is not in the {len(played)} bytes that were played")
    noise, silence = played[at : at + size], played[:at] + played[at + size :]
    same = hashlib.md5(noise).hexdigest() == checksum
    expect(same, f"the noise is not as it was: {len(played)} bytes, from {at} on")
    expect(not any(silence), f"around the noise is no silence: {len(played)} bytes, from {at} on")


@test_of("snd-usb-audio", "audio", "`aplay`: noise arrives bit by bit")
def audio_plays_bit_exact(lab):
    with attached(lab, AUDIO, *PLAYING) as run:
        before = lab.audio_record.stat().st_size
        noise = plays_noise(run, 3)
    was_played(lab.audio_record.read_bytes()[before:], 3, *noise)


# --- video ---------------------------------------------------------------------------------------

# A camera does not wait: on a stalled machine frames come cut off or not at all, as to any slow
# host. Then as many are captured once more.
ATTEMPTS = 12


def capture(run, picture, rate, frames):
    """Wants them whole and without a missing number."""
    answers = []
    for _ in range(ATTEMPTS):
        text = run(f"v4l2_frames /dev/video0 {picture} {rate} {frames} || [ $? = 1 ]")
        answers.append(text.splitlines()[-1])
        if answers[-1].startswith(f"{frames} of {frames} ") and " 0 lost, 0 damaged" in answers[-1]:
            return
    raise Failure(f"{picture}: frames are missing each time: {answers}")


LARGE_AND_SLOW, SMALL_AND_FAST = ("yuyv", 5, 25 if LONG else 10), ("mjpeg", 30, 30)


@test_of("uvcvideo", "camera", "Motion JPEG at 30 frames a second, none missing")
def camera_streams_isochronous(lab):
    with attached(lab, CAMERA, "has /dev/video0") as run:
        capture(run, *SMALL_AND_FAST)


# Three packets of 1024 bytes in a microframe.
@test_of("uvcvideo", "camera:payload=3072", "the same and YUYV, in 3 x 1024 bytes a microframe")
def camera_streams_high_bandwidth(lab):
    with attached(lab, WIDE_CAMERA, "has /dev/video0") as run:
        capture(run, *LARGE_AND_SLOW)
        capture(run, *SMALL_AND_FAST)


@test_of("uvcvideo", "camera:bulk", "the same two through a bulk endpoint")
def camera_streams_bulk(lab):
    with attached(lab, BULK_CAMERA, "has /dev/video0") as run:
        capture(run, *LARGE_AND_SLOW)
        capture(run, *SMALL_AND_FAST)


# --- storage -------------------------------------------------------------------------------------

MAKE = {"vfat": "mkdosfs /dev/sda", "ext4": "mkfs.ext4 -q -F /dev/sda"}
CHECK = {"vfat": "true", "ext4": "e2fsck -f -n /dev/sda"}


def keep_files(lab, busid, driver, kind, server=None):
    bound = f"has '/sys/bus/usb/drivers/{driver}/*:*'"
    with attached(lab, busid, "opens /dev/sda", bound, server=server) as run:
        run(f"""
            {MAKE[kind]}
            keeps_files {kind}
            {CHECK[kind]} >/tmp/fsck 2>&1 || {{ cat /tmp/fsck; exit 1; }}
            if dmesg | grep -E '{DISK_TROUBLE}'; then exit 1; fi""")


@test_of("usb-storage", "disk", "FAT: files are written, read again and the same")
def bot_disk_keeps_fat(lab):
    keep_files(lab, DISK, "usb-storage", "vfat")


@test_of("usb-storage", "disk", "ext4: the same, and `e2fsck` finds nothing")
def bot_disk_keeps_ext4(lab):
    keep_files(lab, DISK, "usb-storage", "ext4")


@test_of("uas", "disk:uas", "FAT: files are written, read again and the same")
def uas_disk_keeps_fat(lab):
    keep_files(lab, UAS_DISK, "uas", "vfat")


@test_of("uas", "disk:uas", "ext4: the same, and `e2fsck` finds nothing")
def uas_disk_keeps_ext4(lab):
    keep_files(lab, UAS_DISK, "uas", "ext4")


READS_IN_PARALLEL = """
    dd if=/dev/urandom of=/tmp/data bs=1M count=8 2>/tmp/dd
    dd if=/tmp/data of=/dev/sda bs=1M oflag=direct 2>/tmp/dd
    readers=
    for part in 0 1 2 3 4 5 6 7; do
        dd if=/dev/sda of=/tmp/part$part bs=64k count=16 skip=$((part * 16)) iflag=direct \\
            2>/tmp/dd$part & readers="$readers $!"
    done
    for reader in $readers; do wait $reader; done
    cat /tmp/part? | cmp - /tmp/data
    rm /tmp/part? /tmp/data"""


@test_of("uas", "disk:uas", "eight programs read at once")
def uas_disk_reads_in_parallel(lab):
    with attached(lab, UAS_DISK, "opens /dev/sda") as run:
        run(READS_IN_PARALLEL)


@test_of("usb-storage", "disk:speed=super", "super speed: mounts, 16 MiB are read")
def super_speed_disk_reads(lab):
    with attached(lab, SUPER_DISK, "opens /dev/sda") as run:
        text = run("""
            cat /sys/bus/usb/devices/[0-9]-[1-9]/speed
            dd if=/dev/sda of=/dev/null bs=64k count=256 iflag=direct 2>/tmp/dd ||
                { cat /tmp/dd; exit 1; }
            mount -t vfat -o ro /dev/sda /mnt
            wc -c </mnt/README.TXT""")
    speed, size = text.split()
    expect(speed == "5000" and int(size) > 10, f"speed and size of README.TXT: {text}")


# --- several ports, several configurations -------------------------------------------------------


@test_of("cdc-acm", "serial:count=4", "four ports echo at once")
def serial_has_four_ports(lab):
    with attached(lab, SERIAL, "has /dev/ttyACM3") as run:
        run("""
            ports=
            for port in 0 1 2 3; do
                serial_echo /dev/ttyACM$port 65536 >/tmp/echo$port 2>&1 & ports="$ports $!"
            done
            for port in $ports; do wait $port || { cat /tmp/echo?; exit 1; }; done
            if has /dev/ttyACM4; then exit 1; fi""")


def changes_configurations(run):
    """Of the device `multi`, in what configuration it may be."""
    text = run("""
        cd /sys/bus/usb/devices/[0-9]-[1-9]
        interfaces() { echo $(for one in *:*.*; do echo ${one#*:}; done); }
        echo 1 >bConfigurationValue
        interfaces
        echo 2 >bConfigurationValue
        wait_for 20 has '*:2.1/*/input/input*/event*'
        interfaces
        mouse=$(echo *:2.1/*/input/input*/event*)
        timeout 20 head -c 24 /dev/input/${mouse##*/} | wc -c
        echo 1 >bConfigurationValue
        interfaces
        cd /""")
    expect(text.split("\n") == ["1.0", "2.0 2.1", "24", "1.0"], f"interfaces: {text}")


@test_of(
    "usbhid",
    "multi",
    "bConfigurationValue set to 2 gives a mouse that moves, and to 1 takes it away",
)
def configuration_changes_the_interfaces(lab):
    with attached(lab, MULTI, "has '/sys/bus/usb/devices/[0-9]-[1-9]:1.0'") as run:
        changes_configurations(run)


@test
def class_drivers_table(lab):
    if any(row[-1] == "not run" for row in ROWS.values()):
        raise Skip("not all tests of class drivers were run")
    header = ["driver", "device (`--sim`)", "what it does", "result"]
    tables.keep("class drivers", header, list(ROWS.values()))
