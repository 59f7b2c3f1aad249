# SPDX-License-Identifier: Apache-2.0
"""The power of a hub's ports, on the server that is in the guest: QEMU's hub and the guest's kernel."""

from lab import test
from real_lab import real

MOUSE = "usb-mouse,id=mouse,bus=xhci.0,port=6.2"

# Busybox has no PUT.
WORDS = r"""
ask() { # METHOD PORT BODY [ports | devices]
    printf '%s /api/v1/%s/%s/power HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %s\r\n\r\n%s' \
        "$1" "${4:-ports}" "$2" "${#3}" "$3" | nc 127.0.0.1 8080 >/tmp/answer
    cat /tmp/answer
}
switch() { ask PUT "$1" "$2" | grep -q '^HTTP/1.1 202'; }
says() { [ "$(ask GET "$1" '' | tail -n 1)" = "$2" ]; }
is_there() { [ -e "/sys/bus/usb/devices/$1/product" ]; }
is_gone() { ! is_there "$1"; }
kernel_says() { [ "$(cat "/sys/bus/usb/devices/$1/$1:1.0/$1-port$2/disable")" = "$3" ]; }
"""


@test
def real_hub_switches_the_power_of_a_port(lab):
    machine = real(lab)
    machine.plug(MOUSE)
    machine.run(
        WORDS
        + """
        wait_for 20 real_busid Mouse >/tmp/mouse
        mouse=$(real_busid Mouse)
        hub=${mouse%.*}
        wait_for 20 is_listed $mouse
        says $mouse 1
        says $hub.5 1       # nothing is in it
        switch $mouse 0
        wait_for 20 is_gone $mouse
        says $mouse 0
        kernel_says $hub ${mouse##*.} 1
        sleep 1             # it stays so
        is_gone $mouse
        switch $mouse 1
        wait_for 20 is_there $mouse
        says $mouse 1
        wait_for 20 is_listed $mouse
        grep -q "port $mouse has no power now" /tmp/server.log
        # QEMU's root hub says that it has no switches, as most of those in PCs do.
        ask PUT $hub 0 | grep -q 'cannot switch power'
        is_there $mouse"""
    )


@test
def real_port_that_is_off_for_a_while_has_power_when_the_server_ends(lab):
    machine = real(lab)
    machine.run(
        WORDS
        + """
        mouse=$(real_busid Mouse)
        ask PUT $mouse '{"cycle_s": 200}' devices | grep -q '^HTTP/1.1 202'
        wait_for 20 is_gone $mouse
        says $mouse 0
        stop_server || { cat /tmp/server.log; exit 1; }
        wait_for 20 is_there $mouse
        start_server"""
    )
    machine.pull("mouse")
