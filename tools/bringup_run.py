# SPDX-License-Identifier: Apache-2.0
"""One run: which checks, in which order, on which devices."""

import threading
import time

import bringup_checks
import bringup_disk
from bringup_board import compare
from bringup_host import KernelLog
from bringup_report import FAIL, NOT_RUN, PASS, Failed, NotRun, figures_of


def kernel_log():
    try:
        return KernelLog()
    except OSError:
        return None


class Run:
    """`given`: the options. Everything that is found goes to `report`."""

    def __init__(self, given, host, board, report):
        self.given, self.host, self.board, self.report = given, host, board, report
        self.before, self.log, self.attached = None, None, None

    def look(self):
        """Bus ids to try; empty if the board cannot be reached."""
        if not self.report.check("-", "reach", self.board.reach):
            return []
        self.report.check("-", "healthz", self.board.health)
        self.report.check("-", "status before", self.status_before)
        listed = []

        def ask():
            listed.extend(self.host.listed())
            if not listed:
                raise Failed("the board exports no device")
            return f"{len(listed)} devices: {' '.join(listed)}", {}

        self.report.check("-", "usbip list", ask)
        for busid in self.given.busid or []:
            if busid not in listed:
                self.report.add(busid, "listed", FAIL, "the board does not export it")
        return [busid for busid in listed if not self.given.busid or busid in self.given.busid]

    def status_before(self):
        self.before = self.board.status()
        self.report.status["before"] = self.before
        self.report.about["version"] = str(self.before["version"])
        for device in self.before["devices"]:
            if obstacle := device.get("obstacle"):
                words = f"{obstacle['text']} {obstacle['help']}"
                self.report.add(device["busid"], "exported", NOT_RUN, words)
        return f"version {self.before['version']}, up for {self.before['uptime_s']:.0f} s", {}

    def kernel_log(self):
        if self.log is None:
            raise NotRun("the kernel's log cannot be read")
        trouble = self.log.trouble()
        if trouble:
            raise Failed("; ".join(trouble[:8]))
        return "no complaint", {}

    def attach(self, busid):
        start = time.monotonic()
        device = self.host.attach(busid)
        seconds = time.monotonic() - start
        self.attached = device
        return f"{device.words()}; ready after {seconds:.2f} s", {"ready_s": round(seconds, 3)}

    def detach(self, busid):
        self.host.detach(busid)
        return "given back", {}

    def one_device(self, busid):
        check, given = self.report.check, self.given
        if not check(busid, "attach", self.attach, busid, seconds=90):
            self.host.give_back()
            return
        device = self.attached
        check(busid, "round trip", bringup_checks.round_trip, device, given.requests)
        for name, function, seconds in bringup_checks.of_device(device):
            check(busid, name, function, device, given, seconds=seconds)
        check(busid, "kernel log", self.kernel_log)
        if check(busid, "detach", self.detach, busid) and given.rounds:
            check(busid, "attach again", self.again, busid, seconds=30 * given.rounds)
            check(busid, "detach while busy", self.in_the_middle, busid, seconds=60 * given.rounds)
        self.host.give_back()

    def again(self, busid):
        """Attached and detached, without any check in between."""
        times = []
        for number in range(self.given.rounds):
            start = time.monotonic()
            try:
                self.host.attach(busid)
                times.append(time.monotonic() - start)
                self.host.detach(busid)
            except Failed as error:
                raise Failed(f"round {number + 1}: {error}") from None
        trouble = self.log.trouble() if self.log else []
        if trouble:
            raise Failed(f"the kernel says: {'; '.join(trouble[:4])}")
        text, figures = figures_of(times)
        return f"{len(times)} times: {text}", figures

    def in_the_middle(self, busid):
        """Detached while it is used: what is on its way must be taken back, and it works again."""
        times = []
        for number in range(self.given.rounds):
            user = bringup_checks.keep_busy(self.host.attach(busid))
            time.sleep(0.3)
            start = time.monotonic()
            self.host.detach(busid)
            times.append(time.monotonic() - start)
            user.join(30)
            if user.is_alive():
                raise Failed(f"round {number + 1}: its user still waits for an answer")
        device = self.host.attach(busid)
        bringup_checks.round_trip(device, self.given.requests)
        self.host.detach(busid)
        if self.log:
            self.log.lines()  # complaints about what was pulled away are right
        text, figures = figures_of(times)
        return f"{len(times)} times: {text}; it answers again", figures

    def together(self, busids):
        """All attached at once; then all are used at the same time."""
        devices = [self.host.attach(busid) for busid in busids]
        errors, words, figures = [], [], {}

        def use(device):
            try:
                if bringup_checks.STORAGE in device.classes():
                    text, found = bringup_disk.reads_same(device, self.given)
                    figures[device.busid] = found["read_mib_per_s"]
                    words.append(f"{device.busid} {found['read_mib_per_s']} MiB/s")
                else:
                    text, found = bringup_checks.round_trip(device, self.given.requests)
                    words.append(f"{device.busid} {found['median_ms']} ms")
            except NotRun:
                words.append(f"{device.busid} without a medium")
            except Exception as error:
                errors.append(f"{device.busid}: {error}")

        threads = [threading.Thread(target=use, args=[d], daemon=True) for d in devices]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise Failed("; ".join(errors))
        return f"{len(devices)} devices: {', '.join(sorted(words))}", figures

    def all(self):
        busids = self.look()
        if self.given.no_attach:
            return
        self.log = kernel_log()
        for busid in busids:
            self.one_device(busid)
        if len(busids) > 1:
            self.report.check("all", "at once", self.together, busids, seconds=600)
            self.report.check("all", "kernel log", self.kernel_log)
        left = self.host.give_back()
        result, text = (FAIL, f"not detached: {left}") if left else (PASS, "nothing is attached")
        self.report.add("all", "given back", result, text)
        self.report.check("-", "status after", compare, self.before, self.board)
