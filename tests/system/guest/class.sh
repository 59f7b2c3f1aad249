# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
# What the class drivers' scripts have in common, on top of usb.sh.

load_class_modules() {
    while read -r module; do
        insmod "/modules/$module" || echo "cannot load $module"
    done </modules/class_list
}

# has 'PATTERN': some file of that name is there
has() {
    for file in $1; do
        [ ! -e "$file" ] || return 0
    done
    return 1
}

# opens FILE: a disk's node comes before the disk can be opened
opens() {
    true 2>/dev/null <"$1"
}

no_devices() {
    ! has '/sys/bus/usb/devices/[0-9]-[1-9]*'
}

# put_back: detaches everything
put_back() {
    umount /mnt 2>/tmp/umount || true
    for record in /var/run/vhci_hcd/port*; do
        [ -e "$record" ] || continue
        wait_for 20 detach_port "${record##*port}" || { cat /tmp/detach; return 1; }
    done
    wait_for 30 no_devices
}

# drop_caches: what is read next comes from the device
drop_caches() {
    sync
    echo 3 >/proc/sys/vm/drop_caches
}

# keeps_files TYPE: /dev/sda with a file system of that type keeps files of 1 byte to 4 MiB
keeps_files() {
    mount -t "$1" /dev/sda /mnt
    dd if=/dev/urandom of=/mnt/large bs=1M count=4 2>/tmp/dd
    mkdir /mnt/small
    for size in 1 511 512 513 4095 4096 4097 65535 65536 65537; do
        dd if=/dev/urandom of=/mnt/small/$size bs=$size count=1 2>/tmp/dd
    done
    (cd /mnt && md5sum large small/*) >/tmp/sums
    umount /mnt
    drop_caches
    mount -t "$1" -o ro /dev/sda /mnt
    (cd /mnt && md5sum -c /tmp/sums) >/tmp/verified || { cat /tmp/verified; return 1; }
    umount /mnt
    echo "$(wc -l </tmp/verified) files"
}
