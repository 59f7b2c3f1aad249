# SPDX-License-Identifier: Apache-2.0
"""stack_depth.py BUILD: how deep our own functions go on each task's stack, from what gcc writes
with -fcallgraph-info=su. A call through a pointer counts as the deepest function that nobody calls
by name, in the files where such a call of that task can lead, twice in a row; the core has been given
none of ports/posix and of HTTP, and only api_handle() calls the routes' handlers. What ESP-IDF and
the C library need below comes on top; interrupts have a stack of their own. Fails if it is more than
half of a stack."""

import re
import sys
from functools import lru_cache
from pathlib import Path

# Task, as main_tasks.c has it; its first function; where calls through pointers lead.
MAIN, USB = "ports/esp32p4/main/", "components/device_usb_host/"
HTTP = "components/http_esp/"  # its task; what of it the loop calls is in http_esp_stream.c
NOT_OF_CORE = ("ports/posix/", f"ports/esp32p4/{HTTP}")
STORE, CONSOLE = "components/store_nvs/", "components/console_esp/"
CRYPTO = "components/crypto_mbedtls/"
CORE = "core/(api|eventlog|registry|server|session|usb)/"
TASKS = [
    ("loop", "main/main.c:run_loop",
     [CORE, CONSOLE, "ports/posix/", f"{HTTP}http_esp_stream", f"{MAIN}main(_log|)[.]c", f"{USB}device_(queue|pool)"]),
    ("usb_client", "main_usb.c:run_client", [USB, f"{MAIN}main_usb[.]c"]),
    ("usb_daemon", "main_usb.c:run_daemon", [USB]),
    ("network", "main_network.c:network_task", [f"{MAIN}main[.]c"]),
    ("log", "main_log.c:log_task", ["core/eventlog/"]),
    ("httpd", "http_esp.c:on_request", [f"{HTTP}http_esp(_conn|_job)?[.]c"]),
    ("jobs", "posix_jobs.c:run",
     ["core/api/api_(account|backup|box|change|login|restore|tokens|users)[.]c", "core/users/", f"{CRYPTO}", "ports/posix/posix_jobs[.]c", f"{HTTP}http_esp_job[.]c", f"{MAIN}main_(change|password|users)[.]c", STORE, "core/settings/"]),
    ("console_repl", "console_esp.c:run_command",
     [f"{CONSOLE}console_commands", f"{MAIN}main_(console|password|users)", STORE, "core/settings/"]),
    ("button", "main_board.c:run_factory_reset", [f"{MAIN}main(_users|)[.]c", STORE]),
]  # fmt: skip
CALLS_API = ("api_handle", "posix_jobs.c:begin", "posix_jobs.c:work", "posix_jobs.c:run", "posix_jobs.c:finish")
TOP = Path(__file__).resolve().parents[2]
INDIRECT = "__indirect_call"
# Calls itself so many times at most (SETTINGS_JSON_BACKUP_DEPTH, SETTINGS_JSON_DEPTH).
RECURSIVE = {
    "core/settings/settings_json.c:value": 6,
    "core/settings/settings_patch.c:merge": 4,
    "core/settings/settings_patch.c:refuse_twice": 1,
}


def read(build):
    """Frame and file of each function, and whom it calls."""
    frames, files, calls = {}, {}, {}
    node = re.compile(r'node: { title: "([^"]*)" label: "[^\\]*\\n([^"\\]*):\d+:\d+\\n(\d+) bytes')
    edge = re.compile(r'edge: { sourcename: "([^"]*)" targetname: "([^"]*)"')
    for file in sorted(build.rglob("*.ci")):
        if "main_sim_y" in str(file):
            continue
        for line in file.read_text().splitlines():
            if found := node.match(line):
                name, source, size = found.groups()
                frames[name] = max(int(size), frames.get(name, 0))
                files[name] = source.removeprefix(f"{TOP}/")
            elif found := edge.match(line):
                calls.setdefault(found[1], set()).add(found[2])
    return frames, files, calls


def is_target(name, file):
    """Static, with a file in its name, or one of the routes' handlers."""
    return ":" in name or file.startswith("core/api/")


def is_of_loop(name, file):
    """Two of the three steps of a job (core/api/api_job.h)."""
    return file.startswith("core/api/") and name.endswith((":begin", ":finish"))


def stacks():
    table = TOP / "ports/esp32p4/main/main_tasks.c"
    return {n: int(s) for n, s in re.findall(r'= {"(\w+)", \d+, \d+, (\d+)}', table.read_text())}


def main():
    frames, files, calls = read(Path(sys.argv[1]))
    called = {name for names in calls.values() for name in names}
    entries = tuple(entry for _, entry, _ in TASKS)
    by_pointer = [n for n in frames if is_target(n, files[n]) and n not in called and not n.endswith(entries)]
    bad = False
    print("deepest chain of our own calls on each stack, bytes; half of it is for ESP-IDF")
    for task, entry, places in TASKS:
        wanted = re.compile("|".join(f"(?:ports/esp32p4/)?{place}" for place in places))
        targets = [n for n in by_pointer if wanted.match(files[n]) and not (task == "jobs" and is_of_loop(n, files[n]))]

        @lru_cache(maxsize=None)
        def depth(name, pointers_left):
            """And the chain. Any other recursion would not end here."""
            frame, under = frames.get(name, 0), [(0, ())]
            for known, times in RECURSIVE.items():
                frame *= 1 + times * name.endswith(known)
            for callee in calls.get(name, ()):
                if callee == name and any(map(name.endswith, RECURSIVE)):
                    continue
                if callee != INDIRECT:
                    under.append(depth(callee, pointers_left))
                elif pointers_left:
                    core = files.get(name, "").startswith("core/")
                    not_of = NOT_OF_CORE if core else ()
                    if not name.endswith(CALLS_API):
                        not_of += ("core/api/",)  # the routes' handlers, and their jobs
                    under += [depth(target, pointers_left - 1) for target in targets
                              if not files[target].startswith(not_of)]  # fmt: skip
            deepest = max(under)
            return frame + deepest[0], (name, *deepest[1])

        start, size = [n for n in frames if n.endswith(entry)], stacks().get(task)
        if len(start) != 1 or not size:
            print(f"  {task}: {entry} or its stack in main_tasks.c is not to be found")
            bad = True
            continue
        most, chain = depth(start[0], 2)
        names = " ".join(name.rpartition(":")[2] for name in chain if frames.get(name))
        print(f"  {task:14}{most:6} of {size:6}  {names}")
        bad = bad or most > size // 2
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
