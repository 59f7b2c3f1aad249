# SPDX-License-Identifier: Apache-2.0
"""What a test gets to work with, and how tests are listed, run and reported."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

from machines import Failure, Guest, Server

# Typed by the keyboard about 2 s after its configuration is set.
TYPED = "Hello USB/IP 42!"
DEVICES = f"disk,keyboard:text={TYPED},serial,zero"
BUSIDS = ["1-1", "1-2.1", "1-2.2", "1-3"]

# Besides a headset. Those without a place of their own get 1-5, 1-6 ... in this order.
CLASS_DEVICES = (
    "disk,disk:uas,disk:speed=super,serial:count=4,camera,camera:payload=3072,camera:bulk,multi"
)

# `./dev test --long`: loops run whole.
LONG = bool(os.environ.get("USBIP_TEST_LONG"))

TESTS = []

# The host's end of the holder's cable. The guest thinks of the server as 10.0.2.2.
CABLE = "cable"


def cable(state):
    commands = {
        "new": [f"tunctl -t {CABLE}", f"ip addr add 10.0.2.2/24 dev {CABLE}"],
        "up": [f"ip link set {CABLE} up"],
        "down": [f"ip link set {CABLE} down"],
    }
    for command in commands[state]:
        subprocess.run(["busybox", *command.split()], check=True, stdout=subprocess.DEVNULL)


class Skip(Exception):
    """The test has no meaning on this machine; the text says why."""


def test(function):
    """Lists a test: a function of the lab that raises Failure or Skip, or returns."""
    TESTS.append(function)
    return function


def expect(condition, message):
    if not condition:
        raise Failure(message)


class Lab:
    """The machines, each started when a test first asks for it."""

    def __init__(self, program: Path, guest_files: Path, logs: Path):
        self.program, self.guest_files, self.logs = program, guest_files, logs
        self.machines = {}
        self.has_cable = False
        self.access_seen = 0  # characters of the access server's log

    def _machine(self, name, start):
        if name not in self.machines:
            self.machines[name] = start()
        return self.machines[name]

    @property
    def server(self) -> Server:
        """The product."""
        return self._machine("server", self._start_server)

    @property
    def plug_server(self) -> Server:
        """The same parts, with devices that can be pulled at run time: its stdin takes commands."""
        return self._machine("plug_server", lambda: self._start_with_plug("plug_server", 3241))

    def zero_server(self, speed) -> Server:
        """The same, with a Gadget Zero of that speed, on port 3242 (high) or 3243 (full)."""
        name, port = f"zero_server_{speed}", {"high": 3242, "full": 3243}[speed]
        options = ["--sim", f"zero:speed={speed}"]
        return self._machine(name, lambda: self._start_with_plug(name, port, options))

    @property
    def class_server(self) -> Server:
        """Devices for the kernel's class drivers."""
        options = ["--sim", f"audio:record={self.audio_record},{CLASS_DEVICES}"]
        log = self.logs / "class_server.log"
        return self._machine("class_server", lambda: Server(self.program, options, log, 3244, 8084))

    BRINGUP_BUSIDS = [*BUSIDS, "1-5"]

    @property
    def bringup_server(self) -> Server:
        """For tools/bringup: the devices, and a disk that is empty."""
        return self._machine("bringup_server", self._start_bringup_server)

    @property
    def empty_disk(self) -> Path:
        return self.logs / "empty_disk"

    def _start_bringup_server(self):
        self.empty_disk.write_bytes(bytes(8 << 20))
        options = ["--sim", f"{DEVICES},disk:file={self.empty_disk}"]
        return Server(self.program, options, self.logs / "bringup_server.log", 3245, 8085)

    @property
    def audio_record(self) -> Path:
        """What the audio device of the class server has played."""
        return self.logs / "played.pcm"

    @property
    def guest(self) -> Guest:
        return self._machine("guest", self._start_guest)

    def _start_server(self):
        return Server(self.program, ["--sim", DEVICES], self.logs / "server.log")

    @property
    def usbtest_guest(self) -> Guest:
        """One for usbtest alone. The driver calls usb_unlink_urb() in a loop without a pause as long
        as vhci_hcd says that the URB is about to be given back, which the thread that reads the
        connection has to do: on one CPU that takes a kernel that can preempt the loop."""
        return self._machine(
            "usbtest_guest",
            lambda: Guest(self.guest_files, self.logs / "usbtest_console.log", "preempt=full"),
        )

    @property
    def holder_server(self) -> Server:
        """Two disks, 1-1 and 1-5."""
        log = self.logs / "holder_server.log"
        return self._machine(
            "holder_server", lambda: Server(self.program, ["--sim", "disk,disk"], log, 3246, 8086)
        )

    @property
    def access_config(self) -> Path:
        return self.logs / "access.json"

    @property
    def access_server(self) -> Server:
        """One whose rules and names change at run time."""
        return self._machine("access_server", self._start_access_server)

    def _start_access_server(self):
        if not self.access_config.exists():
            self.access_config.write_text('{"version": 2}')
        options = ["--sim", "disk", "--config", self.access_config]
        return Server(self.program, options, self.logs / "access_server.log", 3247, 8087)

    @property
    def keep_server(self) -> Server:
        """One that goes and comes: for usbip-keep."""
        return self._machine("keep_server", lambda: self._start_with_plug("keep_server", 3248))

    @property
    def chip_server(self) -> Server:
        """The product with the chip's backend (tests/firmware/server_on_chip.c): nothing is plugged in."""
        program, log = self.program.parent / "server_on_chip", self.logs / "chip_server.log"
        options = ["--usb", "--sim", "none"]
        return self._machine("chip_server", lambda: Server(program, options, log, 3250, 8090))

    def keep_server_dies(self):
        """At once; the next one is as it was."""
        server = self.machines.pop("keep_server")
        server.process.kill()
        server.process.wait()

    @property
    def holder(self) -> Guest:
        """A client whose own TCP reaches the server, over a cable that can be pulled."""
        return self._machine("holder", self._start_holder)

    def _start_holder(self):
        if not self.has_cable:
            cable("new")
            cable("up")
        self.has_cable = True
        network = f"tap,ifname={CABLE},script=no,downscript=no"
        return Guest(self.guest_files, self.logs / "holder_console.log", network=network)

    def holder_dies(self):
        """As if by a power cut. The next holder is the same machine, booted again."""
        self.machines.pop("holder").stop()

    def _start_with_plug(self, name, port, options=()):
        program, http_port = self.program.parent / "server_with_plug", port - 3241 + 8081
        return Server(program, options, self.logs / f"{name}.log", port, http_port)

    def _start_guest(self):
        assert self.server, "the scripts in the guest want it"
        return Guest(self.guest_files, self.logs / "guest_console.log")

    def let_go(self):
        """After a failed test: the guest gives all devices back, as the next test expects."""
        if "guest" in self.machines:
            with contextlib.suppress(Failure):
                self.guest.run("umount /mnt 2>/tmp/umount || true; detach_all; dmesg -c >/tmp/dmesg")

    def stop(self):
        for machine in self.machines.values():
            machine.stop()


def _log_sizes(logs):
    return {log: log.stat().st_size for log in logs.glob("*.log")}


def _print_new_lines(logs, before, count=40):
    """What the logs got since, so that a failure shows the guest's kernel and the server."""
    for log in sorted(logs.glob("*.log")):
        with open(log, "rb") as file:
            file.seek(before.get(log, 0))
            lines = file.read().decode(errors="replace").splitlines()
        if lines:
            print(f"  --- {log.stem}, last lines:")
            print("\n".join(f"  {line}" for line in lines[-count:]))


def _run_one(function, lab):
    before, start = _log_sizes(lab.logs), time.monotonic()
    name, how, why = function.__name__, "passed", ""
    try:
        function(lab)
    except Skip as skip:
        how, why = "skipped", str(skip)
    except Exception as error:  # a broken test is a failed one, and the others still run
        how, why = "failed", str(error) if isinstance(error, Failure) else repr(error)
    word = {"passed": "ok", "failed": "FAILED", "skipped": "SKIPPED"}[how]
    print(f"{word} {name} ({time.monotonic() - start:.1f} s)" + (f" {why}" if why else ""))
    if how == "failed":
        _print_new_lines(lab.logs, before)
        lab.let_go()
    sys.stdout.flush()
    return how


def run_tests(lab, wanted) -> bool:
    """Runs the tests whose names contain one of `wanted` (all if empty); whether none failed."""
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for function in TESTS:
        if not wanted or any(part in function.__name__ for part in wanted):
            count[_run_one(function, lab)] += 1
    print("# tests: {passed} passed, {failed} failed, {skipped} skipped".format(**count))
    return count["failed"] == 0 and count["passed"] > 0
