# SPDX-License-Identifier: Apache-2.0
"""Real devices: the server runs in a guest with the USB devices of QEMU, which no one here wrote,
and the same guest attaches them over its loopback."""

import contextlib
import random
import shutil
import socket
import subprocess
import threading
import time

from lab import LONG, expect, test
from machines import Failure, Guest

DISK_MIB = 32
STICK = "usb-storage,id=stick,drive=stick,bus=xhci.0,port={port}"
UNPLUGS = 200 if LONG else 20


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
        return self._answer()


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
    """A guest with a disk, a keyboard and a serial adapter plugged in."""

    def __init__(self, lab):
        disk, monitor, echo = lab.logs / "stick", lab.logs / "monitor", lab.logs / "echo"
        with open(disk, "wb") as file:
            file.truncate(DISK_MIB << 20)
        self.echo = Echo(echo)
        machine = f"""-m 512 -monitor unix:{monitor},server=on,wait=off
            -device qemu-xhci,id=xhci
            -blockdev driver=raw,node-name=stick,file.driver=file,file.filename={disk}
            -device {STICK.format(port=1)}
            -device usb-kbd,bus=xhci.0,port=2
            -chardev socket,id=echo,path={echo}
            -device usb-serial,chardev=echo,always-plugged=on,bus=xhci.0,port=3"""
        console = lab.logs / "real_console.log"
        self.guest = Guest(
            lab.guest_files, console, machine=machine.split(), initrd=with_server(lab)
        )
        self.monitor = Monitor(monitor)
        self.run("load_real_modules; start_server; wait_for 30 has_disk real")

    def run(self, script, seconds=60):
        try:
            return self.guest.run(f". /real.sh\n{script}", seconds)
        except Failure as failure:
            if not self.guest.broken:
                log = self.guest.run(
                    "grep -v ' listed ' /tmp/server.log | tail -n 30; echo; dmesg | tail -n 30;"
                    "grep -A 60 'ERROR: ' /tmp/server.log || true"
                )
                raise Failure(f"{failure}\n--- server and kernel:\n{log}") from None
            raise

    def stop(self):
        self.guest.stop()


def real(lab):
    return lab._machine("real", lambda: RealLab(lab))


@test
def real_disk_in_use_is_kept_back(lab):
    text = real(lab).run("""
        busid=$(real_busid HARDDRIVE)
        wait_for 20 is_listed $busid
        disk=/dev/$(disk_of real)
        mkfs.ext4 -q $disk
        mount -t ext4 $disk /mnt
        dd if=/dev/urandom of=/mnt/before bs=1M count=4 2>/tmp/dd
        (cd /mnt; md5sum before >/tmp/sums)
        wait_for 20 is_not_listed $busid
        if attach $busid >/tmp/attach 2>&1; then echo "a mounted disk was exported"; exit 1; fi
        umount /mnt
        wait_for 20 is_listed $busid
        cat /tmp/server.log""")
    expect("a file system on it is mounted" in text, f"the log does not say why:\n{text}")


@test
def real_disk_keeps_files(lab):
    real(lab).run(
        """
        busid=$(real_busid HARDDRIVE)
        attach $busid
        wait_for 30 has_disk usbip
        no_disk real
        disk=/dev/$(disk_of usbip)
        mount -t ext4 $disk /mnt
        (cd /mnt; md5sum -c /tmp/sums)
        dd if=/dev/urandom of=/mnt/over bs=1M count=8 conv=fsync 2>/tmp/dd
        (cd /mnt; md5sum over >>/tmp/sums)
        umount /mnt
        give_back $busid
        wait_for 30 has_disk real
        has_driver $busid usb-storage
        disk=/dev/$(disk_of real)
        e2fsck -f -n $disk >/tmp/fsck 2>&1 || { cat /tmp/fsck; exit 1; }
        mount -t ext4 -o ro $disk /mnt
        (cd /mnt; md5sum -c /tmp/sums)
        umount /mnt""",
        120,
    )


@test
def real_disk_pulled_at_any_moment(lab):
    lab_of_devices = real(lab)
    moments = random.Random(1)
    for round_number in range(UNPLUGS):
        lab_of_devices.run("""
            busid=$(real_busid HARDDRIVE)
            wait_for 20 is_listed $busid
            attach $busid
            echo $busid >/tmp/busid""")
        if round_number % 4:  # else while the kernel is still finding out what it is
            lab_of_devices.run("""
                wait_for 30 has_disk usbip
                disk=/dev/$(disk_of usbip)
                (dd if=$disk of=/dev/null bs=64k iflag=direct; true) >/tmp/dd 2>&1 &
                (dd if=/dev/zero of=$disk bs=256k seek=64 oflag=direct; true) >/tmp/dd2 2>&1 &""")
        time.sleep(moments.random() / 2)
        lab_of_devices.monitor.command("device_del stick")
        lab_of_devices.run("""
            read -r busid </tmp/busid
            wait_for 20 no_disk usbip
            wait_for 20 is_not_listed $busid
            rm -f /var/run/vhci_hcd/port*""")
        said = lab_of_devices.monitor.command("device_add " + STICK.format(port=1))
        expect("rror" not in said, f"QEMU says: {said}")
        lab_of_devices.run("wait_for 30 has_disk real")


@test
def real_keyboard_types(lab):
    lab_of_devices = real(lab)
    lab_of_devices.run("""
        busid=$(real_busid Keyboard)
        wait_for 20 is_listed $busid
        has_driver $busid usbhid
        attach $busid
        wait_for 20 came_over_usbip Keyboard
        sleep 1
        rm -f /tmp/typist
        (status=0; typed_text 30 abc >/tmp/typed || status=$?; echo $status >/tmp/typist) &
        sleep 1""")
    for key in "abc":
        lab_of_devices.monitor.command(f"sendkey {key}")
        time.sleep(0.3)
    lab_of_devices.run("""
        wait_for 40 [ -s /tmp/typist ]
        read -r status </tmp/typist
        [ $status = 0 ] || { cat /tmp/typed; exit 1; }
        give_back $(real_busid Keyboard)
        wait_for 20 has_driver $(real_busid Keyboard) usbhid""")


@test
def real_serial_adapter_echoes(lab):
    real(lab).run(
        """
        busid=$(real_busid SERIAL)
        wait_for 20 is_listed $busid
        attach $busid
        wait_for 20 came_over_usbip SERIAL
        wait_for 20 [ -c /dev/ttyUSB0 ]
        stty -F /dev/ttyUSB0 115200 raw -echo
        serial_echo /dev/ttyUSB0 65536
        give_back $busid
        wait_for 20 has_driver $busid ftdi_sio""",
        120,
    )


@test
def real_devices_are_given_back_at_the_end(lab):
    text = real(lab).run(
        """
        disk=$(real_busid HARDDRIVE)
        keyboard=$(real_busid Keyboard)
        wait_for 20 is_listed $disk
        attach $disk
        wait_for 30 has_disk usbip
        attach $keyboard
        wait_for 20 came_over_usbip Keyboard
        stop_server || { echo "exit status $?"; cat /tmp/server.log; exit 1; }
        wait_for 20 has_disk real
        has_driver $disk usb-storage
        has_driver $keyboard usbhid
        cat /tmp/server.log""",
        120,
    )
    expect("ERROR" not in text, f"the server says:\n{text}")
