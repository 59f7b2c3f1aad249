# SPDX-License-Identifier: Apache-2.0
"""Real devices: a disk, a keyboard and a serial adapter of QEMU's, on the server that is in the guest."""

import random
import time

from lab import LONG, expect
from real_lab import BEHIND_HUB, HIGH, SUPER, TCP, real, stick, test_of

UNPLUGS = 200 if LONG else 20


@test_of("usb-storage", "super", "not exported while it is mounted")
def real_disk_in_use_is_kept_back(lab):
    text = real(lab).run("""
        busid=$(real_busid HARDDRIVE)
        wait_for 20 is_listed $busid
        disk=/dev/$(disk_of here)
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
    expect("usbfs_memory_mb" in text, f"the log does not say how to raise the kernel's memory:\n{text}")


KEEPS = "ext4: what the host wrote is read through USB/IP, 8 MiB written there are read by the host"


def keeps_files(lab, speed):
    real(lab).run(
        f"""
        busid=$(real_busid HARDDRIVE)
        wait_for 20 is_listed $busid
        attach $busid
        wait_for 30 has_disk usbip
        no_disk here
        find_device usbip HARDDRIVE
        read -r speed </sys/bus/usb/devices/$found/speed
        [ $speed = {speed} ] || {{ echo "speed $speed"; exit 1; }}
        disk=/dev/$(disk_of usbip)
        mount -t ext4 $disk /mnt
        (cd /mnt; md5sum -c /tmp/sums)
        dd if=/dev/urandom of=/mnt/over bs=1M count=8 conv=fsync 2>/tmp/dd
        (cd /mnt; md5sum before over >/tmp/sums)
        umount /mnt
        give_back $busid
        wait_for 30 has_disk here
        has_driver $busid usb-storage
        files_are_whole /tmp/sums""",
        120,
    )


@test_of("usb-storage", "super", f"{KEEPS}; `e2fsck`")
def real_disk_keeps_files(lab):
    keeps_files(lab, 5000)


def replug(lab, port):
    """The same disk, with the same files, in another port."""
    real(lab).pull("stick")
    real(lab).run("wait_for 20 no_disk here")
    real(lab).plug(stick(port))
    real(lab).run("wait_for 30 has_disk here")


@test_of("usb-storage", "high", "the same")
def real_disk_keeps_files_at_high_speed(lab):
    replug(lab, HIGH)
    keeps_files(lab, 480)


@test_of("usb-storage, usb-hub", "full", "the same, behind a hub")
def real_disk_keeps_files_behind_hub(lab):
    replug(lab, BEHIND_HUB)
    keeps_files(lab, 12)


@test_of("usb-storage", "super", "the same from a second guest, over the network")
def real_disk_keeps_files_of_another_guest(lab):
    replug(lab, SUPER)
    lab_of_devices = real(lab)
    busid, sums = lab_of_devices.run("""
        busid=$(real_busid HARDDRIVE)
        wait_for 20 is_listed $busid
        echo $busid
        cat /tmp/sums""").split("\n", 1)
    lab.guest.run(". /class.sh; [ -e /sys/module/ext4 ] || load_class_modules")
    said = lab.guest.run(
        f"""
        TCP={TCP}
        attach {busid}
        wait_for 60 present 1-1
        mount -t ext4 /dev/sda /mnt
        cd /mnt
        md5sum -c >/tmp/verified <<END
{sums}
END
        dd if=/dev/urandom of=over bs=1M count=2 conv=fsync 2>/tmp/dd
        md5sum before over >/tmp/sums
        cd /
        umount /mnt
        give_back {busid}
        wait_for 20 gone 1-1
        cat /tmp/sums""",
        120,
    )
    written = "\n".join(said.splitlines()[-2:])
    lab_of_devices.run(f"""
        cat >/tmp/sums <<END
{written}
END
        wait_for 30 has_disk here
        files_are_whole /tmp/sums""")


@test_of(
    "usb-storage",
    "super",
    "the halts of its endpoints cleared, reset while mounted, unconfigured and configured: the "
    "files are whole each time",
)
def real_disk_takes_pipe_changes(lab):
    text = real(lab).run(
        """
        busid=$(real_busid HARDDRIVE)
        wait_for 20 is_listed $busid
        attach $busid
        wait_for 30 has_disk usbip
        find_device usbip HARDDRIVE
        device=$found
        usb_requests $(node_of $device) clear_halt
        wait_for 30 has_disk usbip
        mount -t ext4 /dev/$(disk_of usbip) /mnt
        (cd /mnt; md5sum -c /tmp/sums)
        echo 3 >/proc/sys/vm/drop_caches
        usb_requests $(node_of $device) reset
        (cd /mnt; md5sum -c /tmp/sums)
        umount /mnt
        echo 0 >/sys/bus/usb/devices/$device/bConfigurationValue
        wait_for 20 no_disk usbip
        echo 1 >/sys/bus/usb/devices/$device/bConfigurationValue
        wait_for 30 has_disk usbip
        mount -t ext4 /dev/$(disk_of usbip) /mnt
        (cd /mnt; md5sum -c /tmp/sums)
        umount /mnt
        give_back $busid
        wait_for 30 has_disk here""",
        120,
    )
    expect("2 halts cleared" in text, f"halts: {text}")


READ_AND_WRITE = """
    wait_for 30 has_disk usbip
    disk=/dev/$(disk_of usbip)
    (dd if=$disk of=/dev/null bs=64k iflag=direct; true) >/tmp/dd 2>&1 &
    (dd if=/dev/zero of=$disk bs=256k seek=64 oflag=direct; true) >/tmp/dd2 2>&1 &"""


@test_of(
    "usb-storage",
    "super",
    "pulled at 20 random moments (200 with `--long`) of reading and writing: both sides survive, "
    "nothing is left behind, and it is listed again",
)
def real_disk_pulled_at_any_moment(lab):
    lab_of_devices = real(lab)
    moments = random.Random(1)
    lab_of_devices.run("server_descriptors >/tmp/descriptors")
    for round_number in range(UNPLUGS):
        # In each fourth round the kernel is still finding out what it is.
        lab_of_devices.run(f"""
            busid=$(real_busid HARDDRIVE)
            wait_for 20 is_listed $busid
            attach $busid
            echo $busid >/tmp/busid
            {READ_AND_WRITE if round_number % 4 else ""}""")
        time.sleep(moments.random() / 2)
        lab_of_devices.pull("stick")
        lab_of_devices.run("""
            read -r busid </tmp/busid
            wait_for 20 no_disk usbip
            wait_for 20 is_not_listed $busid
            wait_for 30 vhci_is_quiet
            rm -f /var/run/vhci_hcd/port*""")
        lab_of_devices.plug(stick(SUPER))
        lab_of_devices.run("wait_for 30 has_disk here")
    lab_of_devices.run("""
        read -r before </tmp/descriptors
        has_descriptors() { [ $(server_descriptors) = $before ]; }
        wait_for 20 has_descriptors""")


@test_of("usb-kbd", "high", "keys arrive; `usbhid` has it again afterwards")
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


@test_of(
    "usb-serial",
    "full",
    "FTDI: 64 KiB are echoed; `ftdi_sio` has it again afterwards",
)
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


@test_of(
    "usb-storage, usb-kbd",
    "super, high",
    "the server ends while both are attached: the drivers have them again",
)
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
        wait_for 20 has_disk here
        has_driver $disk usb-storage
        has_driver $keyboard usbhid
        cat /tmp/server.log""",
        120,
    )
    expect("ERROR" not in text, f"the server says:\n{text}")
