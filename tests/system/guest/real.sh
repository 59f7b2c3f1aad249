# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
# What device_tests.py has its scripts do, on top of usb.sh: the server runs in the guest, with the
# devices that QEMU plugs in there, and the same guest attaches them.
HOST=127.0.0.1

load_real_modules() {
    while read -r module; do
        insmod "/modules/$module" || echo "cannot load $module"
    done </modules/real_list
}

start_server() {
    rm -f /tmp/server.status /tmp/server.pid
    : >/tmp/server.out
    (usbip-server --sim none --usb "$@" >/tmp/server.out 2>>/tmp/server.log & server=$!
        echo $server >/tmp/server.pid
        wait $server
        echo $? >/tmp/server.status) &
    wait_for 30 grep -q 'http: listening' /tmp/server.out
}

# stop_server: its exit status
stop_server() {
    read -r pid </tmp/server.pid
    kill -TERM "$pid"
    wait_for 20 [ -s /tmp/server.status ]
    read -r status </tmp/server.status
    return "$status"
}

# The functions that are waited for start no program: in the guest that takes 10 ms, and the devices
# would wait, too.
is_vhci() {
    cd -P "$1" || return 1
    place=$PWD
    cd /
    case $place in
    */vhci_hcd*) return 0 ;;
    esac
    return 1
}

# find_device here|usbip PRODUCT: leaves the busid of the device in $found that has it in its name and
# is plugged in here, or came over USB/IP
find_device() {
    for device in /sys/bus/usb/devices/*-*; do
        { read -r product <"$device/product"; } 2>/dev/null || continue
        case $product in *"$2"*) ;; *) continue ;; esac
        if is_vhci "$device"; then came=usbip; else came=here; fi
        if [ $came = "$1" ]; then
            found=${device##*/}
            return 0
        fi
    done
    return 1
}

# real_busid PRODUCT: of the device plugged into this machine that has it in its name
real_busid() {
    find_device here "$1" && echo "$found"
}

# came_over_usbip PRODUCT: such a device is attached
came_over_usbip() {
    find_device usbip "$1"
}

# find_disk here|usbip: the same for disks; leaves its name
find_disk() {
    for block in /sys/block/sd*; do
        [ -e "$block" ] || continue
        if is_vhci "$block"; then came=usbip; else came=here; fi
        # the node comes before the disk can be opened
        if [ $came = "$1" ] && true 2>/dev/null </dev/"${block##*/}"; then
            found=${block##*/}
            return 0
        fi
    done
    return 1
}

disk_of() {
    find_disk "$1" && echo "$found"
}

has_disk() {
    find_disk "$1"
}

no_disk() {
    ! has_disk "$1"
}

is_listed() {
    usbip_tool list -r $HOST 2>/dev/null | grep -q " $1: "
}

is_not_listed() {
    ! is_listed "$1"
}

driver_of() {
    basename "$(readlink -f "/sys/bus/usb/devices/$1:1.0/driver")"
}

has_driver() {
    [ "$(driver_of "$1")" = "$2" ]
}

# start_udev: from here on it does what it does on every Debian when a device comes
start_udev() {
    mkdir -p /run/udev
    systemd-udevd --daemon
    udevadm control --ping
}

server_descriptors() {
    read -r pid </tmp/server.pid
    echo /proc/"$pid"/fd/* | wc -w
}

# vhci_is_quiet: nothing is attached, and the kernel is through with what was. In the middle of an
# enumeration that takes up to 5 s, and what is attached meanwhile is taken for the same device and
# stays dead: vhci_hcd gives back no URBs when a connection ends, and its port stays enabled.
vhci_is_quiet() {
    while read -r _ _ state _; do
        case $state in sta | 004) ;; *) return 1 ;; esac
    done </sys/devices/platform/vhci_hcd.0/status
    ! grep -q '+usb_hub_wq' /proc/[0-9]*/comm 2>/dev/null && ! came_over_usbip ''
}

# node_of BUSID: its device node
node_of() {
    read -r bus <"/sys/bus/usb/devices/$1/busnum"
    read -r number <"/sys/bus/usb/devices/$1/devnum"
    printf '/dev/bus/usb/%03d/%03d' "$bus" "$number"
}

# files_are_whole SUMS: on the disk that is plugged in here
files_are_whole() {
    whole=/dev/$(disk_of here)
    e2fsck -f -n "$whole" >/tmp/fsck 2>&1 || { cat /tmp/fsck; return 1; }
    mount -t ext4 -o ro "$whole" /mnt || return 1
    (cd /mnt && md5sum -c "$1")
    status=$?
    umount /mnt
    return $status
}
