# SPDX-License-Identifier: Apache-2.0
"""race.py SERVER GUEST_FILES [--rounds N] [--clock counted|host]: started by `race`."""

import argparse
import os
import re
import statistics
import tempfile
import time
from pathlib import Path

from lab import Lab
from machines import Guest
from real_lab import with_server

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "PERFORMANCE.md"
BEGIN, END = "<!-- race: written by bench/race -->", "<!-- race: end -->"

# A disk that costs nothing: it takes all and gives zeroes.
MACHINE = """-m 512 -device qemu-xhci,id=xhci
    -blockdev driver=null-co,node-name=stick,size=268435456,read-zeroes=on
    -device usb-storage,drive=stick,bus=xhci.0,port=1"""

KIB = 1024
ROWS = [
    ("read 4 KiB", "read", 4 * KIB, 400),
    ("read 64 KiB", "read", 64 * KIB, 200),
    ("read 512 KiB", "read", 512 * KIB, 120),
    ("write 4 KiB", "write", 4 * KIB, 400),
    ("write 64 KiB", "write", 64 * KIB, 200),
    ("write 512 KiB", "write", 512 * KIB, 120),
    ("control request", "control", 18, 600),
]

OURS, KERNEL, NONE = "usbip-server", "usbip-host", "no USB/IP"

# Each leaves the device attached, and what serves it in $pids.
TAKE = {
    OURS: """
        start_server --no-mdns
        read -r pids </tmp/server.pid
        wait_for 20 is_listed $busid
        attach $busid
        wait_for 30 has_disk usbip
        where=usbip""",
    KERNEL: """
        usbip bind -b $busid >/tmp/bind 2>&1 || { cat /tmp/bind; exit 1; }
        TCP=3241
        attach $busid
        wait_for 30 has_disk usbip
        pids=$(grep -lx 'stub_[rt]x' /proc/[0-9]*/comm | cut -d / -f 3)
        where=usbip""",
    NONE: "where=here; pids=",
}
GIVE = {
    OURS: "give_back $busid; stop_server; wait_for 30 has_disk here",
    KERNEL: "give_back $busid; usbip unbind -b $busid >/tmp/bind 2>&1; wait_for 30 has_disk here",
    NONE: "",
}


def measure(guest, who):
    """Of each row: the median of a request's time, and what the CPU and the server ran for it."""
    lines = [
        f"race_times {kind} {'$node' if kind == 'control' else '$disk'} {size} {count} $pids"
        for _, kind, size, count in ROWS
    ]
    script = "\n".join(lines)
    text = guest.run(
        f"""
        . /real.sh
        busid=$(real_busid HARDDRIVE)
        {TAKE[who]}
        find_disk $where
        disk=/dev/$found
        find_device $where HARDDRIVE
        node=$(node_of $found)
        udevadm settle
        echo "@ results"
        {script}
        echo "@ end"
        {GIVE[who]}""",
        600,
    )
    found = re.search(r"@ results\n(.*)\n@ end", text, re.DOTALL).group(1)
    return [tuple(map(float, line.split())) for line in found.splitlines()]


def number(us):
    return f"{us:.0f}" if us >= 100 else f"{us:.1f}"


def table(results):
    """`results`: by server, of each round, of each row its three figures."""
    lines = [
        ["", "us, no USB/IP", "us, `usbip-host`", "us, `usbip-server`", "**time**", "**CPU**",
         "server's threads"],
        ["---"] * 7,
    ]  # fmt: skip
    for at, (name, *_) in enumerate(ROWS):
        median = {
            who: [statistics.median(rnd[at][what] for rnd in rounds) for what in range(3)]
            for who, rounds in results.items()
        }
        ratio = [
            statistics.median(
                ours[at][what] / kernel[at][what]
                for ours, kernel in zip(results[OURS], results[KERNEL])
            )
            for what in range(2)
        ]
        times = [number(median[who][0]) for who in (NONE, KERNEL, OURS)]
        own = f"{number(median[OURS][2])} : {number(median[KERNEL][2])} us"
        lines.append([name, *times, f"{ratio[0]:.2f}", f"{ratio[1]:.2f}", own])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def keep(text):
    before = DOCUMENT.read_text()
    place = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    DOCUMENT.write_text(place.sub(lambda _: f"{BEGIN}\n\n{text}\n\n{END}", before))


def run_race(guest, rounds):
    results = {OURS: [], KERNEL: [], NONE: []}
    guest.run("""
        . /real.sh
        start_udev
        load_real_modules
        while read -r module; do insmod /modules/$module || true; done </modules/server_list 2>/tmp/insmod
        wait_for 30 has_disk here
        usbipd -D -4 -t 3241
        dmesg -n 3""", 300)
    for turn in range(rounds):
        order = (OURS, KERNEL) if turn % 2 == 0 else (KERNEL, OURS)
        for who in (*order, NONE):
            results[who].append(measure(guest, who))
            print(f"round {turn + 1}, {who}: {results[who][-1]}", flush=True)
    return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("server", type=Path)
    parser.add_argument("guest_files", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clock", choices=["counted", "host"], default="counted")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory(prefix="usbip-race-") as logs:
        lab = Lab(options.server, options.guest_files, Path(logs))
        guest = Guest(
            lab.guest_files, lab.logs / "console.log",
            machine=MACHINE.split(), initrd=with_server(lab), counted=options.clock == "counted",
        )  # fmt: skip
        try:
            version = guest.run("uname -v").split("Debian ")[-1].split()[0]
            results = run_race(guest, options.rounds)
        finally:
            guest.stop()
    text = table(results)
    print(text)
    if options.clock == "counted":
        date = time.strftime("%Y-%m-%d")
        keep(f"Linux {version}, {options.rounds} rounds, {date}.\n\n{text}")


main()
