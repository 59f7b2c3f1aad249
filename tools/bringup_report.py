# SPDX-License-Identifier: Apache-2.0
"""What was found: one result per check, written as Markdown for people and as JSON for programs."""

import json
import queue
import threading
import time

PASS, FAIL, NOT_RUN = "PASS", "FAIL", "NOT RUN"


class Failed(Exception):
    """The check has found something wrong; the text says what."""


class NotRun(Exception):
    """The check has no meaning here or was not asked for; the text says why."""


def bounded(seconds, function, *arguments):
    """The function's value. Failed if it takes longer: it is left behind, because a read from a
    device that does not answer can only be ended by detaching the device."""
    box = queue.SimpleQueue()

    def work():
        try:
            box.put((True, function(*arguments)))
        except Exception as error:  # goes on in the thread that waits
            box.put((False, error))

    threading.Thread(target=work, daemon=True).start()
    try:
        good, value = box.get(timeout=seconds)
    except queue.Empty:
        raise Failed(f"not finished within {seconds:g} s") from None
    if not good:
        raise value
    return value


class Report:
    """Results in the order in which they came. `about`: words on the machines, by name."""

    def __init__(self, seconds, say):
        self.deadline = time.monotonic() + seconds
        self.say = say
        self.about, self.status, self.results = {}, {}, []

    def check(self, device, name, function, *arguments, seconds=60):
        """Runs a check: a function that returns what it has found, a text and figures by name, or
        raises Failed or NotRun. Whether it has passed."""
        left = self.deadline - time.monotonic()
        try:
            if left <= 0:
                raise NotRun("the time for the whole run is over")
            text, figures = bounded(min(seconds, left), function, *arguments)
            self.add(device, name, PASS, text, figures)
            return True
        except NotRun as reason:
            self.add(device, name, NOT_RUN, str(reason))
        except (Failed, OSError) as error:
            self.add(device, name, FAIL, str(error))
        except Exception as error:  # a fault of ours must not lose the rest of the report
            self.add(device, name, FAIL, f"fault in this program: {error!r}")
        return False

    def add(self, device, name, result, text="", figures=None):
        self.results.append(
            {"device": device, "check": name, "result": result, "text": text,
             "figures": figures or {}}
        )
        self.say(f"{result:8}{device:8}{name}: {text}")

    def count(self, result):
        return sum(1 for line in self.results if line["result"] == result)

    def json(self):
        parts = {"about": self.about, "results": self.results, "status": self.status}
        return json.dumps(parts, indent=2) + "\n"

    def markdown(self):
        counts = ", ".join(f"{self.count(kind)} {kind}" for kind in (PASS, FAIL, NOT_RUN))
        lines = ["# Bring-up report", "", counts, ""]
        lines += [f"- {name}: {text}" for name, text in self.about.items()]
        lines += ["", "| device | check | result | what was found |", "|---|---|---|---|"]
        for line in self.results:
            text = " ".join(line["text"].split()).replace("|", "\\|")
            lines.append(f"| {line['device']} | {line['check']} | {line['result']} | {text} |")
        return "\n".join(lines) + "\n"


def figures_of(seconds):
    """The distribution of times in seconds, as figures in milliseconds, and in words."""
    ordered = sorted(seconds)
    figures = {
        "min_ms": round(ordered[0] * 1e3, 3),
        "median_ms": round(ordered[len(ordered) // 2] * 1e3, 3),
        "p99_ms": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1e3, 3),
        "max_ms": round(ordered[-1] * 1e3, 3),
    }
    text = "min {min_ms}, median {median_ms}, p99 {p99_ms}, max {max_ms} ms".format(**figures)
    return text, figures
