#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server announced by the real Avahi daemon, in a network and with a D-Bus of the test's own. Started by `run`;
USBIP_SERVER is the program to test."""

import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import counted  # noqa: E402

BUS = """<busconfig>
<type>system</type><listen>unix:path={0}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/></policy></busconfig>"""
AVAHI = """[server]
host-name=lab-host
use-ipv6=no
[publish]
publish-workstation=no
[rlimits]
"""


def within(seconds, what, condition):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return value


class Mdns(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={self.folder}/bus"
        (self.folder / "bus.conf").write_text(BUS.format(self.folder))
        (self.folder / "avahi.conf").write_text(AVAHI)
        self.log = open(self.folder / "log", "w+")
        self.addCleanup(self.log.close)

    def start(self, *command):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self.log)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        process.terminate()
        return process.wait(20)

    def bus(self):
        bus = self.start("dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork")
        within(10, "D-Bus", (self.folder / "bus").exists)
        return bus

    def avahi(self):
        Path("/run/avahi-daemon").mkdir(exist_ok=True)
        command = ["avahi-daemon", "-f", f"{self.folder}/avahi.conf", "--no-drop-root", "--no-chroot", "--no-rlimits"]
        process = self.start(*command)
        ask = ["dbus-send", "--system", "--print-reply", "--dest=org.freedesktop.Avahi", "/",
               "org.freedesktop.Avahi.Server.GetState"]
        within(20, "Avahi", lambda: "int32 2" in subprocess.run(ask, capture_output=True, text=True).stdout)
        return process

    def server(self, *options):
        program = os.environ["USBIP_SERVER"]
        return self.start(program, "--sim", "disk,zero", *options)

    def found(self, kind="_usbip._tcp"):
        """name -> (port, text) of what is announced."""
        lines = subprocess.run(
            ["avahi-browse", "--resolve", "--terminate", "--parsable", kind], capture_output=True, text=True
        ).stdout.splitlines()
        rows = [line.split(";") for line in lines if line.startswith("=")]
        return {row[3]: (int(row[8]), row[9]) for row in rows}

    def logged(self):
        self.log.flush()
        return (self.folder / "log").read_text()

    def test_is_found_with_what_programs_want_to_know(self):
        self.bus()
        self.avahi()
        self.server("--https-port", "8443")
        name = os.uname().nodename
        within(20, "two devices", lambda: "devices=2" in self.found().get(name, (0, ""))[1])
        port, text = self.found()[name]
        self.assertEqual(port, 3240)
        for word in ["txtvers=1", "api=/api/v1", "board=linux", "version=0.", "id="]:
            self.assertIn(f'"{word}', text)
        self.assertEqual(self.found("_http._tcp")[name], (8080, '"path=/"'))
        self.assertEqual(self.found("_https._tcp")[name], (8443, '"path=/"'))

    def test_follows_devices_and_the_name(self):
        self.bus()
        self.avahi()
        self.server()
        name = os.uname().nodename
        within(20, "two devices", lambda: "devices=2" in self.found().get(name, (0, ""))[1])
        self.post("devices/1-1/unplug", {})
        within(20, "one device", lambda: "devices=1" in self.found()[name][1])
        self.post("settings", {"host_name": "lab-box"}, "PATCH")
        within(20, "its name", lambda: list(self.found()) == ["lab-box"])

    def post(self, path, body, method="POST"):
        headers = {"Content-Type": "application/json", "If-Match": "*"}
        url = f"http://127.0.0.1:8080/api/v1/{path}"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
        urllib.request.urlopen(request, timeout=10).close()

    def test_is_gone_when_it_has_ended(self):
        self.bus()
        self.avahi()
        server = self.server()
        within(20, "it", self.found)
        self.assertEqual(self.end(server), 0)
        within(20, "nothing", lambda: not self.found())

    def test_two_servers_have_two_names(self):
        self.bus()
        self.avahi()
        self.server()
        self.server("--port", "3241", "--http-port", "8081")
        within(20, "both", lambda: {port for port, _ in self.found().values()} == {3240, 3241})
        self.assertIn("announced as ", self.logged())

    def test_comes_when_the_daemon_comes_and_comes_again(self):
        self.server()
        within(20, "a word about it", lambda: "not announced on the local network" in self.logged())
        bus = self.bus()
        avahi = self.avahi()
        within(30, "it", self.found)
        self.end(avahi)
        within(20, "a second word", lambda: self.logged().count("not announced") == 2)
        self.avahi()
        within(30, "it again", self.found)
        self.end(bus)
        self.bus()
        self.avahi()
        within(40, "it with a new bus", self.found)

    def test_is_not_announced_if_nobody_may_or_can_come(self):
        self.bus()
        self.avahi()
        self.server("--no-mdns")
        self.server("--listen", "127.0.0.1", "--port", "3241", "--http-port", "8081")
        within(20, "start", lambda: self.logged().count("server started") == 2)
        time.sleep(3)
        self.assertEqual(self.found(), {})


if __name__ == "__main__":
    counted.main(__name__)
