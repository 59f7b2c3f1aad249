#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Is what the server answers what its OpenAPI document says, route by route, good requests and bad
ones? And do Prometheus' own programs read its metrics? usage: USBIP_SERVER=PROGRAM api_test.py"""

import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

import jsonschema

TOP = pathlib.Path(__file__).resolve().parents[2]
JSON = {"Content-Type": "application/json"}
MERGE = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
RULES = """{"access":{"allow":[{"address":"10.0.0.0/28","note":"CI runners"}],"rules":[
    {"device":{"id":"0483:374b"},"addresses":["10.0.0.7"],"effect":"hide"}]}}"""
TRIED = """{"address":"10.0.0.7","busid":"1-3","access":{"rules":[
    {"device":{"alias":"probe"},"effect":"hide"}]}}"""
SOON = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
BACKUP = """{"backup":{"format":"%s","version":1,"settings":{"version":2,"host_name":"%s",
    "network":{"addressing":"dhcp"}}}}"""
PAGES = ("/", "/devices/{busid}", "/topology", "/clients", "/events", "/settings",
         "/settings/{part}")

# By route: (path, headers, body, status), in the order in which they are asked.
ASKED = {
    "GET /healthz": [("/healthz", {}, None, 200)],
    "GET /metrics": [("/metrics", {}, None, 200)],
    "GET /api/v1/openapi.json": [("/api/v1/openapi.json", {}, None, 200)],
    "GET /api/v1/status": [("/api/v1/status", {}, None, 200)],
    "PUT /api/v1/devices/{busid}/lease": [
        ("/api/v1/devices/1-3/lease", JSON, '{"owner":"anna","reason":"test","for_s":60}', 201),
        ("/api/v1/devices/1-3/lease", JSON, '{"owner":"anna","until":"%s"}' % SOON, 200),
        ("/api/v1/devices/1-3/lease", JSON, '{"owner":"","for_s":60}', 422),
        ("/api/v1/devices/1-3/lease", JSON, "[]", 400),
        ("/api/v1/devices/1-2/lease", JSON, '{"owner":"anna","for_s":60}', 409),
        ("/api/v1/devices/7-7/lease", JSON, '{"owner":"anna","for_s":60}', 404),
        ("/api/v1/devices/1-3/lease", JSON | {"Origin": "http://example.org"}, "{}", 403),
    ],
    "GET /api/v1/devices": [("/api/v1/devices", {}, None, 200)],
    "GET /api/v1/devices/{busid}": [
        ("/api/v1/devices/1-1", {}, None, 200),  # in use
        ("/api/v1/devices/1-3", {}, None, 200),  # leased
        ("/api/v1/devices/1-2", {}, None, 200),  # a hub
        ("/api/v1/devices/1-4", {}, None, 200),
        ("/api/v1/devices/7-7", {}, None, 404),
    ],
    "GET /api/v1/topology": [("/api/v1/topology", {}, None, 200)],
    "GET /api/v1/sessions": [("/api/v1/sessions", {}, None, 200)],
    "GET /api/v1/events": [
        ("/api/v1/events", {}, None, 200),
        ("/api/v1/events?after=2&limit=1&level=debug&busid=1-1&session=1", {}, None, 200),
        ("/api/v1/events?limit=0", {}, None, 400),
        ("/api/v1/events?what=1", {}, None, 400),
    ],
    "GET /api/v1/history": [
        ("/api/v1/history", {}, None, 200),
        ("/api/v1/history?busid=1-1", {}, None, 200),
        ("/api/v1/history?busid=7-7", {}, None, 400),
    ],
    "GET /api/v1/live": [("/api/v1/live", {}, None, 426)],
    "GET /api/v1/settings": [("/api/v1/settings", {}, None, 200)],
    "PATCH /api/v1/devices/{busid}": [
        ("/api/v1/devices/1-3", JSON, '{"alias":"probe","labels":["lab"]}', 200),
        ("/api/v1/devices/probe", JSON, '{"exported":false,"alias_by":"port"}', 200),
        ("/api/v1/devices/probe", JSON, '{"exported":null}', 200),
        ("/api/v1/devices/1-3", JSON, '{"alias":"A B"}', 422),
        ("/api/v1/devices/1-3", JSON, "[]", 400),
        ("/api/v1/devices/1-3", JSON | {"Origin": "http://example.org"}, "{}", 403),
        ("/api/v1/devices/7-7", JSON, "{}", 404),
    ],
    "GET /api/v1/certificate": [("/api/v1/certificate", {}, None, 404)],  # https_test.py has it
    "PUT /api/v1/certificate": [
        ("/api/v1/certificate", JSON, "{}", 404),
        ("/api/v1/certificate", JSON | {"Origin": "http://example.org"}, "{}", 403),
    ],
    "POST /api/v1/access/test": [
        ("/api/v1/access/test", JSON, '{"address":"10.0.0.7","busid":"probe"}', 200),
        ("/api/v1/access/test", JSON, TRIED, 200),
        ("/api/v1/access/test", JSON, '{"address":"10.0.0.7","busid":"7-7"}', 422),
        ("/api/v1/access/test", JSON, "[]", 400),
        ("/api/v1/access/test", {"Origin": "http://example.org"}, "{}", 403),
    ],
    "PATCH /api/v1/settings": [
        ("/api/v1/settings?dry_run=1", MERGE, '{"access":{"mode":"closed"}}', 200),
        ("/api/v1/settings", MERGE, RULES, 200),
        ("/api/v1/settings", MERGE, '{"access":null}', 200),
        ("/api/v1/settings", MERGE, '{"access":{"mode":"ajar"}}', 422),
        ("/api/v1/settings?wet_run=1", MERGE, "{}", 400),
        ("/api/v1/settings", {"If-Match": "*", "Content-Type": "text/plain"}, "{}", 415),
        ("/api/v1/settings", MERGE | {"If-Match": '"0"'}, "{}", 412),
        ("/api/v1/settings", JSON, "{}", 428),
        ("/api/v1/settings", MERGE | {"Origin": "http://example.org"}, "{}", 403),
    ],
    "GET /api/v1/simulate": [("/api/v1/simulate", {}, None, 200)],
    "POST /api/v1/simulate": [
        ("/api/v1/simulate", JSON, '{"device":"zero"}', 201),
        ("/api/v1/simulate", JSON, '{"device":"toaster"}', 422),
        ("/api/v1/simulate", JSON, "zero", 400),
        ("/api/v1/simulate", JSON | {"Origin": "http://example.org"}, '{"device":"zero"}', 403),
    ],
    "POST /api/v1/devices/{busid}/type": [
        ("/api/v1/devices/1-2.1/type", JSON, '{"text":"a"}', 202),
        ("/api/v1/devices/1-2.1/type", JSON, '{"text":"\u00e4"}', 422),
        ("/api/v1/devices/1-2.1/type", JSON, "{", 400),
        ("/api/v1/devices/1-4/type", JSON, '{"text":"a"}', 409),
        ("/api/v1/devices/7-7/type", JSON, '{"text":"a"}', 404),
    ],
    "PUT /api/v1/devices/{busid}/power": [
        ("/api/v1/devices/1-1/power", JSON, '{"on":false}', 409),  # in use
        ("/api/v1/devices/1-3/power", JSON, '{"on":false}', 202),
        ("/api/v1/devices/1-3/power?force=1", JSON, '{"cycle_s":0.1}', 202),
        ("/api/v1/devices/1-3/power", JSON, '{"cycle_s":3000}', 422),
        ("/api/v1/devices/1-3/power", JSON, '{"on":1}', 422),
        ("/api/v1/devices/1-3/power?force=yes", JSON, '{"on":true}', 400),
        ("/api/v1/devices/7-7/power", JSON, '{"on":true}', 404),
        ("/api/v1/devices/1-3/power", JSON | {"Origin": "http://example.org"}, "{}", 403),
    ],
    "DELETE /api/v1/devices/{busid}/lease": [
        ("/api/v1/devices/1-3/lease", {}, None, 204),
        ("/api/v1/devices/1-3/lease", {}, None, 404),
    ],
    "GET /api/v1/ports/{port}/power": [
        ("/api/v1/ports/1-8/power?force=1", {}, None, 200),
        ("/api/v1/ports/1-8/power?what=1", {}, None, 400),
        ("/api/v1/ports/7-7/power", {}, None, 404),
    ],
    "PUT /api/v1/ports/{port}/power": [
        ("/api/v1/ports/1-8/power", {}, "0", 202),
        ("/api/v1/ports/1-8/power", {}, "1", 202),
        ("/api/v1/ports/1-8/power", {}, "on", 400),
        ("/api/v1/ports/1-1/power", {}, "0", 409),
        ("/api/v1/ports/7-7/power", {}, "1", 404),
        ("/api/v1/ports/1-8/power", {"Origin": "http://example.org"}, "1", 403),
    ],
    "POST /api/v1/devices/{busid}/disconnect": [
        ("/api/v1/devices/1-4/disconnect", {}, None, 409),
        ("/api/v1/devices/7-7/disconnect", {}, None, 404),
        ("/api/v1/devices/1-1/disconnect", {}, None, 202),
    ],
    "POST /api/v1/devices/{busid}/reset": [
        ("/api/v1/devices/1-4/reset", {}, None, 202),
        ("/api/v1/devices/1-2/reset", {}, None, 409),
        ("/api/v1/devices/7-7/reset", {}, None, 404),
    ],
    "POST /api/v1/devices/{busid}/unplug": [
        ("/api/v1/devices/1-4/unplug", {}, None, 202),
        ("/api/v1/devices/1-4/unplug", {}, None, 409),
        ("/api/v1/devices/7-7/unplug", {}, None, 404),
    ],
    "POST /api/v1/devices/{busid}/plug": [
        ("/api/v1/devices/1-4/plug", {}, None, 202),
        ("/api/v1/devices/1-4/plug", {}, None, 409),
        ("/api/v1/devices/7-7/plug", {}, None, 404),
    ],
    "GET /api/v1/me": [("/api/v1/me", {}, None, 200)],
    "POST /api/v1/logout": [("/api/v1/logout", {}, None, 204)],
    "GET /api/v1/users": [("/api/v1/users", {}, None, 200)],
    "GET /api/v1/tokens": [("/api/v1/tokens", {}, None, 200)],
    "POST /api/v1/login": [
        ("/api/v1/login", JSON, '{"user":"admin","password":"password"}', 409),
    ],
    "POST /api/v1/setup": [
        ("/api/v1/setup", JSON, '{"password":"short"}', 422),
        ("/api/v1/setup", JSON, "[]", 400),
        ("/api/v1/setup", JSON, '{"password":"new password"}', 200),
        ("/api/v1/setup", JSON, '{"password":"new password"}', 409),
    ],
    # From here on it is the admin who asks: see ADMIN.
    "PUT /api/v1/me/password": [
        ("/api/v1/me/password", JSON, '{"old":"x","password":"other password"}', 422),
        ("/api/v1/me/password", JSON, '{"old":"new password","password":"other password"}', 200),
        ("/api/v1/me/password", JSON | {"Cookie": ""}, "{}", 401),
    ],
    "POST /api/v1/users": [
        ("/api/v1/users", JSON, '{"name":"anna","role":"view","password":"password"}', 201),
        ("/api/v1/users", JSON, '{"name":"anna","role":"view","password":"password"}', 409),
        ("/api/v1/users", JSON, '{"name":"b","role":"root","password":"password"}', 422),
        ("/api/v1/users", JSON, "{", 400),
    ],
    "PUT /api/v1/users/{name}": [
        ("/api/v1/users/anna", JSON, '{"role":"operate"}', 200),
        ("/api/v1/users/berta", JSON, '{"role":"operate"}', 404),
        ("/api/v1/users/admin", JSON, '{"role":"operate"}', 409),
    ],
    "DELETE /api/v1/users/{name}": [
        ("/api/v1/users/anna", {}, None, 204),
        ("/api/v1/users/anna", {}, None, 404),
        ("/api/v1/users/admin", {}, None, 409),
    ],
    "POST /api/v1/tokens": [
        ("/api/v1/tokens", JSON, '{"name":"ci","role":"view"}', 201),
        ("/api/v1/tokens", JSON, '{"name":"ci","role":"view"}', 409),
        ("/api/v1/tokens", JSON, '{"name":""}', 422),
    ],
    "DELETE /api/v1/tokens/{id}": [
        ("/api/v1/tokens/{token}", {}, None, 204),
        ("/api/v1/tokens/{token}", {}, None, 404),
    ],
    "DELETE /api/v1/sessions/{id}": [
        ("/api/v1/sessions/{other}", {}, None, 202),
        ("/api/v1/sessions/99999", {}, None, 404),
        ("/api/v1/sessions/x", {}, None, 404),
    ],
    "POST /api/v1/factory-reset": [
        ("/api/v1/factory-reset", JSON, '{"host_name":"another box"}', 409),
        ("/api/v1/factory-reset", JSON, '{"host_name":1}', 422),
        ("/api/v1/factory-reset", JSON, "[]", 400),
        ("/api/v1/factory-reset", JSON | {"Cookie": ""}, "{}", 401),
    ],
    "GET /api/v1/backup": [
        ("/api/v1/backup", {}, None, 200),
        ("/api/v1/backup", {"Cookie": ""}, None, 401),
    ],
    "POST /api/v1/backup": [
        ("/api/v1/backup", JSON, '{"passphrase":"long live the king"}', 200),
        ("/api/v1/backup", JSON, '{"passphrase":"short"}', 422),
        ("/api/v1/backup", JSON, "[]", 400),
    ],
    "POST /api/v1/restore": [
        ("/api/v1/restore?dry_run=1", JSON, BACKUP % ("usbip-backup", "rack"), 200),
        ("/api/v1/restore", JSON, BACKUP % ("usbip-backup", "rack"), 200),
        ("/api/v1/restore", JSON, BACKUP % ("usbip-backup", "a b"), 422),
        ("/api/v1/restore", JSON, BACKUP % ("tar", "rack"), 422),
        ("/api/v1/restore", JSON, "[]", 400),
        ("/api/v1/restore?wet_run=1", JSON, "{}", 400),
        ("/api/v1/restore", JSON | {"Origin": "http://example.org"}, "{}", 403),
    ],
    "POST /api/v1/restart": [
        ("/api/v1/restart", JSON, '{"when":"now"}', 422),
        ("/api/v1/restart", JSON, "[]", 400),
        ("/api/v1/restart", JSON | {"Origin": "http://example.org"}, "{}", 403),
        ("/api/v1/restart", JSON, "{}", 202),  # the last: it does
    ],
}

# What is refused before a route has a say: (request, status).
A = b" HTTP/1.1\r\nHost: a\r\n"
REFUSED = [
    (b"GET /%zz" + A + b"\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    (b"GET /healthz" + A + b"Host: b\r\n\r\n", 400),
    (b"GET /a%00b" + A + b"\r\n", 400),
    (b"GET /healthz" + A[:-2], 408),
    (b"POST /healthz" + A + b"Transfer-Encoding: gzip\r\n\r\n", 411),
    (b"POST /healthz" + A + b"Content-Length: 300000\r\n\r\n" + b"x" * 300000, 413),
    (b"GET /" + b"a" * 20000 + A + b"\r\n", 414),
    (b"GET /healthz?" + b"a" * 20000 + A + b"\r\n", 414),
    (b"GET /api/v1/status" + A + b"\r\n", 421),
    (b"GET /metrics HTTP/1.1\r\nHost: evil.example:8080\r\n\r\n", 421),
    (b"POST /api/v1/simulate" + A + b"Content-Length: 2\r\n\r\n{}", 421),
    (b"GET /healthz" + A + b"X: " + b"a" * 30000 + b"\r\n\r\n", 431),
    (b"GET /healthz HTTP/1.9\r\nHost: a\r\n\r\n", 505),
]

FREE, VIEW, OPERATE, ADMIN = 0, 1, 2, 3
# By route: who may, and a request that changes nothing that others need when it is let through.
ROLES = {
    "GET /healthz": (FREE, "/healthz", None),
    "GET /metrics": (VIEW, "/metrics", None),
    "GET /api/v1/openapi.json": (VIEW, "/api/v1/openapi.json", None),
    "GET /api/v1/status": (VIEW, "/api/v1/status", None),
    "GET /api/v1/devices": (VIEW, "/api/v1/devices", None),
    "GET /api/v1/devices/{busid}": (VIEW, "/api/v1/devices/1-1", None),
    "GET /api/v1/topology": (VIEW, "/api/v1/topology", None),
    "GET /api/v1/sessions": (VIEW, "/api/v1/sessions", None),
    "GET /api/v1/events": (VIEW, "/api/v1/events", None),
    "GET /api/v1/history": (VIEW, "/api/v1/history", None),
    "GET /api/v1/live": (VIEW, "/api/v1/live", None),
    "GET /api/v1/settings": (VIEW, "/api/v1/settings", None),
    "PATCH /api/v1/settings": (ADMIN, "/api/v1/settings?dry_run=1", "{}"),
    "PATCH /api/v1/devices/{busid}": (ADMIN, "/api/v1/devices/7-7", "{}"),
    "GET /api/v1/certificate": (VIEW, "/api/v1/certificate", None),
    "PUT /api/v1/certificate": (ADMIN, "/api/v1/certificate", "{}"),
    "POST /api/v1/access/test": (OPERATE, "/api/v1/access/test", "{}"),
    "GET /api/v1/simulate": (VIEW, "/api/v1/simulate", None),
    "POST /api/v1/simulate": (OPERATE, "/api/v1/simulate", "{}"),
    "POST /api/v1/devices/{busid}/type": (OPERATE, "/api/v1/devices/7-7/type", "{}"),
    "POST /api/v1/devices/{busid}/disconnect": (OPERATE, "/api/v1/devices/7-7/disconnect", None),
    "POST /api/v1/devices/{busid}/reset": (OPERATE, "/api/v1/devices/7-7/reset", None),
    "POST /api/v1/devices/{busid}/plug": (OPERATE, "/api/v1/devices/7-7/plug", None),
    "POST /api/v1/devices/{busid}/unplug": (OPERATE, "/api/v1/devices/7-7/unplug", None),
    "PUT /api/v1/devices/{busid}/power": (OPERATE, "/api/v1/devices/7-7/power", "{}"),
    "PUT /api/v1/devices/{busid}/lease": (OPERATE, "/api/v1/devices/7-7/lease", "{}"),
    "DELETE /api/v1/devices/{busid}/lease": (OPERATE, "/api/v1/devices/7-7/lease", None),
    "GET /api/v1/ports/{port}/power": (VIEW, "/api/v1/ports/7-7/power", None),
    "PUT /api/v1/ports/{port}/power": (OPERATE, "/api/v1/ports/7-7/power", "1"),
    "DELETE /api/v1/sessions/{id}": (OPERATE, "/api/v1/sessions/99999", None),
    "POST /api/v1/setup": (FREE, "/api/v1/setup", "{}"),
    "POST /api/v1/login": (FREE, "/api/v1/login", "{}"),
    "POST /api/v1/logout": (FREE, "/api/v1/logout", None),
    "GET /api/v1/me": (FREE, "/api/v1/me", None),
    "PUT /api/v1/me/password": (VIEW, "/api/v1/me/password", "{}"),
    "GET /api/v1/users": (ADMIN, "/api/v1/users", None),
    "POST /api/v1/users": (ADMIN, "/api/v1/users", "{}"),
    "PUT /api/v1/users/{name}": (ADMIN, "/api/v1/users/nobody", "{}"),
    "DELETE /api/v1/users/{name}": (ADMIN, "/api/v1/users/nobody", None),
    "GET /api/v1/tokens": (ADMIN, "/api/v1/tokens", None),
    "POST /api/v1/tokens": (ADMIN, "/api/v1/tokens", "{}"),
    "DELETE /api/v1/tokens/{id}": (ADMIN, "/api/v1/tokens/00000000", None),
    "GET /api/v1/backup": (ADMIN, "/api/v1/backup", None),
    "POST /api/v1/backup": (ADMIN, "/api/v1/backup", "{}"),
    "POST /api/v1/restore": (ADMIN, "/api/v1/restore?dry_run=1", "{}"),
    "POST /api/v1/restart": (ADMIN, "/api/v1/restart", "[]"),
    "POST /api/v1/factory-reset": (ADMIN, "/api/v1/factory-reset", "{}"),
    "GET /": (FREE, "/", None),
    "GET /devices/{busid}": (FREE, "/devices/1-1", None),
    "GET /topology": (FREE, "/topology", None),
    "GET /clients": (FREE, "/clients", None),
    "GET /events": (FREE, "/events", None),
    "GET /settings": (FREE, "/settings", None),
    "GET /settings/{part}": (FREE, "/settings/access", None),
    "GET /assets/{name}": (FREE, "/assets/none.js", None),
}


def all_routes():
    """METHOD PATTERN of each in the table."""
    text = (TOP / "core/api/api_routes.c").read_text()
    return [f"{m} {p}" for m, p in re.findall(r'\{"([A-Z]+)", "([^"]+)", API_', text)]


def routes():
    """METHOD PATTERN of each in the table, the page's left out."""
    found = (route.split() for route in all_routes())
    return [f"{m} {p}" for m, p in found if p not in PAGES and not p.startswith("/assets/")]


def free_port():
    """Nobody's at the moment: 0 is no port for HTTPS, but says that there is none."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Server:
    """asks: by "http" or "https"."""

    def __init__(self, *options, asks="http"):
        self.asks = asks
        self.context = ssl._create_unverified_context()  # self-made certificates
        while not self.start(options):
            pass  # somebody has taken the port meanwhile

    def start(self, options):
        command = [os.environ["USBIP_SERVER"], "--listen", "127.0.0.1", "--port", "0"]
        command += ["--http-listen", "127.0.0.1", "--http-port", "0", "--log-level", "error"]
        if self.asks == "https":
            command += ["--https-port", str(free_port())]
        self.process = subprocess.Popen(command + list(options), stdout=subprocess.PIPE, text=True)
        self.ports = {}
        while self.asks not in self.ports:
            line = self.process.stdout.readline()
            if found := re.match(r"(\w+): listening on .*:(\d+)$", line):
                self.ports[found[1]] = int(found[2])
            if not line:
                self.stop()
                assert self.asks == "https", "the server does not start"
                return False
        return True

    def connect(self):
        if self.asks == "https":
            return http.client.HTTPSConnection(
                "127.0.0.1", self.ports["https"], timeout=10, context=self.context
            )
        return http.client.HTTPConnection("127.0.0.1", self.ports["http"], timeout=10)

    def ask(self, method, path, headers=None, body=None):
        connection = self.connect()
        data = body.encode() if body is not None else None
        connection.request(method, path, data, headers or {})
        reply = connection.getresponse()
        answer = reply.status, reply.headers, reply.read()
        connection.close()
        return answer

    def send(self, request):
        with socket.create_connection(("127.0.0.1", self.ports["http"]), 10) as s:
            s.sendall(request)
            reply = http.client.HTTPResponse(s)
            reply.begin()
            return reply, reply.read()

    def get(self, path):
        return json.loads(self.ask("GET", path)[2])

    def attach(self, busid):
        client = socket.create_connection(("127.0.0.1", self.ports["usbip"]), 10)
        client.sendall(bytes([1, 0x11, 0x80, 3, 0, 0, 0, 0]) + busid.encode().ljust(32, b"\0"))
        got = client.recv(320, socket.MSG_WAITALL)
        assert got[4:8] == bytes(4), got[:8]
        # A GET_DESCRIPTOR of 18 bytes, so that there is something to count.
        busnum, devnum = int.from_bytes(got[296:300], "big"), int.from_bytes(got[300:304], "big")
        words = [1, 1, busnum << 16 | devnum, 1, 0, 0x200, 18, 0, 0xFFFFFFFF, 0]
        submit = b"".join(w.to_bytes(4, "big") for w in words) + bytes.fromhex("8006000100001200")
        client.sendall(submit)
        assert len(client.recv(48 + 18, socket.MSG_WAITALL)) == 66
        return client

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()


class WithServer(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)
        self.client = self.server.attach("1-1")
        self.addCleanup(self.client.close)


class OpenApi(WithServer):
    def setUp(self):
        super().setUp()
        self.document = self.server.get("/api/v1/openapi.json")
        self.cookie, self.token = {}, ""

    def resolve(self, schema):
        """With what it refers to."""
        return schema | {"components": self.document["components"]}

    def check(self, method, description, path, headers, body, status):
        path = path.replace("{token}", self.token)
        got, reply, data = self.server.ask(method, path, self.cookie | headers, body)
        self.cookie |= {"Cookie": c.split(";")[0] for c in [reply["Set-Cookie"]] if c}
        what = f"{method} {path}: {got} {data[:300]}"
        self.assertEqual(got, status, what)
        self.assertIn(str(status), description["responses"], what)
        content = description["responses"][str(status)].get("content", {})
        if not content:
            self.assertEqual(data, b"", what)
            return
        self.token = json.loads(data).get("id", self.token) if b'"token"' in data else self.token
        kind = reply["Content-Type"].split(";")[0]
        self.assertIn(kind, content, what)
        if kind != "text/plain":
            schema = self.resolve(content[kind]["schema"])
            try:
                jsonschema.Draft202012Validator(schema).validate(json.loads(data))
            except jsonschema.ValidationError as error:
                self.fail(f"{what}\n{error.message} at {list(error.absolute_path)}")

    def test_every_answer_of_every_route(self):
        other = socket.create_connection(("127.0.0.1", self.server.ports["usbip"]), 10)
        self.addCleanup(other.close)
        while len(self.server.get("/api/v1/sessions")["sessions"]) < 2:
            time.sleep(0.01)
        number = str(self.server.get("/api/v1/sessions")["sessions"][-1]["id"])
        for route in sorted(routes(), key=list(ASKED).index):
            method, pattern = route.split()
            description = self.document["paths"][pattern][method.lower()]
            with self.subTest(route):
                for path, *asked in ASKED[route]:
                    self.check(method, description, path.replace("{other}", number), *asked)

    def test_what_is_refused_before_a_route_has_a_say(self):
        responses = self.document["components"]["responses"]
        problem = self.resolve(self.document["components"]["schemas"]["Problem"])
        for request, status in REFUSED:
            with self.subTest(request[:60]):
                reply, data = self.server.send(request)
                self.assertEqual(reply.status, status, data)
                self.assertIn(str(status), responses)
                self.assertEqual(reply.getheader("Content-Type"), "application/problem+json")
                jsonschema.Draft202012Validator(problem).validate(json.loads(data))
        self.assertEqual({str(s) for _, s in REFUSED} | {"503"}, set(responses))
        data = self.server.send(next(r for r, status in REFUSED if status == 413))[1]
        self.assertIn("290816 bytes", json.loads(data)["detail"])

    def test_the_documents_routes_are_those_that_there_are(self):
        described = {f"{m.upper()} {p}" for p, ms in self.document["paths"].items() for m in ms}
        self.assertEqual(described, set(routes()))
        self.assertEqual(set(ASKED), set(routes()))

    def test_every_described_parameter_is_known(self):
        for path, methods in self.document["paths"].items():
            for parameter in methods.get("get", {}).get("parameters", []):
                if parameter["in"] == "query":
                    data = self.server.ask("GET", f"{path}?{parameter['name']}=~")[2]
                    self.assertNotIn(b"not known here", data)

    def test_it_is_the_file_of_the_source_tree(self):
        self.assertEqual(self.document, json.loads((TOP / "core/api/openapi.json").read_text()))
        subprocess.run([TOP / "tools/openapi", "--check"], check=True)

    def test_a_foreign_schema_fails(self):
        """The test can fail: a member that nobody describes is found."""
        schema = self.resolve(self.document["components"]["schemas"]["Session"])
        session = self.server.get("/api/v1/sessions")["sessions"][0]
        validator = jsonschema.Draft202012Validator(schema)
        validator.validate(session)
        self.assertFalse(validator.is_valid(session | {"colour": "red"}))
        self.assertFalse(validator.is_valid({k: v for k, v in session.items() if k != "note"}))


class Figures(WithServer):
    def test_the_clients_round_trip(self):
        """The kernel knows it; the loop asks each second."""
        end = time.monotonic() + 20
        while self.server.get("/api/v1/sessions")["sessions"][0]["round_trip_s"] is None:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        found = self.server.get("/api/v1/devices/1-1")["round_trip_s"]
        self.assertTrue(0 < found < 1, found)


class Labgrid(WithServer):
    """The power of a port by labgrid's own driver, as it comes with Debian."""

    def labgrid(self, *steps):
        url = f"http://127.0.0.1:{self.server.ports['http']}/api/v1/ports/1-2.{{index}}/power"
        command = [TOP / "tests/api/labgrid_power.py", url, "1", *steps]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60)
        return done.stdout.split()

    def wait(self, there):
        end = time.monotonic() + 10
        while (self.server.ask("GET", "/api/v1/devices/1-2.1")[0] == 200) != there:
            self.assertLess(time.monotonic(), end, f"1-2.1 is there: {not there}")

    def events(self):
        events = self.server.get("/api/v1/events?busid=1-2.1")["events"]
        return sorted(e["type"] for e in events if e["type"].startswith("port_"))

    def test_off_on_and_read_back(self):
        self.assertEqual(self.labgrid("get", "off", "get"), ["on", "off"])
        self.wait(False)
        self.assertEqual(self.labgrid("get", "on", "get"), ["off", "on"])
        self.wait(True)

    def test_cycle(self):
        self.assertEqual(self.labgrid("cycle", "get"), ["on"])
        self.wait(True)
        self.assertEqual(self.events(), ["port_powered_off", "port_powered_on"])

    def test_what_is_refused_is_in_the_event_log(self):
        client = self.server.attach("1-2.1")
        self.addCleanup(client.close)
        self.assertEqual(self.labgrid("off", "get"), ["on"])  # it does not look at the answer
        self.assertEqual(self.events(), ["port_power_failed"])


class Roles(unittest.TestCase):
    """Every route x no login, a wrong one, a session and a token of each role."""

    ASKS = "http"
    COOKIE = "usbip_session"

    def setUp(self):
        self.server = Server(asks=self.ASKS)
        self.addCleanup(self.server.stop)
        self.admin = self.log_in("setup", {"password": "admin's own"})
        self.who = {"nobody": (FREE, {}), "wrong": (-1, {"Authorization": "Bearer ub_wrong"})}
        self.who["wrong cookie"] = (FREE, {"Cookie": f"{self.COOKIE}=" + 40 * "0"})
        for number, role in enumerate(("view", "operate", "admin"), VIEW):
            self.add(number, role)

    def post(self, path, body, status, headers):
        got, reply, data = self.server.ask("POST", path, JSON | headers, json.dumps(body))
        self.assertEqual(got, status, data)
        return reply, json.loads(data)

    def log_in(self, path, body):
        reply, _ = self.post(f"/api/v1/{path}", body, 200, {})
        return {"Cookie": reply["Set-Cookie"].split(";")[0]}

    def add(self, number, role):
        user = {"name": role, "role": role, "password": f"{role}'s own"}
        if role != "admin":
            self.post("/api/v1/users", user, 201, self.admin)
        log_in = {"user": role, "password": user["password"]}
        self.who[f"session {role}"] = (number, self.log_in("login", log_in))
        _, made = self.post("/api/v1/tokens", {"name": role, "role": role}, 201, self.admin)
        self.who[f"token {role}"] = (number, {"Authorization": f"Bearer {made['token']}"})
        basic = base64.b64encode(f"x:{made['token']}".encode()).decode()
        self.who[f"basic {role}"] = (number, {"Authorization": f"Basic {basic}"})

    def set_anonymous(self, value):
        patch = json.dumps({"anonymous": value})
        self.assertEqual(
            self.server.ask("PATCH", "/api/v1/settings", MERGE | self.admin, patch)[0], 200
        )

    def wanted(self, name, has, needs, route, anonymous):
        """The statuses that are not for others; None: it is let through."""
        if needs == FREE:
            return None
        if route == "PUT /api/v1/me/password":
            return 401 if has <= FREE else None if name.startswith("session") else 403
        if max(has, anonymous if has == FREE else has) >= needs:
            return None
        return 401 if has <= FREE else 403

    def check_all(self, anonymous):
        for route in all_routes():
            method = route.split()[0]
            needs, path, body = ROLES[route]
            for name, (has, headers) in self.who.items():
                if route == "POST /api/v1/logout" and name.startswith("session"):
                    continue  # it would end it
                with self.subTest(route=route, name=name, anonymous=anonymous):
                    sent = {"If-Match": "*", "Content-Type": "application/json"} | headers
                    got, reply, data = self.server.ask(method, path, sent, body)
                    wanted = self.wanted(name, has, needs, route, anonymous)
                    refused = got if got in (401, 403) else None
                    self.assertEqual(refused, wanted, f"{got} {data[:200]}")
                    self.assertEqual("WWW-Authenticate" in reply, got == 401)

    def test_every_route_for_everybody(self):
        self.assertEqual(set(ROLES), set(all_routes()))
        self.set_anonymous("view")
        self.check_all(VIEW)
        self.set_anonymous("none")
        self.check_all(FREE)

    def test_a_logout_ends_one_session(self):
        mine = self.log_in("login", {"user": "view", "password": "view's own"})
        self.set_anonymous("none")
        self.assertEqual(self.server.ask("GET", "/api/v1/status", mine)[0], 200)
        self.assertEqual(self.server.ask("POST", "/api/v1/logout", mine)[0], 204)
        self.assertEqual(self.server.ask("GET", "/api/v1/status", mine)[0], 401)
        other = self.who["session view"][1]
        self.assertEqual(self.server.ask("GET", "/api/v1/status", other)[0], 200)

    def test_other_programs_send_what_they_have(self):
        """Python's own client waits for the challenge, as wget does."""
        self.set_anonymous("none")
        token = self.who["token view"][1]["Authorization"].split()[1]
        url = f"{self.ASKS}://127.0.0.1:{self.server.ports[self.ASKS]}/api/v1/status"
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, url, "x", token)
        tls = urllib.request.HTTPSHandler(context=self.server.context)
        opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords), tls)
        with opener.open(url, timeout=10) as reply:
            self.assertEqual(reply.status, 200)


class RolesByHttps(Roles):
    """The same again."""

    ASKS = "https"
    COOKIE = "__Host-usbip_session"


class Metrics(WithServer):
    def test_promtool_has_nothing_to_say(self):
        text = self.server.ask("GET", "/metrics")[2]
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def test_counters_do_not_fall_with_a_session(self):
        sample = b'usbip_payload_bytes_total{busid="1-1",direction="in"} 18\n'
        self.assertIn(sample, self.server.ask("GET", "/metrics")[2])
        self.client.close()
        while self.server.get("/api/v1/sessions")["sessions"]:
            time.sleep(0.01)
        text = self.server.ask("GET", "/metrics")[2]
        self.assertIn(sample, text)
        self.assertIn(b'usbip_urb_duration_seconds_count{type="control"} 1\n', text)

    def test_who_was_refused_and_what_http_answered(self):
        self.assertRaises(AssertionError, self.server.attach, "7-7")
        self.server.ask("GET", "/nowhere")
        text = self.server.ask("GET", "/metrics")[2].decode().splitlines()
        self.assertIn('usbip_refusals_total{reason="no_device"} 1', text)
        self.assertIn('usbip_refusals_total{reason="busy"} 0', text)
        self.assertIn('usbip_connections_total{outcome="accepted"} 2', text)
        self.assertIn('usbip_connections_total{outcome="refused"} 0', text)
        self.assertIn('usbip_http_requests_total{code="404"} 1', text)

    def test_prometheus_scrapes_and_answers(self):
        self.assertRaises(AssertionError, self.server.attach, "7-7")
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        target = f"127.0.0.1:{self.server.ports['http']}"
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs:\n"
            f"- job_name: usbip\n  static_configs: [{{targets: ['{target}']}}]\n"
        )
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = ["prometheus", f"--config.file={folder}/prometheus.yml", "--log.level=error"]
        command += [f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"]
        prometheus = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.addCleanup(prometheus.wait, 20)
        self.addCleanup(prometheus.terminate)
        queries = {
            'usbip_payload_bytes_total{busid="1-1",direction="in"}': "18",
            'usbip_refusals_total{reason="no_device"}': "1",
        }
        for query, value in queries.items():
            self.assertEqual(self.ask_prometheus(port, query), value)

    def ask_prometheus(self, port, query):
        url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(query)}"
        end, found = time.monotonic() + 30, []
        while not found and time.monotonic() < end:
            try:
                with urllib.request.urlopen(url, timeout=5) as reply:
                    found = json.load(reply)["data"]["result"]
            except (OSError, ValueError):
                pass  # it is not up yet
            time.sleep(0.1)
        self.assertTrue(found, "Prometheus has no sample within 30 s")
        return found[0]["value"][1]


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = unittest.TextTestRunner().run(suite)
    bad = len(result.failures) + len(result.errors)
    good = result.testsRun - bad
    print(f"# tests: {good} passed, {bad} failed, 0 skipped")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
