#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/keep/usbip-keep with a usbip, a kernel and a clock of the test's own: what it does when, and
what it says. tests/system/keep_tests.py runs it with the real ones."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

import counted  # noqa: E402

KEEP = Path(__file__).resolve().parents[2] / "tools/keep/usbip-keep"

# `sleep` moves the clock, then the test's story goes on; when it is told, the program gets SIGTERM.
SLEEP = """#!/bin/sh
now=$(($(cat $LAB/clock) + $1))
echo $now >$LAB/clock
for at in $(ls $LAB/story | sort -n); do
    [ $at -gt $now ] || { . $LAB/story/$at; rm $LAB/story/$at; }
done
[ $now -lt $(cat $LAB/end) ] || kill -TERM $PPID
"""

DATE = """#!/bin/sh
cat $LAB/clock
"""

# A server: `free` and `list` are what it has; a kernel: a line for each virtual port in `status`.
USBIP = """#!/bin/sh
SYS=$LAB/root/sys/devices/platform/vhci_hcd.0/status
RUN=$LAB/root/var/run/vhci_hcd
[ "$1" = --tcp-port ] && shift 2
echo "$(cat $LAB/clock) $*" >>$LAB/calls
case $1 in
list)
    [ -e $LAB/list ] || { echo "usbip: error: could not connect to $3:3240: Connection refused"; exit 1; }
    cat $LAB/list ;;
attach)
    [ ! -e $LAB/refuse ] || { cat $LAB/refuse; exit 1; }
    port=$(grep -n ' 004 ' $SYS | head -n 1 | cut -d: -f1)
    sed -i "${port}s/ 004 .*/ 006 003 00010002 000003 9-$((port - 1))/" $SYS
    echo "$3 3240 $5" >$RUN/port$((port - 2))
    ;;
detach)
    sed -i "$(($3 + 2))s/ 006 .*/ 004 000 00000000 000000 0-0/" $SYS
    rm $RUN/port$3 ;;
esac
"""

LOSE = "sed -i 's/ 006 .*/ 004 000 00000000 000000 0-0/' $LAB/root/sys/devices/platform/vhci_hcd.0/status"
REFUSED = "usbip: error: tcp connect"
BUSY = "usbip: error: Attach Request for 1-1 failed - Device busy (exported)"

LIST = """Exportable USB devices
======================
 - lab
        1-1: unknown vendor : unknown product (1209:0002)
           : /sys/devices/1-1
           : Mass Storage / SCSI / Bulk-Only (08/06/50)

"""


class Lab(unittest.TestCase):
    def setUp(self):
        self.lab = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.lab)
        for folder in ["bin", "story", "root/var/run/vhci_hcd", "root/sys/devices/platform/vhci_hcd.0"]:
            (self.lab / folder).mkdir(parents=True)
        for name, text in {"sleep": SLEEP, "date": DATE, "usbip": USBIP}.items():
            self.program(name, text)
        self.program("curl", "#!/bin/sh\nexit 7\n")
        (self.lab / "clock").write_text("1000")
        ports = [f"hs  {n:04} 004 000 00000000 000000 0-0" for n in range(4)]
        head = "hub port sta spd dev      sockfd local_busid"
        self.status = self.lab / "root/sys/devices/platform/vhci_hcd.0/status"
        self.status.write_text("\n".join([head, *ports, ""]))

    def program(self, name, text):
        (self.lab / "bin" / name).write_text(text)
        (self.lab / "bin" / name).chmod(0o755)

    def run_keep(self, *arguments, shell=()):
        path = f"{self.lab}/bin:{os.environ['PATH']}"
        env = {"PATH": path, "LAB": str(self.lab), "USBIP_KEEP_ROOT": str(self.lab / "root")}
        return subprocess.run(
            [*shell, KEEP, *arguments], env=env, capture_output=True, text=True, timeout=60
        )

    def keep(self, seconds, *arguments, **story):
        """Its output, when it was told to end after so many seconds; story: at12="shell commands"."""
        for at, commands in story.items():
            (self.lab / "story" / str(1000 + int(at[2:]))).write_text(commands)
        (self.lab / "end").write_text(str(1000 + seconds))
        done = self.run_keep(*(arguments or ["lab", "1-1"]))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [line.removeprefix("usbip-keep: ") for line in done.stdout.splitlines()]

    def calls(self, what):
        lines = (self.lab / "calls").read_text().splitlines()
        return [int(at) - 1000 for at, call in (x.split(" ", 1) for x in lines) if call.startswith(what)]

    def lab_file(self, name, text):
        (self.lab / name).write_text(text)

    def attached_before(self, busid="1-1", host="lab"):
        line = "hs  0002 006 003 00010002 000003 9-3"
        self.status.write_text(self.status.read_text().replace(
            "hs  0002 004 000 00000000 000000 0-0", line))
        self.lab_file("root/var/run/vhci_hcd/port2", f"{host} 3240 {busid}\n")


class Keep(Lab):
    """Attaching and watching."""

    def test_attaches_and_gives_back_when_told_to_end(self):
        self.assertEqual(self.keep(5), [
            "1-1 of lab is attached (virtual port 0)", "1-1 of lab is detached"])
        self.assertNotIn(" 006 ", self.status.read_text())

    def test_comes_back_after_a_restart_of_the_server(self):
        refuse = f"echo '{REFUSED}' >$LAB/refuse; {LOSE}"
        said = self.keep(40, at20=refuse, at23="rm $LAB/refuse")
        self.assertEqual(said, [
            "1-1 of lab is attached (virtual port 0)",
            "1-1 of lab is gone, trying again",
            "1-1 of lab: no answer on port 3240; trying on",
            "1-1 of lab is attached (virtual port 0)",
            "1-1 of lab is detached"])
        self.assertEqual(self.calls("attach"), [0, 21, 23])

    def test_tries_after_1_2_4_5_5_seconds_and_slowly_after_ten_minutes(self):
        self.lab_file("refuse", REFUSED)
        said = self.keep(700)
        at = self.calls("attach")
        self.assertEqual([b - a for a, b in zip(at, at[1:])][:6], [1, 2, 4, 5, 5, 5])
        self.assertEqual([b - a for a, b in zip(at, at[1:])][-2:], [30, 30])
        self.assertEqual(sum(1 for a in at if a < 600), len([0, 1, 3, *range(7, 600, 5)]))
        self.assertEqual(said, ["1-1 of lab: no answer on port 3240; trying on"])

    def test_what_comes_and_goes_is_not_asked_for_each_second(self):
        self.keep(60, **{f"at{n}": LOSE for n in range(1, 60)})
        at = self.calls("attach")
        self.assertLess(len(at), 16)

    def test_a_new_reason_is_told_once(self):
        self.lab_file("refuse", BUSY)
        said = self.keep(60, at20=f"echo '{REFUSED}' >$LAB/refuse")
        self.assertEqual(said, ["1-1 of lab: somebody else has it; trying on",
                                "1-1 of lab: no answer on port 3240; trying on"])

    def test_started_again_it_keeps_what_is_attached(self):
        self.attached_before()
        self.assertEqual(self.keep(20), [
            "1-1 of lab is attached (virtual port 2)", "1-1 of lab is detached"])
        self.assertEqual(self.calls("attach"), [])

    def test_another_servers_device_is_not_its_own(self):
        self.attached_before(host="other")
        self.keep(20)
        self.assertEqual(self.calls("attach"), [0])
        self.assertIn("hs  0002 006", self.status.read_text())

    def test_a_record_of_long_ago_is_not_an_attachment(self):
        self.lab_file("root/var/run/vhci_hcd/port3", "lab 3240 1-1\n")
        self.keep(20)
        self.assertEqual(self.calls("attach"), [0])

    def test_finds_a_device_by_its_id(self):
        self.lab_file("list", LIST)
        said = self.keep(20, "lab", "1209:0002")
        self.assertEqual(said[0], "1209:0002 of lab is attached (virtual port 0)")
        self.assertIn("attach -r lab -b 1-1", (self.lab / "calls").read_text())

    def test_says_when_there_is_none_and_when_there_are_two_of_an_id(self):
        self.lab_file("list", LIST.replace("1209:0002", "1209:0003"))
        two = LIST + LIST.replace("1-1:", "1-2.1:")
        self.lab_file("two", two)
        said = self.keep(40, "lab", "1209:0002", at20="cp $LAB/two $LAB/list")
        self.assertEqual(said, [
            "1209:0002 of lab: no free device 1209:0002; trying on",
            "1209:0002 of lab: several devices 1209:0002, name one: 1-1 1-2.1; trying on"])
        self.assertEqual(self.calls("attach"), [])

    def test_started_again_it_knows_its_device_by_the_id(self):
        self.attached_before("1-7")
        usb = self.lab / "root/sys/bus/usb/devices/9-3"
        usb.mkdir(parents=True)
        (usb / "idVendor").write_text("1209\n")
        (usb / "idProduct").write_text("0002\n")
        said = self.keep(20, "lab", "1209:0002")
        self.assertEqual(said[0], "1209:0002 of lab is attached (virtual port 2)")
        self.assertEqual(self.calls("attach"), [])

    def answers(self, state):
        """The server's HTTP."""
        devices = [{"busid": "1-2", "alias": "other", "serial": "77", "state": "available"},
                   {"busid": "1-1", "alias": "lab.stick", "serial": "0001A", "state": state}]
        self.lab_file("answer", json.dumps({"devices": devices}))
        self.program("curl", "#!/bin/sh\necho \"$@\" >$LAB/url\ncat $LAB/answer\n")

    def test_what_the_server_lost_is_attached_anew(self):
        self.answers("in_use")
        free = self.lab / "answer"
        said = self.keep(130, at70=f"sed -i s/in_use/available/ {free}", at95=f"sed -i s/avail.*e/x/ {free}")
        self.assertEqual(said, [
            "1-1 of lab is attached (virtual port 0)",
            "the server had lost 1-1: attached again",
            "1-1 of lab is detached"])
        self.assertEqual(self.calls("attach"), [0, 90])
        self.assertEqual(self.calls("detach"), [90, 130])
        self.assertIn(":8080/api/v1/devices", (self.lab / "url").read_text())

    def test_what_the_server_lost_is_found_by_alias_and_by_serial(self):
        """They were looked for as busids, and so never attached anew."""
        for name in ["lab.stick", "0001A"]:
            self.answers("in_use")
            said = self.keep(130, "lab", name, at70=f"sed -i s/in_use/available/ {self.lab / 'answer'}")
            self.assertIn(f"the server had lost {name}: attached again", said)
            (self.lab / "clock").write_text("1000")

    def test_a_list_has_to_show_the_device_for_three_minutes(self):
        """After an outage a server may offer what is ours, until our TCP is heard again."""
        self.lab_file("list", LIST)
        self.lab_file("other", LIST.replace("1-1", "1-2"))
        self.keep(500, at150="mv $LAB/list $LAB/down", at179="mv $LAB/down $LAB/list",
                  at200="cp $LAB/list $LAB/free; cp $LAB/other $LAB/list", at215="cp $LAB/free $LAB/list")
        self.assertEqual(self.calls("attach"), [0, 390])
        self.assertEqual(self.calls("detach"), [390, 500])

    def test_what_is_attached_is_not_detached_though_the_list_shows_it(self):
        """A server that lists devices in use, too: it refuses, and nothing is touched."""
        self.lab_file("list", LIST)
        self.keep(400, at10=f"echo '{BUSY}' >$LAB/refuse")
        self.assertEqual(self.calls("attach"), [0, 180, 360])
        self.assertEqual(self.calls("detach"), [400])

    def test_another_reason_of_the_tool_is_shown_as_it_is(self):
        self.lab_file("refuse", "usbip: error: something\nusbip: error: un\033[2Jusual")
        self.assertEqual(self.keep(5), ["1-1 of lab: un[2Jusual; trying on"])


class CommandLine(Lab):
    def refused(self, status, part, *arguments):
        done = self.run_keep(*arguments)
        self.assertEqual(done.returncode, status)
        self.assertIn(part, done.stderr)

    def test_what_is_wrong_is_said(self):
        self.refused(2, "usage:")
        self.refused(2, "usage:", "lab")
        self.refused(2, "usage:", "lab", "1-1", "1-2")
        self.refused(2, "usage:", "--list", "lab", "1-1")
        self.refused(2, "there is no option --lost", "--lost", "lab")
        self.refused(2, "wants a port", "--tcp-port", "0", "lab", "1-1")
        self.refused(2, "wants a port", "--tcp-port")
        self.refused(2, "wants a port", "--http-port", "65536", "--list", "lab")
        self.refused(2, "is no host", "a b", "1-1")
        self.refused(2, "at most 31", "lab", "x" * 32)
        self.refused(2, "is no device", "lab", "")

    def test_help_names_the_version_of_the_project(self):
        cmake = (KEEP.parents[2] / "CMakeLists.txt").read_text()
        self.assertIn(f"VERSION {self.run_keep('--version').stdout.split()[1]}", cmake)
        self.assertIn("Attaches DEVICE", self.run_keep("--help").stdout)

    def test_without_the_module(self):
        shutil.rmtree(self.lab / "root/sys")
        self.program("modprobe", "#!/bin/sh\nexit 1\n")
        self.refused(1, "vhci-hcd cannot be loaded", "lab", "1-1")


DEVICES = {
    "devices": [
        {"busid": "1-1", "id": "1209:0002", "product": "A \"disk\", [1] {x}: \\ é \u001b[2J", "kind": "storage",
         "alias": "boot-disk", "labels": ["a", "b"], "state": "in_use", "obstacle": None,
         "user": {"address": "10.0.0.7", "since_s": 1.5}},
        {"busid": "1-2", "id": "1209:0006", "product": "Hub", "kind": "hub", "state": "hub"},
        {"busid": "1-3", "id": "1209:0009", "product": None, "kind": "other", "state": "unusable", "alias": None,
         "obstacle": {"code": "x", "text": "No power", "help": "Use a hub"}, "user": None},
    ]
}
TABLE = """\
DEVICE          ID         NAME                                STATE
1-1             1209:0002  A "disk", [1] {x}: \\ é \\u001b[2J   in use by 10.0.0.7
  alias boot-disk
1-3             1209:0009                                      unusable
  No power. Use a hub
"""


class List(Lab):
    def curl(self, text):
        self.lab_file("answer", text)
        self.program("curl", "#!/bin/sh\necho \"$@\" >$LAB/url\ncat $LAB/answer\n")

    def shown(self, *arguments, shell=()):
        done = self.run_keep("--list", *arguments, shell=shell)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_shows_who_has_what_and_why(self):
        self.curl(json.dumps(DEVICES).replace("\\u00e9", "é"))
        self.assertEqual(self.shown("lab"), TABLE)
        self.assertIn("http://lab:8080/api/v1/devices", (self.lab / "url").read_text())
        self.shown("--http-port", "81", "fe80::1")
        self.assertIn("http://[fe80::1]:81/", (self.lab / "url").read_text())

    def test_the_guests_awk_reads_the_same(self):
        self.curl(json.dumps(DEVICES, indent=1).replace("\\u00e9", "é"))
        self.program("awk", "#!/bin/sh\nexec busybox awk \"$@\"\n")
        table = TABLE.splitlines()
        self.assertEqual(self.shown("lab", shell=["busybox", "sh"]).splitlines()[2:], table[2:])

    def test_a_long_list(self):
        many = [{**DEVICES["devices"][0], "busid": f"1-{n}"} for n in range(1, 120)]
        self.curl(json.dumps({"devices": many}))
        self.assertEqual(len(self.shown("lab").splitlines()), 1 + 2 * 119)

    def test_a_server_without_our_api(self):
        self.lab_file("list", LIST)
        self.assertEqual(self.shown("lab"), LIST.rstrip("\n") + "\n")

    def test_no_server(self):
        done = self.run_keep("--list", "lab")
        self.assertEqual((done.returncode, done.stderr), (1, "usbip-keep: lab: no answer on port 3240\n"))


if __name__ == "__main__":
    counted.main(__name__)
