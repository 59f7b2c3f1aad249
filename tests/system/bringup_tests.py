# SPDX-License-Identifier: Apache-2.0
"""tools/bringup in the guest, with simulated devices: what the first person with a board runs."""

import base64
import io
import json
import tarfile
from pathlib import Path

from client_tests import no_kernel_trouble, wait_idle
from lab import expect, test

TOOLS = Path(__file__).resolve().parents[2] / "tools"


def bring(guest):
    """Puts the program into the guest, as it is in the checkout."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for file in sorted(TOOLS.glob("bringup*")):
            archive.add(file, file.name)
    text = base64.encodebytes(packed.getvalue()).decode()
    guest.run(f"mkdir -p /tools\nbase64 -d >/tmp/tools.tgz <<'END'\n{text}END\n"
              "tar -xzf /tmp/tools.tgz -C /tools")


def bringup(guest, server, options):
    """Its exit status, and its report by device and check."""
    small = "--read 4 --reads 10 --requests 50 --echo-bytes 4096"
    ports = f"--port {server.port} --http-port {server.http_port}"
    text = guest.run(
        f"""
        rm -rf /report
        status=0
        python3 -S /tools/bringup {ports} {small} --output /report {options} $HOST || status=$?
        echo; echo status $status
        cat /report/report.json""",
        120,
    )
    said, _, rest = text.partition("\nstatus ")
    status, _, document = rest.partition("\n")
    report = json.loads(document)
    lines = {(line["device"], line["check"]): line for line in report["results"]}
    return int(status), lines, report, said


# What it finds with a disk that has files, a keyboard, a serial port that echoes, a Gadget Zero and
# a disk full of zeros.
NOT_RUN = {("1-1", "disk keeps what is written"): "not empty"}
PASS = [
    ("-", "reach"), ("-", "healthz"), ("-", "status before"), ("-", "usbip list"),
    ("1-1", "disk reads twice the same"), ("1-1", "disk block sizes"),
    ("1-2.1", "input device"), ("1-2.2", "serial port"), ("1-3", "usbtest"),
    ("1-5", "disk keeps what is written"), ("all", "at once"), ("all", "given back"),
    ("-", "status after"),
]  # fmt: skip
OF_EACH = ["attach", "round trip", "kernel log", "detach"]
REPEATED = ["attach again", "detach while busy"]


@test
def bringup_reports_each_device(lab):
    bring(lab.guest)
    server = lab.bringup_server
    status, lines, report, said = bringup(lab.guest, server, "--rounds 0 --write --echo --usbtest")
    wanted = {key: "PASS" for key in PASS} | {key: "NOT RUN" for key in NOT_RUN}
    wanted |= {(busid, name): "PASS" for busid in lab.BRINGUP_BUSIDS for name in OF_EACH}
    found = {key: line["result"] for key, line in lines.items()}
    wrong = {key: lines.get(key) for key, result in wanted.items() if found.get(key) != result}
    expect(not wrong, f"not as wanted: {wrong}\n{said}")
    for key, reason in NOT_RUN.items():
        expect(reason in lines[key]["text"], f"{key}: {lines[key]['text']}")
    expect(status == 0, f"exit status {status}:\n{said}")
    expect(report["about"]["kernel"].startswith("Linux 6."), f"about: {report['about']}")
    empty = lab.empty_disk.read_bytes()
    expect(len(empty) == 8 << 20 and not any(empty), "the empty disk is not empty again")
    wait_idle(server)


@test
def bringup_finds_a_pulled_device(lab):
    server = lab.plug_server
    server.command("unplug 1-2.2")
    options = "--busid 1-2.2 --busid 1-1 --rounds 1"
    status, lines, _, said = bringup(lab.guest, server, options)
    server.command("replug 1-2.2")
    expect(status == 1, f"exit status {status}:\n{said}")
    pulled = lines.get(("1-2.2", "listed"), {})
    expect(pulled.get("result") == "FAIL", f"the pulled device: {pulled}\n{said}")
    for key in [("1-1", name) for name in OF_EACH + REPEATED]:
        expect(lines.get(key, {}).get("result") == "PASS", f"{key}: {lines.get(key)}\n{said}")
    no_kernel_trouble(lab.guest, but="recv xbuf")  # "detach while busy" may cut a reply in two
    wait_idle(server)
