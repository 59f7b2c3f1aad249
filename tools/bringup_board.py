# SPDX-License-Identifier: Apache-2.0
"""The board as seen over the network: can it be reached, what does its HTTP API say."""

import http.client
import json
import socket
import time

from bringup_report import Failed, NotRun, figures_of

TIMEOUT_S = 5


class Board:
    def __init__(self, address, port, http_ports):
        self.address, self.port, self.http_ports = address, port, http_ports

    def reach(self, count=10):
        """How long it takes to connect to the USB/IP port: about one round trip."""
        times = []
        for _ in range(count):
            start = time.monotonic()
            try:
                with socket.create_connection((self.address, self.port), TIMEOUT_S):
                    times.append(time.monotonic() - start)
            except OSError as error:
                raise Failed(f"no connection to {self.address}:{self.port}: {error}") from None
        text, figures = figures_of(times)
        return f"{count} connections: {text}", figures

    def get(self, path):
        """The status and body of that document, from the first HTTP port that answers."""
        errors = []
        for port in self.http_ports:
            connection = http.client.HTTPConnection(self.address, port, timeout=TIMEOUT_S)
            try:
                connection.request("GET", path)
                reply = connection.getresponse()
                return reply.status, reply.read()
            except (OSError, http.client.HTTPException) as error:
                errors.append(f"port {port}: {error}")
            finally:
                connection.close()
        raise Failed(f"no HTTP: {', '.join(errors)}")

    def health(self):
        status, body = self.get("/healthz")
        text = body.decode(errors="replace").strip()
        if status != 200:
            raise Failed(f"status {status}: {text}")
        return text, {}

    def document(self, path):
        status, body = self.get(path)
        if status != 200:
            raise Failed(f"{path}: status {status}")
        try:
            return json.loads(body)
        except ValueError as error:
            raise Failed(f"{path} is no JSON: {error}") from None

    def status(self):
        """The status with lists of devices, sessions and the last events."""
        status = self.document("/api/v1/status")
        for name in ("devices", "sessions", "events"):
            status[name] = self.document(f"/api/v1/{name}")[name]
        return status


def left_behind(before, after):
    """What is there after all devices were given back but was not there before; sentences."""
    found = []
    if after["uptime_s"] < before["uptime_s"]:
        starts = [e["text"] for e in after.get("events", []) if e["type"] == "server_started"]
        found.append(f"the board has restarted during this run: {(starts or ['?'])[-1]}")
    new = {s["id"] for s in after["sessions"]} - {s["id"] for s in before["sessions"]}
    if new:
        found.append(f"{len(new)} sessions are left")
    states = {d["busid"]: d["state"] for d in before["devices"]}
    for device in after["devices"]:
        was = states.pop(device["busid"], "not there")
        if device["state"] != was:
            found.append(f"{device['busid']} was {was}, is {device['state']}")
    found += [f"{busid} is gone" for busid in states]
    errors = after["totals"]["protocol_errors"] - before["totals"]["protocol_errors"]
    if errors > 0:
        found.append(f"{errors} protocol errors")
    return found


def compare(before, board):
    """The board after the run, against its status before. Waits a little: it ends sessions soon."""
    if before is None:
        raise NotRun("there is no status from before")
    end = time.monotonic() + 10
    while True:
        after = board.status()
        found = left_behind(before, after)
        if not found or time.monotonic() > end:
            break
        time.sleep(0.2)
    if found:
        raise Failed("; ".join(found))
    return f"as before, up for {after['uptime_s']:.0f} s", {"totals": after["totals"]}
