# SPDX-License-Identifier: Apache-2.0
"""Linux's usbtest driver against the simulated Gadget Zero: every case for a host controller."""

from collections import namedtuple

from client_tests import no_kernel_trouble, wait_idle
from lab import LONG, expect, test
from machines import Failure

# `data`: zeroes, or the pattern that shows a byte in the wrong place (some cases send zeroes only).
# `loops`: how often, in short and with --long (1000 is the kernel's testusb's own number). `length`
# None: eight packets of an isochronous endpoint.
Case = namedtuple("Case", "number what data loops length vary sglen")

ZEROES, PATTERN = 0, 1
CASES = [
    Case(0, "nothing", PATTERN, (1, 1), 1024, 0, 0),
    Case(1, "bulk OUT", PATTERN, (50, 1000), 4096, 0, 0),
    Case(2, "bulk IN", PATTERN, (50, 1000), 4096, 0, 0),
    Case(3, "bulk OUT of many lengths", PATTERN, (50, 1000), 4096, 421, 0),
    Case(4, "bulk IN of many lengths", PATTERN, (50, 1000), 4096, 512, 0),
    Case(5, "bulk OUT, scatter-gather", PATTERN, (20, 1000), 1024, 0, 32),
    Case(6, "bulk IN, scatter-gather", PATTERN, (20, 1000), 1024, 0, 32),
    Case(7, "bulk OUT, scatter-gather of many lengths", PATTERN, (20, 1000), 1024, 421, 32),
    Case(8, "bulk IN, scatter-gather of many lengths", PATTERN, (20, 1000), 1024, 512, 32),
    Case(9, "chapter 9 requests", PATTERN, (5, 200), 1024, 0, 0),
    Case(10, "queued control requests, with stalls", PATTERN, (5, 1000), 1024, 0, 32),
    Case(11, "UNLINK of bulk IN", PATTERN, (50, 1000), 1024, 0, 0),
    Case(12, "UNLINK of bulk OUT", PATTERN, (50, 1000), 1024, 0, 0),
    Case(13, "set and clear halt", PATTERN, (10, 1000), 1024, 0, 0),
    Case(14, "control OUT, read back", PATTERN, (50, 1000), 1024, 57, 0),
    Case(15, "isochronous OUT", ZEROES, (5, 500), None, 0, 8),
    Case(16, "isochronous IN", ZEROES, (5, 500), None, 0, 8),
    Case(17, "bulk OUT, odd address", PATTERN, (50, 1000), 1024, 0, 0),
    Case(18, "bulk IN, odd address", PATTERN, (50, 1000), 1024, 0, 0),
    Case(19, "bulk OUT, odd address, premapped", PATTERN, (50, 1000), 1024, 0, 0),
    Case(20, "bulk IN, odd address, premapped", PATTERN, (50, 1000), 1024, 0, 0),
    Case(21, "control OUT, read back, odd address", PATTERN, (50, 1000), 1024, 57, 0),
    Case(22, "isochronous OUT, odd address", ZEROES, (5, 500), None, 0, 8),
    Case(23, "isochronous IN, odd address", ZEROES, (5, 500), None, 0, 8),
    Case(24, "UNLINK in a queue of bulk OUT", PATTERN, (20, 1000), 1024, 0, 32),
    Case(25, "interrupt OUT", PATTERN, (50, 1000), 256, 0, 0),
    Case(26, "interrupt IN", PATTERN, (20, 1000), 256, 0, 0),
    Case(27, "queued bulk OUT", ZEROES, (20, 1000), 1024, 0, 32),
    Case(28, "queued bulk IN", ZEROES, (20, 1000), 1024, 0, 32),
    Case(29, "toggle after clear halt", PATTERN, (20, 1000), 1024, 0, 0),
]

RESULTS = {}  # speed: {case number: "passes", "-" (no such endpoints), or how it failed}
PEERS = []  # titles and results of the same cases with another server; filled by peer_tests.py


def run_case(guest, prepare, case, loops, iso_length, seconds):
    """What the driver says; a case that hangs is a Failure, for the guest is lost with it."""
    length = iso_length if case.length is None else case.length
    numbers = [case.number, loops, length, case.vary, case.sglen]
    command = f"usbtest_run $(usbtest_node) {' '.join(map(str, numbers))}"
    answer = guest.run(f"{prepare}\n{command}", seconds).splitlines()[-1]
    print(f"  case {case.number}, {case.what}: {answer}")
    word, _, rest = answer.partition(" ")
    return {"passed": "passes", "unsupported": "-"}.get(word, f"fails: {rest}")


def run_cases(lab, server, results, busid, iso_length):
    """All cases on that device of that server, first those with zeroes."""
    guest = lab.usbtest_guest
    guest.run(f"""
        TCP={server.port}
        dmesg -n 3 # the driver's complaints in its loops are many
        echo 1 >/sys/module/usbtest/parameters/alt
        attach {busid}
        wait_for 20 present 1-3""")
    for data in (ZEROES, PATTERN):
        if data == PATTERN:
            server.carry_out(f"pattern {busid}")
        prepare = f"echo {data} >/sys/module/usbtest/parameters/pattern"
        for case in (case for case in CASES if case.data == data):
            loops, seconds = (case.loops[1], 600) if LONG else (case.loops[0], 60)
            results[case.number] = run_case(guest, prepare, case, loops, iso_length, seconds)
    guest.run(f"""
        give_back {busid}
        wait_for 20 gone 1-3
        echo -1 >/sys/module/usbtest/parameters/alt""")
    no_kernel_trouble(guest)
    wait_idle(server)
    bad = {number: how for number, how in results.items() if how != "passes"}
    expect(not bad, f"cases that did not pass: {bad}")


@test
def usbtest_at_high_speed(lab):
    run_cases(lab, lab.zero_server("high"), RESULTS.setdefault("high", {}), "1-3", 8 * 1024)


# 1023 bytes are the most that a full-speed packet carries. Of 1024 the driver would make a packet of
# 1023 and one of 1, which no host has room in for a device that fills its packets.
@test
def usbtest_at_full_speed(lab):
    run_cases(lab, lab.zero_server("full"), RESULTS.setdefault("full", {}), "1-3", 8 * 1023)
