# SPDX-License-Identifier: Apache-2.0
"""Disks: read past the page cache, so that every byte comes from the device. Written only with
--write, only if the medium is empty, and then put back as it was."""

import hashlib
import mmap
import os
import time

from bringup_host import read_text, wait_for
from bringup_report import Failed, NotRun, figures_of

MIB = 1 << 20
DIRECT = getattr(os, "O_DIRECT", 0)
BLOCK_SIZES = (4096, 16384, 65536, 131072)


def node_of(device):
    """Its node and size in bytes. NotRun if it has no medium, as a card reader without a card."""

    def disks():
        return sorted(device.path.glob("*/host*/target*/*/block/*"))

    disk = wait_for("a disk", disks, 30)[0]
    node = f"/dev/{disk.name}"
    wait_for(node, lambda: os.path.exists(node))
    size = wait_for("its size", lambda: read_text(disk / "size"))
    if int(size) == 0:
        raise NotRun(f"{node} has no medium")
    return node, int(size) * 512


class Disk:
    def __init__(self, node, flags=os.O_RDONLY):
        self.fd = os.open(node, flags | DIRECT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def read(self, at, size):
        buffer = mmap.mmap(-1, size)  # direct access wants aligned memory
        got = os.preadv(self.fd, [buffer], at)
        if got != size:
            raise Failed(f"{got} of {size} bytes at {at}")
        return bytes(buffer)

    def write(self, at, data):
        buffer = mmap.mmap(-1, len(data))
        buffer.write(data)
        if os.pwritev(self.fd, [buffer], at) != len(data):
            raise Failed(f"not all was written at {at}")


def _digest(disk, size):
    """Checksum of the first `size` bytes, and the seconds it took to read them."""
    digest, start = hashlib.sha256(), time.perf_counter()
    for at in range(0, size, MIB):
        digest.update(disk.read(at, min(MIB, size - at)))
    return digest.hexdigest(), time.perf_counter() - start


def reads_same(device, options):
    node, total = node_of(device)
    size = min(options.read * MIB, total // 4096 * 4096)
    with Disk(node) as disk:
        first, seconds_1 = _digest(disk, size)
        second, seconds_2 = _digest(disk, size)
    if first != second:
        raise Failed(f"{node}: {size} bytes are {first} and then {second}")
    rate = size / min(seconds_1, seconds_2) / MIB
    text = f"{node}, {total / 1e9:.2f} GB: {size / MIB:g} MiB twice, {rate:.2f} MiB/s"
    return f"{text}, sha256 {first[:16]}", {"read_mib_per_s": round(rate, 3), "sha256": first}


def block_sizes(device, options):
    """One read at a time, of several sizes: what a round trip costs."""
    node, total = node_of(device)
    words, figures = [], {}
    with Disk(node) as disk:
        for size in BLOCK_SIZES:
            times = []
            for number in range(options.reads):
                start = time.perf_counter()
                disk.read(number * size % (total - size) // size * size, size)
                times.append(time.perf_counter() - start)
            figures[str(size)] = figures_of(times)[1]
            rate = size * len(times) / sum(times) / MIB
            figures[str(size)]["mib_per_s"] = round(rate, 3)
            median = figures[str(size)]["median_ms"]
            words.append(f"{size // 1024} KiB: {median} ms, {rate:.2f} MiB/s")
    return "; ".join(words), figures


def _filling(disk, total):
    """The one byte that the medium is full of, as far as it was looked at; None if it is not."""
    last = total // 4096 * 4096 - MIB
    places = [0, last] + [last * part // 16 // 4096 * 4096 for part in range(1, 16)]
    seen = set()
    for number, at in enumerate(places):
        seen |= set(disk.read(at, MIB if number < 2 else 4096))
    return seen.pop() if seen in ({0}, {0xFF}) else None


def keeps(device, options):
    node, total = node_of(device)
    if not options.write:
        raise NotRun("it is not written to; --write does that if the medium is empty")
    size = min(options.read * MIB, total // MIB * MIB - MIB)
    with Disk(node) as disk:
        filling = _filling(disk, total)
    if filling is None:
        raise NotRun(f"{node} is not empty (all bytes 00 or ff): it is not written to")
    data = os.urandom(size)
    with Disk(node, os.O_RDWR | os.O_EXCL) as disk:  # EXCL: refused while it is mounted
        try:
            start = time.perf_counter()
            for at in range(0, size, MIB):
                disk.write(at, data[at : at + MIB])
            os.fsync(disk.fd)
            seconds = time.perf_counter() - start
            wrong = [at for at in range(0, size, MIB) if disk.read(at, MIB) != data[at : at + MIB]]
        finally:
            for at in range(0, size, MIB):
                disk.write(at, bytes([filling]) * MIB)
    if wrong:
        raise Failed(f"{node}: other bytes read than written, first in the MiB at {wrong[0]}")
    rate = size / seconds / MIB
    text = f"{size / MIB:g} MiB written and read, {rate:.2f} MiB/s"
    return text, {"write_mib_per_s": round(rate, 3)}
