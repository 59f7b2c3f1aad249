# SPDX-License-Identifier: Apache-2.0
"""What an attached device can do, by its class. Each check returns a text and figures, or raises
Failed or NotRun. Nothing is written to a device unless the options say so."""

import array
import fcntl
import itertools
import os
import struct
import threading
import time

import bringup_disk
from bringup_host import read_text, run, tool, wait_for
from bringup_report import Failed, NotRun, figures_of

AUDIO, COMM, HID, STORAGE, HUB, CDC_DATA, VIDEO, VENDOR = 1, 2, 3, 8, 9, 10, 14, 255
NODES_S = 15  # until a driver has made its device nodes


def _iowr(number, size):
    return 3 << 30 | size << 16 | ord("U") << 8 | number


# linux/usbdevice_fs.h: struct usbdevfs_ctrltransfer and struct usbdevfs_ioctl.
CONTROL, DRIVER = struct.Struct("@BBHHHIP"), struct.Struct("@iiP")
USBDEVFS_CONTROL, USBDEVFS_IOCTL = _iowr(0, CONTROL.size), _iowr(18, DRIVER.size)


def control_in(node, request_type, request, value, length):
    """The answer to one control request; its time limit is 5 s."""
    data = array.array("B", bytes(length))
    call = CONTROL.pack(request_type, request, value, 0, length, 5000, data.buffer_info()[0])
    got = fcntl.ioctl(node, USBDEVFS_CONTROL, bytearray(call))
    return data[:got].tobytes()


def round_trip(device, count):
    """How long a control request takes there and back: the device descriptor, again and again."""
    known = (device.path / "descriptors").read_bytes()[:18]
    times = []
    node = os.open(device.node(), os.O_RDWR)
    try:
        for number in range(count):
            start = time.perf_counter()
            answer = control_in(node, 0x80, 6, 0x0100, 18)
            times.append(time.perf_counter() - start)
            if answer != known:
                raise Failed(f"request {number}: {answer.hex()}, not {known.hex()}")
    finally:
        os.close(node)
    text, figures = figures_of(times)
    return f"{count} control requests: {text}", figures


def _nodes(device, pattern, what):
    """Names of what the drivers have made below the device."""
    found = wait_for(what, lambda: sorted(device.path.glob(pattern)), NODES_S)
    return [path.name for path in found]


# --- input devices -------------------------------------------------------------------------------


def _input_nodes(device):
    if HID not in device.classes():
        return []
    nodes = _nodes(device, "*/**/input/input*/event*", "an input device")
    nodes = [f"/dev/input/{name}" for name in nodes]
    for node in nodes:
        wait_for(node, lambda n=node: os.path.exists(n), NODES_S)
    return nodes


def evdev(device, _options):
    nodes = _input_nodes(device)
    for node in nodes:
        os.close(os.open(node, os.O_RDONLY | os.O_NONBLOCK))
    called = [read_text(p) for p in sorted(device.path.glob("*/**/input/input*/name"))]
    return f"{', '.join(nodes)} open: {', '.join(called)}. Type or move: that is for a person", {}


# --- serial ports --------------------------------------------------------------------------------


def serial_ports(device):
    """Nodes of its serial ports, those of CDC-ACM and those of usb-serial drivers."""

    def ports():
        found = list(device.path.glob("*/tty/tty*")) + list(device.path.glob("*/ttyUSB*/tty/tty*"))
        return sorted({f"/dev/{path.name}" for path in found})

    return ports


def serial(device, options):
    ports = wait_for("a serial port", serial_ports(device), NODES_S)
    for port in ports:
        wait_for(port, lambda p=port: os.path.exists(p), NODES_S)
        os.close(os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
    if not options.echo:
        return f"{', '.join(ports)} open; --echo would send through a plug that joins TX and RX", {}
    sent = os.urandom(options.echo_bytes)
    start = time.perf_counter()
    for port in ports:
        _echo(port, sent)
    seconds = time.perf_counter() - start
    rate = len(sent) * len(ports) / seconds
    text = f"{', '.join(ports)}: {len(sent)} bytes came back the same, {rate / 1000:.1f} kB/s"
    return text, {"echo_bytes_per_s": round(rate)}


def _raw(fd):
    import termios
    import tty

    tty.setraw(fd)
    settings = termios.tcgetattr(fd)
    settings[4] = settings[5] = termios.B115200
    termios.tcsetattr(fd, termios.TCSANOW, settings)
    termios.tcflush(fd, termios.TCIOFLUSH)


def _echo(port, sent):
    """A block at a time, so that no buffer on the way has to hold more."""
    import select

    fd = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        _raw(fd)
        for at in range(0, len(sent), 1024):
            block = sent[at : at + 1024]
            rest, got = block, b""
            end = time.monotonic() + 5
            while len(got) < len(block):
                writers = [fd] if rest else []
                left = max(0, end - time.monotonic())
                readable, writable, _ = select.select([fd], writers, [], left)
                if not readable and not writable:
                    raise Failed(f"{port}: {at + len(got)} of {len(sent)} bytes came back")
                if writable:
                    rest = rest[os.write(fd, rest) :]
                if readable:
                    got += os.read(fd, 4096)
            if got != block:
                raise Failed(f"{port}: other bytes came back, from byte {at} on")
    finally:
        os.close(fd)


# --- sound and video -----------------------------------------------------------------------------


def audio(device, options):
    cards = [name[4:] for name in _nodes(device, "*/sound/card*", "a sound card")]
    captures = [p.name for p in device.path.glob("*/sound/card*/pcmC*D*c")]
    arecord = tool("arecord")
    if not captures:
        return f"card {', '.join(cards)}; it has no input", {}
    if not arecord:
        raise NotRun(f"card {', '.join(cards)} is there; to record from it: install alsa-utils")
    card = captures[0][4:].partition("D")[0]
    wait_for("its node", lambda: os.path.exists(f"/dev/snd/{captures[0]}"), NODES_S)
    file = options.output / f"{device.busid}.wav"
    command = [arecord, "-q", "-D", f"plughw:{card}", "-f", "S16_LE", "-r", "48000", "-d", "1"]
    status, text = run([*command, str(file)], 30)
    size = file.stat().st_size if file.exists() else 0
    if status != 0 or size < 48000:
        raise Failed(f"arecord: status {status}, {size} bytes: {text}")
    return f"one second recorded, {size} bytes, in {file.name}: listen to it", {"bytes": size}


def video(device, options):
    nodes = [f"/dev/{n}" for n in _nodes(device, "*/video4linux/video*", "a video device")]
    v4l2 = tool("v4l2-ctl")
    if not v4l2:
        raise NotRun(f"{', '.join(nodes)} is there; to capture from it: install v4l-utils")
    file = options.output / f"{device.busid}.raw"
    command = [v4l2, "-d", nodes[0], "--stream-mmap", "--stream-count=30", f"--stream-to={file}"]
    status, text = run(command, 40)
    size = file.stat().st_size if file.exists() else 0
    if status != 0 or size == 0:
        raise Failed(f"v4l2-ctl: status {status}, {size} bytes: {text}")
    return f"30 frames, {size} bytes, in {file.name}", {"bytes": size}


# --- usbtest -------------------------------------------------------------------------------------

# Case, times, length, vary, scatter-gather: short ones of Linux's testusb.
USBTEST_CASES = [
    (0, 1, 512, 0, 1), (1, 200, 1024, 0, 1), (2, 200, 1024, 0, 1), (3, 100, 1024, 512, 1),
    (4, 100, 1024, 512, 1), (5, 20, 1024, 0, 32), (6, 20, 1024, 0, 32), (9, 50, 0, 0, 1),
    (10, 20, 0, 0, 8), (11, 50, 1024, 0, 1), (12, 50, 1024, 0, 1), (13, 20, 0, 0, 1),
    (14, 50, 256, 1, 1), (17, 100, 1024, 0, 1), (18, 100, 1024, 0, 1), (21, 20, 256, 1, 1),
    (29, 20, 512, 0, 1),
]  # fmt: skip


def usbtest(device, options):
    if "usbtest" not in device.drivers():
        raise NotRun("the driver usbtest has not taken it (modprobe usbtest; a Gadget Zero)")
    if not options.usbtest:
        raise NotRun("writes to the device; --usbtest runs it")
    request = struct.Struct("=IIIIIii")
    passed, unsupported = [], []
    node = os.open(device.node(), os.O_RDWR)
    try:
        for case in USBTEST_CASES:
            data = array.array("B", request.pack(*case, 0, 0))
            code = _iowr(100, request.size)
            signed = code - (1 << 32)
            call = DRIVER.pack(0, signed, data.buffer_info()[0])
            try:
                fcntl.ioctl(node, USBDEVFS_IOCTL, bytearray(call))
                passed.append(case[0])
            except OSError as error:
                if error.errno != 95:  # EOPNOTSUPP: the device has no endpoints for it
                    raise Failed(f"case {case[0]} {case[1:]}: {error.strerror}") from None
                unsupported.append(case[0])
    finally:
        os.close(node)
    return f"cases {passed} pass, {unsupported} do not apply", {}


# --- in the middle of it -------------------------------------------------------------------------


def _disk_forever(device):
    node, total = bringup_disk.node_of(device)
    with bringup_disk.Disk(node) as disk:
        for number in itertools.count():
            last = max(1, total // bringup_disk.MIB - 1)
            disk.read(number % last * bringup_disk.MIB, bringup_disk.MIB)


def _requests_forever(device):
    node = os.open(device.node(), os.O_RDWR)
    try:
        while True:
            control_in(node, 0x80, 6, 0x0100, 18)
    finally:
        os.close(node)


def keep_busy(device):
    """A thread that uses the device until it is gone: disks are read, others are asked for their
    device descriptor; input devices are open, so that an interrupt transfer waits."""
    if STORAGE in device.classes():
        work = _disk_forever
        bringup_disk.node_of(device)
    else:
        work = _requests_forever
    nodes = [os.open(node, os.O_RDONLY | os.O_NONBLOCK) for node in _input_nodes(device)]

    def run():
        try:
            work(device)
        except (OSError, Failed, NotRun):
            pass
        for node in nodes:
            os.close(node)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


# --- which ones ----------------------------------------------------------------------------------


def nothing_known(device, _options):
    classes = ", ".join(f"{c:02x}" for c in sorted(set(device.classes())))
    raise NotRun(f"no check for class {classes}: please try its own program")


def of_device(device):
    """Name, function and seconds of each check that fits the device's interfaces."""
    classes = set(device.classes())
    found = []
    if STORAGE in classes:
        found += [("disk reads twice the same", bringup_disk.reads_same, 300)]
        found += [("disk block sizes", bringup_disk.block_sizes, 120)]
        found += [("disk keeps what is written", bringup_disk.keeps, 300)]
    if HID in classes:
        found.append(("input device", evdev, 60))
    if COMM in classes or CDC_DATA in classes or serial_ports(device)():
        found.append(("serial port", serial, 120))
    if AUDIO in classes:
        found.append(("audio", audio, 60))
    if VIDEO in classes:
        found.append(("video", video, 90))
    if "usbtest" in device.drivers() or device.attribute("idVendor") == "0525":
        found.append(("usbtest", usbtest, 300))
    return found or [("class", nothing_known, 10)]
