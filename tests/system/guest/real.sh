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
    rm -f /tmp/server.status
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

is_vhci() {
    case $(readlink -f "$1") in
    */vhci_hcd*) return 0 ;;
    esac
    return 1
}

# real_busid PRODUCT: of the device plugged into this machine that has it in its name
real_busid() {
    for device in /sys/bus/usb/devices/*-*; do
        if ! [ -e "$device/product" ] || is_vhci "$device"; then continue; fi
        if grep -q "$1" "$device/product"; then
            basename "$device"
            return 0
        fi
    done
    return 1
}

# came_over_usbip PRODUCT: such a device is attached
came_over_usbip() {
    for device in /sys/bus/usb/devices/*-*; do
        [ ! -e "$device/product" ] || ! is_vhci "$device" || ! grep -q "$1" "$device/product" || return 0
    done
    return 1
}

# real_disk, usbip_disk: the name of the disk that is plugged in here, or came over USB/IP
disk_of() {
    for block in /sys/block/sd*; do
        [ -e "$block" ] || continue
        if [ "$1" = usbip ]; then is_vhci "$block" || continue; else ! is_vhci "$block" || continue; fi
        # the node comes before the disk can be opened
        ! true 2>/dev/null </dev/"${block##*/}" || { echo "${block##*/}"; return 0; }
    done
    return 1
}

has_disk() {
    disk_of "$1" >/dev/null
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
