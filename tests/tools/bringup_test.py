#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/bringup without a board, a client's kernel or root: what it says when it cannot work, and
how it judges what it finds. tests/system/bringup_tests.py runs it whole."""

import contextlib
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import counted

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOOLS))

from bringup_board import left_behind  # noqa: E402
from bringup_host import RACE, TROUBLE, VHCI, Host  # noqa: E402
from bringup_report import FAIL, NOT_RUN, PASS, Failed, Report, bounded  # noqa: E402

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
ROOT = ["unshare", "--user", "--map-root-user"]


class Program(unittest.TestCase):
    """The program as it is called."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o755)
        for file in TOOLS.glob("bringup*"):
            shutil.copy(file, self.folder)

    def program(self, name, text):
        file = self.folder / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)
        return str(file)

    def bringup(self, *options, before=()):
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        command = [*before, sys.executable, self.folder / "bringup", *options]
        if before:  # another user may not be able to use this one's Python
            command[len(before)] = "/usr/bin/python3"
        done = subprocess.run(
            command, env={"PATH": path}, cwd=self.folder, timeout=60, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.returncode, done.stdout

    def results(self):
        document = json.loads((self.folder / "report" / "report.json").read_text())
        return {line["check"]: line for line in document["results"]}

    def test_needs_root(self):
        before = NOBODY if os.geteuid() == 0 else ()
        status, text = self.bringup("127.0.0.1", before=before)
        self.assertEqual((status, text.count("\n")), (2, 1), text)
        self.assertIn("needs root: run it with sudo, or use --no-attach", text)

    def test_needs_the_usbip_program(self):
        status, text = self.bringup("--no-attach", "--usbip", "/nowhere/usbip", "127.0.0.1")
        self.assertEqual((status, text.count("\n")), (2, 1), text)
        self.assertIn("there is no `usbip` program: apt-get install usbip", text)

    def test_needs_the_kernel_module(self):
        if VHCI.exists():
            self.skipTest("this machine has vhci_hcd")
        self.program("modprobe", "exit 1")
        usbip = self.program("usbip", "exit 0")
        before = () if os.geteuid() == 0 else ROOT
        status, text = self.bringup("--usbip", usbip, "127.0.0.1", before=before)
        self.assertEqual((status, text.count("\n")), (2, 1), text)
        self.assertIn("the kernel module vhci_hcd cannot be loaded", text)

    def test_says_when_nobody_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]  # nobody has it when the server is closed
        usbip = self.program("usbip", "exit 0")
        status, text = self.bringup(
            "--no-attach", "--usbip", usbip, "--port", str(port), "--output", "report", "127.0.0.1"
        )
        self.assertEqual(status, 1, text)
        self.assertIn("no connection to 127.0.0.1:", self.results()["reach"]["text"])
        self.assertIn("| - | reach | FAIL |", (self.folder / "report/report.md").read_text())

    def look_at(self, http_status, body, list_text):
        """A run against a board that answers so."""

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(http_status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        usbip = self.program("usbip", f"cat <<'END'\n{list_text}\nEND")
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            board = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
            stack.callback(board.server_close)
            threading.Thread(target=board.serve_forever, daemon=True).start()
            stack.callback(board.shutdown)
            ports = ["--port", str(listener.getsockname()[1])]
            ports += ["--http-port", str(board.server_address[1])]
            return self.bringup(
                "--no-attach", "--usbip", usbip, *ports, "--output", "report", "127.0.0.1"
            )

    @staticmethod
    def board(devices):
        """One answer to all that is asked."""
        return {"version": "1", "uptime_s": 5, "devices": devices, "sessions": [], "events": []}

    def test_says_when_the_status_is_no_json(self):
        status, text = self.look_at(200, b"<html>", " 1-1: A : B (0001:0002)")
        self.assertEqual(status, 1, text)
        self.assertIn("/api/v1/status is no JSON", self.results()["status before"]["text"])
        self.assertEqual(self.results()["usbip list"]["result"], PASS)

    def test_says_when_http_refuses(self):
        status, text = self.look_at(500, b"no", " 1-1: A : B (0001:0002)")
        self.assertEqual(status, 1, text)
        self.assertEqual(self.results()["healthz"]["text"], "status 500: no")

    def test_shows_a_device_that_cannot_be_exported(self):
        obstacle = {"code": "speed", "text": "Full speed behind a hub.", "help": "Move it."}
        device = {"busid": "1-2.1", "state": "refused", "obstacle": obstacle}
        board = self.board(devices=[device])
        status, text = self.look_at(200, json.dumps(board).encode(), " 1-1: A : B (0001:0002)")
        self.assertEqual(status, 0, text)
        self.assertEqual(self.results()["exported"]["text"], "Full speed behind a hub. Move it.")

    def test_says_when_the_list_is_empty(self):
        board = self.board(devices=[])
        status, text = self.look_at(200, json.dumps(board).encode(), "usbip: info: nothing")
        self.assertEqual(status, 1, text)
        self.assertEqual(self.results()["usbip list"]["text"], "the board exports no device")

    def test_reports_when_it_is_stopped(self):
        usbip = self.program("usbip", '[ "$3" = list ] && exec sleep 60')
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = str(listener.getsockname()[1])
            command = [sys.executable, self.folder / "bringup", "--no-attach", "--usbip", usbip]
            command += ["--port", port, "--http-port", port, "--output", "report", "127.0.0.1"]
            process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True)
            self.addCleanup(process.kill)
            listener.settimeout(20)
            listener.accept()[0].close()
            self.assertIn("reach", process.stdout.readline())
            process.terminate()
            said = process.communicate(timeout=20)[0]
        self.assertEqual(process.returncode, 1, said)
        self.assertEqual(self.results()["run"]["text"], "was stopped before its end")


class Attach(unittest.TestCase):
    """`usbip attach`, which gives up when the kernel is just making another device known."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def host(self, failures, says):
        """With a tool that fails so often."""
        usbip = self.folder / "usbip"
        usbip.write_text(
            f"#!/bin/sh\ncd {self.folder}\necho >>calls\n"
            f'[ "$(wc -l <calls)" -gt {failures} ] || {{ echo "usbip: error: {says}"; exit 1; }}\n'
        )
        usbip.chmod(0o755)
        return Host("127.0.0.1", 3240, str(usbip))

    def calls(self):
        return len((self.folder / "calls").read_text())

    def test_is_tried_again_after_the_race(self):
        self.host(2, RACE).ask_for("1-1")
        self.assertEqual(self.calls(), 3)

    def test_does_not_try_for_ever(self):
        host = self.host(99, RACE)
        self.assertRaisesRegex(Failed, f"fails: usbip: error: {RACE}", host.ask_for, "1-1", 0)

    def test_is_not_tried_again_after_a_refusal(self):
        host = self.host(99, "Attach Request for 1-1 failed - Device busy (exported)")
        self.assertRaisesRegex(Failed, "Device busy", host.ask_for, "1-1")
        self.assertEqual(self.calls(), 1)


class Judgement(unittest.TestCase):
    """What counts as wrong."""

    @staticmethod
    def status(**changes):
        status = {
            "uptime_s": 100, "sessions": [{"id": 3}], "totals": {"protocol_errors": 1},
            "devices": [{"busid": "1-1", "state": "available"}],
        }  # fmt: skip
        return status | changes

    def test_nothing_is_left_behind(self):
        self.assertEqual(left_behind(self.status(), self.status(uptime_s=200)), [])

    def test_sees_a_restart(self):
        started = {"type": "server_started", "text": "server started after a panic"}
        (found,) = left_behind(self.status(), self.status(uptime_s=4, events=[started]))
        self.assertIn("has restarted during this run: server started after a panic", found)

    def test_sees_a_session_that_is_left(self):
        after = self.status(sessions=[{"id": 3}, {"id": 9}])
        self.assertEqual(left_behind(self.status(), after), ["1 sessions are left"])

    def test_sees_devices_that_changed(self):
        after = self.status(devices=[{"busid": "2-1", "state": "available"}])
        found = left_behind(self.status(), after)
        self.assertEqual(found, ["2-1 was not there, is available", "1-1 is gone"])

    def test_sees_protocol_errors(self):
        after = self.status(totals={"protocol_errors": 3})
        self.assertEqual(left_behind(self.status(), after), ["2 protocol errors"])

    def test_knows_the_kernels_complaints(self):
        for line in (
            "usb 1-1: reset high-speed USB device number 2 using vhci_hcd",
            "blk_update_request: I/O error, dev sda, sector 0",
            "usb 1-1: device descriptor read/64, error -110",
            "vhci_hcd: recv xbuf, 0",
        ):
            self.assertTrue(TROUBLE.search(line), line)
        self.assertFalse(TROUBLE.search("usb 1-1: new high-speed USB device number 2"))


class Reports(unittest.TestCase):
    def setUp(self):
        self.said = []
        self.report = Report(1000, self.said.append)

    def check(self, function, **options):
        self.report.check("1-1", "it", function, **options)
        return self.report.results[-1]

    def test_keeps_what_was_found(self):
        line = self.check(lambda: ("fine", {"n": 1}))
        self.assertEqual((line["result"], line["figures"]), (PASS, {"n": 1}))
        self.assertEqual(len(self.said), 1)

    def test_ends_a_check_that_hangs(self):
        never = threading.Event()
        line = self.check(never.wait, seconds=0.05)
        never.set()
        self.assertEqual((line["result"], line["text"]), (FAIL, "not finished within 0.05 s"))

    def test_runs_nothing_when_the_time_is_over(self):
        self.report = Report(0, self.said.append)
        line = self.check(lambda: self.fail("was run"))
        self.assertEqual(line["result"], NOT_RUN)

    def test_survives_a_fault_of_its_own(self):
        line = self.check(lambda: {}["missing"])
        self.assertEqual(line["result"], FAIL)
        self.assertIn("fault in this program: KeyError", line["text"])

    def test_makes_one_line_of_each(self):
        self.report.add("1-1", "it", FAIL, "a|b\nc")
        self.assertIn("| 1-1 | it | FAIL | a\\|b c |\n", self.report.markdown())
        self.assertIn("\n0 PASS, 1 FAIL, 0 NOT RUN\n", self.report.markdown())

    def test_hands_on_what_went_wrong(self):
        def broken():
            raise Failed("so")

        self.assertRaisesRegex(Failed, "^so$", bounded, 10, broken)


if __name__ == "__main__":
    counted.main(__name__)
