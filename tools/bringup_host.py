# SPDX-License-Identifier: Apache-2.0
"""This Linux machine as the client: the `usbip` tool, vhci_hcd, sysfs and the kernel's log."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from bringup_report import Failed

VHCI = Path("/sys/devices/platform/vhci_hcd.0")
RECORDS = Path("/var/run/vhci_hcd")  # the tool keeps "ADDRESS PORT BUSID" in port0, port1 ...
USB_DEVICES = Path("/sys/bus/usb/devices")
PORT_FREE, PORT_USED = 4, 6  # the column "sta" of vhci_hcd's status

# What the kernel says when a device, the network or the server did something wrong.
TROUBLE = re.compile(
    r"I/O error|reset .* USB device|device descriptor read|device not accepting|timed out"
    r"|Call Trace|cannot find a urb|unknown pdu|recv xbuf|urb->status 0|blocked for more than"
)

RACE = "open vhci_driver"  # what the tool says then


class Missing(Exception):
    """This machine cannot do it; the text says what is missing and how to get it."""


def tool(name, path=None):
    """The program's path; None if there is none. The sbin folders are not in everybody's PATH."""
    path = os.environ.get("PATH", "") if path is None else path
    return shutil.which(name, path=f"{path}:/usr/sbin:/sbin")


def run(command, seconds=30):
    """Exit status and output, both streams together."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=seconds, check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"`{' '.join(command)}` has not ended within {seconds} s") from None
    return done.returncode, done.stdout.decode(errors="replace").strip()


def wait_for(what, condition, seconds=20):
    """The value of condition() as soon as it is true."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.01)
    return value


def read_text(path):
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


class Device:
    """A device of the board as this machine has it. `local`: its bus id here."""

    def __init__(self, busid, port, local):
        self.busid, self.port, self.local = busid, port, local
        self.path = USB_DEVICES / local

    def attribute(self, name):
        return read_text(self.path / name)

    def node(self):
        bus, number = int(self.attribute("busnum")), int(self.attribute("devnum"))
        return f"/dev/bus/usb/{bus:03}/{number:03}"

    def interfaces(self):
        """Folders of the interfaces of the current configuration."""
        return sorted(self.path.glob(f"{self.local}:*.*"))

    def classes(self):
        return [int(read_text(i / "bInterfaceClass") or "0", 16) for i in self.interfaces()]

    def drivers(self):
        links = [i / "driver" for i in self.interfaces()]
        return sorted({link.resolve().name for link in links if link.exists()})

    def words(self):
        names = " ".join(filter(None, map(self.attribute, ("manufacturer", "product"))))
        identity = f"{self.attribute('idVendor')}:{self.attribute('idProduct')}"
        drivers = ", ".join(self.drivers()) or "no driver"
        return f"{identity} {names or '(no names)'}, {self.attribute('speed')} Mbit/s, {drivers}"


class Host:
    """Attaches and detaches; knows what it has attached, to give everything back at the end."""

    def __init__(self, address, port, usbip=None):
        self.address, self.port = address, port
        self.usbip = usbip or tool("usbip")
        self.attached = {}

    def require_tool(self):
        if not self.usbip or not shutil.which(self.usbip):
            raise Missing("there is no `usbip` program: apt-get install usbip (Debian) or"
                          " linux-tools-generic (Ubuntu), or name it with --usbip")

    def require_client(self):
        """All that attaching takes; loads the kernel's part if it can."""
        if os.geteuid() != 0:
            raise Missing("attaching devices needs root: run it with sudo, or use --no-attach")
        self.require_tool()
        if not VHCI.exists() and tool("modprobe"):
            run([tool("modprobe"), "vhci-hcd"])
        if not VHCI.exists():
            raise Missing("the kernel module vhci_hcd cannot be loaded: apt-get install"
                          " linux-modules-extra-$(uname -r) (Ubuntu), or another kernel")

    def call(self, *arguments):
        return run([self.usbip, "--tcp-port", str(self.port), *arguments])

    def listed(self):
        """Bus ids that the board exports now, as the tool shows them."""
        status, text = self.call("list", "-r", self.address)
        if status != 0:
            raise Failed(f"`usbip list` fails: {text}")
        return re.findall(r"^\s*([0-9]+-[0-9.]+): ", text, re.MULTILINE)

    def record(self, busid):
        """The vhci port that has that device of the board; None if none has."""
        wanted = [self.address, str(self.port), busid]
        for file in RECORDS.glob("port*"):
            if read_text(file).split() == wanted and port_row(int(file.name[4:]))[0] != PORT_FREE:
                return int(file.name[4:])
        return None

    def ask_for(self, busid, seconds=5):
        """`usbip attach`. Tried again if another device was just being attached or detached: the tool reads
        the list of its devices while the kernel changes it, and gives up."""
        end = time.monotonic() + seconds
        while (answer := self.call("attach", "-r", self.address, "-b", busid))[0] != 0:
            if RACE not in answer[1] or time.monotonic() > end:
                raise Failed(f"`usbip attach` fails: {answer[1]}")
            time.sleep(0.05)

    def attach(self, busid):
        """The device, configured by the kernel."""
        if self.record(busid) is not None:
            raise Failed(f"is attached already, on port {self.record(busid)}: `usbip detach` first")
        self.ask_for(busid)
        port = self.record(busid)
        if port is None:
            raise Failed("`usbip attach` says it worked, but no port of vhci_hcd has it")
        self.attached[busid] = port
        local = wait_for("the kernel gives it an address", lambda: local_of(port))
        device = Device(busid, port, local)
        wait_for("the kernel configures it", lambda: device.attribute("bConfigurationValue"))
        wait_for("its interfaces", device.interfaces)
        return device

    def detach(self, busid):
        """Tried again: the tool fails while the kernel is still making the device known."""
        port = self.attached[busid]
        end = time.monotonic() + 15
        while (answer := self.call("detach", "-p", str(port)))[0] != 0:
            if time.monotonic() > end:
                raise Failed(f"`usbip detach` fails: {answer[1]}")
            time.sleep(0.05)
        wait_for(f"port {port} is free", lambda: port_row(port)[0] == PORT_FREE)
        del self.attached[busid]

    def give_back(self):
        """Whatever is still attached, also after an error. Busids that could not be detached."""
        for busid in list(self.attached):
            try:
                self.detach(busid)
            except Failed:
                continue
        return sorted(self.attached)


def port_row(port):
    """State and local bus id of a port of vhci_hcd."""
    for file in VHCI.parent.glob("vhci_hcd.*/status*"):
        for line in read_text(file).splitlines():
            cells = line.split()
            if len(cells) == 7 and cells[1].isdigit() and int(cells[1]) == port:
                return int(cells[2]), cells[6]
    return PORT_FREE, "0-0"


def local_of(port):
    state, local = port_row(port)
    return local if state == PORT_USED and (USB_DEVICES / local).exists() else None


class KernelLog:
    """The lines that the kernel has written since."""

    def __init__(self, path="/dev/kmsg"):
        self.file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.file, 0, os.SEEK_END)

    def lines(self):
        found = []
        while True:
            try:
                record = os.read(self.file, 8192)
            except BlockingIOError:
                return found
            except BrokenPipeError:  # older lines were overwritten before we read them
                continue
            if not record:
                return found
            text = record.decode(errors="replace")
            found.append(text.partition(";")[2].splitlines()[0])

    def trouble(self):
        return [line for line in self.lines() if TROUBLE.search(line)]
