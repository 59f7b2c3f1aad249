# SPDX-License-Identifier: Apache-2.0
"""Rules and names, with the kernel's client. The guest's connections come from 127.0.0.1."""

import json
import signal

from lab import expect, test
from machines import eventually

SCRIPT = "TCP=3247\n"


def change(lab, document):
    """The administrator's document becomes this one, at run time."""
    lab.access_config.write_text(json.dumps({"version": 2, **document}))
    lab.access_server.process.send_signal(signal.SIGHUP)
    eventually("the document is read", lambda: "is read again" in new_log(lab))
    lab.access_seen = len(lab.access_server.log.read_text())


def new_log(lab):
    return lab.access_server.log.read_text()[lab.access_seen :]


NAMES = {"devices": [{"busid": "1-1", "alias": "lab.stick"}]}
OPEN = {"access": {"mode": "open"}, **NAMES}
CLOSED = {"access": {"mode": "closed", "allow": [{"address": "192.0.2.0/24", "note": "others"}]}, **NAMES}
MANUAL = {"export": "manual", "devices": [{"busid": "1-1", "alias": "lab.stick", "exported": True}]}
HIDDEN = {"access": {"rules": [{"device": {"class": "08"}, "addresses": ["127.0.0.1"], "effect": "hide"}]}}


@test
def access_closed_mode_refuses(lab):
    change(lab, CLOSED)
    text = lab.guest.run(SCRIPT + "usbip_tool list -r $HOST 2>&1 || true")
    expect("1-1" not in text, f"a device is listed:\n{text}")
    for name in ("1-1", "lab.stick", "9-9"):
        text = lab.guest.run(SCRIPT + f"! usbip_tool attach -r $HOST -b {name} 2>&1")
        expect("Device not found" in text, f"{name}: {text}")


@test
def access_attach_by_alias_until_the_rules_end_it(lab):
    change(lab, OPEN)
    text = lab.guest.run(SCRIPT + """
        usbip_tool attach -r $HOST -b lab.stick
        wait_for 20 present 1-1
        dd if=/dev/sda of=/dev/null bs=64k count=16 2>&1""")
    expect("16+0 records in" in text, text)
    busids = [s["busid"] for s in lab.access_server.sessions()]
    expect(busids == ["1-1"], f"the server's session has {busids}")
    change(lab, HIDDEN)
    lab.guest.run(SCRIPT + "wait_for 20 gone 1-1; ! usbip_tool attach -r $HOST -b 1-1 2>/tmp/attach; dmesg -c >/tmp/dmesg")
    eventually("no session is left", lambda: not lab.access_server.sessions())
    log = lab.access_server.log.read_text()
    expect("may not keep 1-1: hidden by rule 1" in log, f"no event of the rule in:\n{log}")


@test
def access_closed_mode_ends_a_session(lab):
    change(lab, OPEN)
    lab.guest.run(SCRIPT + "usbip_tool attach -r $HOST -b 1-1; wait_for 20 present 1-1")
    change(lab, CLOSED)
    lab.guest.run(SCRIPT + "wait_for 20 gone 1-1; dmesg -c >/tmp/dmesg")
    eventually("no session is left", lambda: not lab.access_server.sessions())
    log = lab.access_server.log.read_text()
    expect("may not keep 1-1: the address is not on the list" in log, f"no event in:\n{log}")


@test
def access_manual_export_shows_only_what_is_named(lab):
    change(lab, MANUAL)
    text = lab.guest.run(SCRIPT + "usbip_tool list -r $HOST")
    expect("1-1:" in text and "1-2.1:" not in text and "1-3:" not in text, text)
    text = lab.guest.run(SCRIPT + "! usbip_tool attach -r $HOST -b 1-3 2>&1")
    expect("Device not found" in text, text)
    lab.guest.run(SCRIPT + """
        usbip_tool attach -r $HOST -b lab.stick
        wait_for 20 present 1-1""")
    change(lab, {"export": "manual"})
    lab.guest.run(SCRIPT + "wait_for 20 gone 1-1; dmesg -c >/tmp/dmesg")
    eventually("no session is left", lambda: not lab.access_server.sessions())
    log = lab.access_server.log.read_text()
    expect("may not keep 1-1: the device is not exported: export is manual" in log, f"no event in:\n{log}")
