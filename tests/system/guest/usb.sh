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
        usleep 20000
        read -r up _ </proc/uptime
        [ "${up%.*}" -lt "$end" ] || { echo "not within $seconds s: $*"; return 1; }
    done
}

# present BUSID: the device is attached and its driver has made something of it
present() {
    case $1 in
    1-1) true 2>/dev/null </dev/sda ;; # a disk's node comes before the disk can be opened
    1-2.1) set -- /sys/bus/hid/devices/*:1209:0003.* && [ -e "$1" ] && [ -e "${2:-}" ] ;;
    1-2.2) [ -c /dev/ttyACM0 ] ;;
    1-3) set -- /sys/bus/usb/drivers/usbtest/*:* && [ -e "$1" ] ;;
    esac
}

gone() {
    case $1 in
    1-1) ! [ -e /dev/sda ] ;;
    1-2.1 | 1-2.2 | 1-3) ! present "$1" ;;
    esac
}

attach() {
    usbip_tool attach -r $HOST -b "$1"
}

attach_wait() {
    attach "$1" && wait_for 20 present "$1"
}

# port_free NUMBER: with four digits, as the kernel writes it
port_free() {
    while read -r _ port state _; do
        [ "$port" != "$1" ] || [ "$state" != 004 ] || return 0
    done </sys/devices/platform/vhci_hcd.0/status
    return 1
}

detach_port() {
    usbip detach -p "$1" >/tmp/detach 2>&1
}

# The tool keeps "ADDRESS PORT BUSID" of what it attached in files named by the vhci port. It fails
# ("open vhci_driver") while the kernel has given a device its address but not yet shown it in
# sysfs: tried again.
# give_back BUSID: detaches what was attached under the server's busid; detach waits for its end, too
give_back() {
    for record in /var/run/vhci_hcd/port*; do
        [ -e "$record" ] || continue
        read -r _ _ busid <"$record"
        if [ "$busid" = "$1" ]; then
            number=${record##*port}
            wait_for 10 detach_port "$number" || { cat /tmp/detach; return 1; }
            wait_for 10 port_free "$(printf %04d "$number")" || return 1
        fi
    done
}

detach() {
    give_back "$1" && wait_for 20 gone "$1"
}

detach_all() {
    for id in 1-1 1-2.1 1-2.2 1-3; do
        detach "$id" || return 1
    done
}

# usbtest_node: the node of the device that the usbtest driver has
usbtest_node() {
    for interface in /sys/bus/usb/drivers/usbtest/*:*; do
        read -r bus <"$interface/../busnum"
        read -r number <"$interface/../devnum"
        printf '/dev/bus/usb/%03d/%03d' "$bus" "$number"
    done
}
