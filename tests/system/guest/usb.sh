# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
# What the tests' scripts have in common; read by each of them in the guest. TCP: the server's port.
HOST=10.0.2.2

usbip_tool() {
    usbip --tcp-port "${TCP:-3240}" "$@"
}

# wait_for SECONDS COMMAND...: until the command succeeds
wait_for() {
    seconds=$1
    shift
    read -r up _ </proc/uptime
    end=$((${up%.*} + seconds + 1))
    until "$@"; do
        usleep 10000
        read -r up _ </proc/uptime
        [ "${up%.*}" -lt "$end" ] || { echo "not within $seconds s: $*"; return 1; }
    done
}

# present BUSID: the device is attached and its driver has made something of it
present() {
    case $1 in
    1-1) [ -b /dev/sda ] ;;
    1-2.1) set -- /sys/bus/hid/devices/*:1209:0003.* && [ -e "$1" ] && [ -e "${2:-}" ] ;;
    1-2.2) [ -c /dev/ttyACM0 ] ;;
    1-3) set -- /sys/bus/usb/drivers/usbtest/*:* && [ -e "$1" ] ;;
    esac
}

gone() {
    ! present "$1"
}

attach() {
    usbip_tool attach -r $HOST -b "$1"
}

attach_wait() {
    attach "$1" && wait_for 20 present "$1"
}

# The tool keeps "ADDRESS PORT BUSID" of what it attached in files named by the vhci port.
detach() {
    for record in /var/run/vhci_hcd/port*; do
        [ -e "$record" ] || continue
        read -r _ _ busid <"$record"
        if [ "$busid" = "$1" ]; then
            usbip detach -p "${record##*port}" >/tmp/detach 2>&1 || { cat /tmp/detach; return 1; }
        fi
    done
}

detach_wait() {
    detach "$1" && wait_for 20 gone "$1"
}

detach_all() {
    for id in 1-1 1-2.1 1-2.2 1-3; do
        detach_wait "$id" || return 1
    done
}
