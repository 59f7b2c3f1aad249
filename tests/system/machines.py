# SPDX-License-Identifier: Apache-2.0
"""The two machines of a system test: the server, a process; and the client, a Linux guest in QEMU."""

import json
import os
import re
import select
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

QEMU = """qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -machine pc
    -accel tcg,thread={thread},tb-size=256 -cpu qemu64 -m 256 -smp 1
    -device virtio-net-pci,netdev=net,romfile=
    -chardev stdio,id=shell,signal=off -serial chardev:console -serial chardev:shell"""

# An oops ends the guest; the rest is about a faster boot.
KERNEL = """console=ttyS0 panic=-1 oops=panic quiet nokaslr mitigations=off tsc=reliable
    no_timer_check random.trust_cpu=on audit=0 lsm= rcupdate.rcu_expedited=1 cryptomgr.notests
    initcall_blacklist=crypto_kdf108_init,load_system_certificate_list"""


class Failure(Exception):
    """A test's expectation is not met; the text says which."""


class Lines:
    """Lines from a pipe, with a time limit: what hangs ends with a Failure."""

    def __init__(self, pipe, who):
        self.fd, self.who, self.pending = pipe.fileno(), who, b""

    def next(self, deadline):
        while b"\n" not in self.pending:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise Failure(f"{self.who} does not answer in time")
            data = os.read(self.fd, 65536)
            if not data:
                raise Failure(f"{self.who} has ended")
            self.pending += data
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode(errors="replace").rstrip("\r")


def end(process, seconds):
    """Waits for a process, kills it if it does not end; its exit status."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


class Guest:
    """Runs shell scripts in the guest, over its second serial port. `console` is the kernel's log.
    `network` is QEMU's: with "user" the TCP of the connections is the host's, not the guest's.
    `counted`: its clock counts instructions, one is a nanosecond; else it is the host's clock."""

    def __init__(
        self,
        files: Path,
        console: Path,
        options="",
        network="user",
        machine=(),
        initrd=None,
        counted=False,
    ):
        self.console = console
        command = QEMU.format(thread="single" if counted else "multi").split()
        command += ["-icount", "shift=0,sleep=off"] if counted else []
        command += ["-chardev", f"file,id=console,path={console}", *machine]
        command += ["-netdev", f"{network},id=net"]
        command += ["-kernel", files / "vmlinux", "-initrd", initrd or files / "initramfs.cpio"]
        command += ["-append", " ".join(KERNEL.split() + options.split())]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = Lines(self.process.stdout, "the guest")
        self.booted, self.broken = False, None

    def run(self, script: str, seconds=60) -> str:
        """The script's output; a Failure if its status is not 0 or the time is over."""
        if self.broken:
            raise Failure(f"the guest was lost before: {self.broken}")
        if not self.booted:
            self._answer(90)
            self.booted = True
        text = f". /usb.sh\nset -e\n{script}\n.\n"
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()
        return self._answer(seconds)

    def _answer(self, seconds):
        deadline = time.monotonic() + seconds
        output = []
        try:
            while not (line := self.lines.next(deadline)).startswith("@@ "):
                output.append(line)
        except Failure as failure:
            self.broken = failure
            raise Failure("\n".join([str(failure)] + output)) from None
        if line != "@@ 0":
            raise Failure("\n".join([f"in the guest, status {line[3:]}"] + output))
        return "\n".join(output)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Server:
    """A server process on 127.0.0.1; `log` gets what it writes to standard error."""

    def __init__(self, program, options, log: Path, port=3240, http_port=8080):
        self.port, self.http_port, self.log = port, http_port, log
        command = [program, *options, "--no-mdns", "--port", str(port), "--http-port", str(http_port)]
        with open(log, "ab") as stderr:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
            )
        lines = Lines(self.process.stdout, "the server")
        deadline = time.monotonic() + 20
        waiting = {"usbip:", "http:"}
        while waiting:
            line = lines.next(deadline)
            if " listening on " in line:
                waiting.discard(line.split()[0])
        self.descriptors_at_start = self.descriptors()

    def get(self, what):
        url = f"http://127.0.0.1:{self.http_port}/api/v1/{what}"
        with urllib.request.urlopen(url, timeout=10) as reply:
            return json.load(reply)

    def devices(self):
        return self.get("devices")["devices"]

    def sessions(self):
        return self.get("sessions")["sessions"]

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def command(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def carry_out(self, line):
        """Of a server for tests: it says what has become of each command."""
        seen = self.log.stat().st_size
        self.command(line)
        answer = re.compile(f"^{re.escape(line)}: (.*)", re.MULTILINE)

        def answered():
            return answer.search(self.log.read_bytes()[seen:].decode(errors="replace"))

        said = eventually(f"an answer to {line}", answered).group(1)
        if said != "done":
            raise Failure(f"{line}: {said}")

    def stop(self):
        """Exit status after SIGTERM; None: it had to be killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return end(self.process, 20)


def eventually(what, condition, seconds=10):
    """Waits until condition() is true; a Failure with its last value if it never is."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise Failure(f"not within {seconds} s: {what}")
        time.sleep(0.02)
    return value
