# SPDX-License-Identifier: Apache-2.0
"""A guest with the USB devices of QEMU, which no one here wrote. The server runs in it, and the same
guest attaches them over its loopback, or the other guest does."""

import contextlib
import shutil
import socket
import subprocess
import threading
import time

import tables
from lab import expect, test
from machines import Failure, Guest

DISK_MIB = 32
# Its server's port, as the other guest sees it.
TCP = 3249

# Ports 1 to 4 of the controller are super speed, 5 to 8 high speed at most.
DEVICES = """
    -device qemu-xhci,id=xhci,p2=8,p3=4
    -blockdev driver=raw,node-name=stick,file.driver=file,file.filename={files}/stick
    -device {stick}
    -device usb-kbd,bus=xhci.0,port=2
    -chardev socket,id=echo,path={files}/echo
    -device usb-serial,chardev=echo,always-plugged=on,bus=xhci.0,port=3
    -device usb-hub,bus=xhci.0,port=6,port-power=on
    -audiodev wav,id=sound,path={files}/sound.wav,out.frequency=48000"""

# Where the disk can be.
SUPER, HIGH, BEHIND_HUB = "1", "5", "6.1"


def stick(port):
    return f"usb-storage,id=stick,drive=stick,bus=xhci.0,port={port}"


ROWS = {}  # of the table in docs/COMPATIBILITY.md, by the name of the test


def test_of(device, speed, what):
    """Lists a test whose result is a row of the table."""
    return lambda function: test(tables.recorded(ROWS, [f"`{device}`", speed, what], function))


class Monitor:
    """QEMU's, for plugging and pulling."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError):
                self.socket.connect(str(path))
                break
            expect(time.monotonic() < deadline, "QEMU has no monitor")
            time.sleep(0.05)
        self._answer()

    def _answer(self):
        data = b""
        while not data.endswith(b"(qemu) "):
            data += self.socket.recv(65536)
        return data.decode(errors="replace")

    def command(self, line):
        self.socket.sendall(line.encode() + b"\n")
        said = self._answer()
        expect("rror" not in said, f"QEMU says: {said}")


class Echo(threading.Thread):
    """The other end of the serial adapter."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(1)
        self.start()

    def run(self):
        connection, _ = self.listener.accept()
        with contextlib.suppress(OSError):
            while data := connection.recv(4096):
                connection.sendall(data)


def with_server(lab):
    """The guest's initramfs with the server and its libraries in it."""
    root = lab.logs / "overlay"
    (root / "bin").mkdir(parents=True)
    (root / "lib64").mkdir()
    shutil.copy(lab.program, root / "bin/usbip-server")
    said = subprocess.run(["ldd", lab.program], capture_output=True, text=True, check=True).stdout
    for word in said.split():
        if word.startswith("/"):
            shutil.copy(word, root / "lib64")
    packed = subprocess.run(
        "find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0",
        shell=True, cwd=root, capture_output=True, check=True,
    ).stdout  # fmt: skip
    initrd = lab.logs / "initramfs_with_server.cpio"
    initrd.write_bytes((lab.guest_files / "initramfs.cpio").read_bytes() + packed)
    shutil.rmtree(root)
    return initrd


class RealLab:
    def __init__(self, lab):
        monitor = lab.logs / "monitor"
        with open(lab.logs / "stick", "wb") as file:
            file.truncate(DISK_MIB << 20)
        self.echo = Echo(lab.logs / "echo")
        machine = f"-m 512 -monitor unix:{monitor},server=on,wait=off {DEVICES}"
        self.guest = Guest(
            lab.guest_files,
            lab.logs / "real_console.log",
            "preempt=full",  # for usbtest, as lab.py says
            network=f"user,hostfwd=tcp:127.0.0.1:{TCP}-:3240",
            machine=machine.format(files=lab.logs, stick=stick(SUPER)).split(),
            initrd=with_server(lab),
        )
        self.monitor = Monitor(monitor)
        self.run("start_udev; load_real_modules; start_server; wait_for 30 has_disk here")

    def run(self, script, seconds=60):
        try:
            return self.guest.run(f". /class.sh; . /real.sh\n{script}", seconds)
        except Failure as failure:
            if not self.guest.broken:
                log = self.guest.run(
                    "grep -v ' listed ' /tmp/server.log | tail -n 20; echo; dmesg | tail -n 20;"
                    "grep -A 60 'ERROR: ' /tmp/server.log || true"
                )
                self.let_go()
                raise Failure(f"{failure}\n--- server and kernel:\n{log}") from None
            raise

    def let_go(self):
        """After a failed test: all devices are here, as the next test expects."""
        with contextlib.suppress(Failure):
            self.guest.run(". /class.sh; . /real.sh; put_back 2>/tmp/put_back")

    def plug(self, device):
        self.monitor.command(f"device_add {device}")

    def pull(self, name):
        self.monitor.command(f"device_del {name}")

    def stop(self):
        self.guest.stop()


def real(lab):
    return lab._machine("real", lambda: RealLab(lab))
