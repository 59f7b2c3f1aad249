#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HTTPS as clients see it: Python's TLS (OpenSSL) against the server's (GnuTLS).
usage: USBIP_SERVER=PROGRAM https_test.py"""

import base64
import hashlib
import json
import os
import pathlib
import re
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import warnings

from api_test import JSON, Server

PASSWORD = {"password": "admin's own"}
DAY_S = 24 * 3600
IDLE = 30


def openssl(*words, **more):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, text=True, **more)


def pair(folder, name, *more, days=30):
    """(certificate, key) in PEM, signed by itself."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
        f"/CN={name}", "-days", str(days), "-keyout", str(key), "-out", str(certificate), *more,
    )  # fmt: skip
    return certificate.read_text(), key.read_text()


def websocket(connection):
    """Asks for live data. Returns the first message."""
    connection.sendall(
        b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    got = connection.makefile("rb")
    status = got.readline()
    assert b" 101 " in status, status
    while got.readline() != b"\r\n":
        pass
    return message(got)


def message(got):
    head = got.read(2)
    assert head[0] == 0x81, head
    size = head[1]
    if size >= 126:
        size = int.from_bytes(got.read(2 if size == 126 else 8), "big")
    return json.loads(got.read(size))


class Https(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.state = self.folder / "state"
        self.server = self.start()

    def start(self):
        server = Server("--state-dir", str(self.state), asks="https")
        self.addCleanup(server.stop)
        return server

    def restart(self):
        self.server.stop()
        self.server = self.start()

    def tcp(self):
        s = socket.create_connection(("127.0.0.1", self.server.ports["https"]), 10)
        self.addCleanup(s.close)
        return s

    def tls(self, context=None):
        return (context or self.server.context).wrap_socket(self.tcp(), server_hostname="localhost")

    def shown(self):
        """The SHA-256 of what is shown to who connects now."""
        return hashlib.sha256(self.tls().getpeercert(binary_form=True)).hexdigest()

    def certificate(self):
        return json.loads(self.server.ask("GET", "/api/v1/certificate")[2])

    def put(self, certificate, key, status):
        body = json.dumps({"certificate": certificate, "key": key})
        got, _, data = self.server.ask("PUT", "/api/v1/certificate", JSON, body)
        self.assertEqual(got, status, data)
        return json.loads(data)

    def answers(self):
        self.assertEqual(self.server.ask("GET", "/healthz")[0], 200)

    # --- what is there from the start ------------------------------------------------------------

    def test_a_certificate_of_its_own_making(self):
        made = self.certificate()
        self.assertTrue(made["self_made"])
        self.assertEqual(made["sha256"], self.shown())
        host = socket.gethostname()
        self.assertLessEqual({host, "localhost", "127.0.0.1", "::1"}, set(made["names"]))
        self.assertIn("." in host and host or f"{host}.local", made["names"])
        self.assertIn(f"CN={host}", made["subject"])
        kept = self.state / "certificate.pem"
        self.assertEqual(stat.S_IMODE(kept.stat().st_mode), 0o600)
        self.restart()
        self.assertEqual(self.certificate(), made)  # the same again

    def test_browsers_would_take_it(self):
        """Once trusted: names, purpose, duration."""
        pem = (self.state / "certificate.pem").read_text()
        context = ssl.create_default_context(cadata=pem[: pem.index("-----BEGIN PRIVATE")])
        self.tls(context)
        text = openssl("x509", "-noout", "-text", "-in", str(self.state / "certificate.pem")).stdout
        self.assertIn("TLS Web Server Authentication", text)
        self.assertIn("NIST CURVE: P-256", text)
        times = [ssl.cert_time_to_seconds(t) for t in re.findall(r"Not \w+ ?: (.* GMT)", text)]
        self.assertEqual(times[1] - times[0], 825 * DAY_S)
        self.assertLess(times[0], time.time() - DAY_S / 2)  # clocks differ

    def test_an_expired_one_is_made_anew(self):
        old = self.certificate()
        pem = pair(self.folder, "old", "-addext", "basicConstraints=critical,CA:FALSE", days=1)
        mine = self.folder / "mine"  # as if made long ago: it expires within the month
        openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/O=usbip-server (self-made)/CN=x", "-days", "2", "-keyout", f"{mine}.key",
            "-out", f"{mine}.crt",
        )  # fmt: skip
        self.server.stop()
        text = "".join(pathlib.Path(f"{mine}.{kind}").read_text() for kind in ("crt", "key"))
        (self.state / "certificate.pem").write_text(text)
        self.server = self.start()
        new = self.certificate()
        self.assertTrue(new["self_made"])
        self.assertNotEqual(new["sha256"], old["sha256"])
        self.assertNotIn("CN=x", new["subject"])
        # An own one stays, whenever it expires: that is its owner's business.
        self.put(*pem, 200)
        self.restart()
        self.assertIn("CN=old", self.certificate()["subject"])

    def test_a_damaged_file_is_said(self):
        self.server.stop()
        (self.state / "certificate.pem").write_text("what?")
        damaged = Server("--state-dir", str(self.state), "--https-port", "1")
        self.addCleanup(damaged.stop)
        self.assertIsNone(damaged.get("/api/v1/status")["https"])  # all but HTTPS is there
        damaged.stop()
        command = [os.environ["USBIP_SERVER"], "--state-dir", str(self.state), "--port", "0"]
        command += ["--http-port", "0", "--https-port", "1", "--no-mdns"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as server:
            said = (line for line in iter(server.stderr.readline, b"") if b"https: " in line)
            lines = [next(said), next(said)]
            self.assertIn(b"There is no certificate in PEM", lines[0])
            self.assertIn(b"or remove the one that is there", lines[1])
            server.terminate()
        (self.state / "certificate.pem").unlink()
        self.server = self.start()

    def test_the_log_has_the_fingerprint(self):
        self.server.stop()
        command = [os.environ["USBIP_SERVER"], "--state-dir", str(self.state), "--port", "0"]
        command += ["--http-port", "0", "--https-port", str(self.server.ports["https"]), "--no-mdns"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as server:
            lines = iter(server.stderr.readline, b"")
            line = next((line for line in lines if b"fingerprint" in line), b"")
            server.terminate()
        self.server = self.start()
        self.assertIn(self.certificate()["sha256"], line.decode())

    # --- the same as plain -----------------------------------------------------------------------

    def test_status_and_cookie_say_it(self):
        port = self.server.ports["https"]
        self.assertEqual(self.server.get("/api/v1/status")["https"], {"port": port})
        _, reply, _ = self.server.ask("POST", "/api/v1/setup", JSON, json.dumps(PASSWORD))
        cookie = reply["Set-Cookie"]
        self.assertTrue(cookie.startswith("__Host-usbip_session="))
        self.assertIn("; Secure", cookie)
        self.assertNotIn("Strict-Transport-Security", reply)
        plain = Server()
        self.addCleanup(plain.stop)
        self.assertIsNone(plain.get("/api/v1/status")["https"])
        self.assertEqual(plain.ask("GET", "/api/v1/certificate")[0], 404)
        _, reply, _ = plain.ask("POST", "/api/v1/setup", JSON, json.dumps(PASSWORD))
        self.assertNotIn("Secure", reply["Set-Cookie"])
        self.assertTrue(reply["Set-Cookie"].startswith("usbip_session="))

    def test_a_plain_cookie_is_none(self):
        """The plain port of the same machine, or who sits before it, can set only those."""
        log_in = json.dumps({"user": "admin"} | PASSWORD)
        self.server.ask("POST", "/api/v1/setup", JSON, json.dumps(PASSWORD))
        secure = self.server.ask("POST", "/api/v1/login", JSON, log_in)[1]["Set-Cookie"]
        name, secret = secure.split(";")[0].split("=")
        self.assertEqual(self.ask_me(f"{name}={secret}"), "admin")
        self.assertIsNone(self.ask_me(f"usbip_session={secret}"))
        self.server.asks = "http"
        self.assertIsNone(self.ask_me(f"{name}={secret}"))
        self.server.asks = "https"

    def ask_me(self, cookie):
        return json.loads(self.server.ask("GET", "/api/v1/me", {"Cookie": cookie})[2])["user"]

    def test_the_plain_page_is_another_site(self):
        port = self.server.ports["https"]
        for scheme, status in (("https", 422), ("http", 403)):
            headers = JSON | {"Origin": f"{scheme}://127.0.0.1:{port}"}
            got = self.server.ask("POST", "/api/v1/access/test", headers, "{}")[0]
            self.assertEqual(got, status, scheme)

    def test_keep_alive(self):
        connection = self.server.connect()
        for _ in range(3):
            connection.request("GET", "/healthz")
            self.assertEqual(connection.getresponse().read(), b'{"status":"ok"}')
        connection.close()

    def test_curl_and_ipv6(self):
        self.server.stop()
        for _ in range(5):
            port = self.server.ports["https"]
            command = [os.environ["USBIP_SERVER"], "--port", "0", "--http-port", "0", "--no-mdns"]
            command += ["--https-port", str(port), "--log-level", "error"]
            everywhere = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            lines = iter(everywhere.stdout.readline, "")
            if any("https: listening" in line for line in lines):
                break
        for host in ("127.0.0.1", "[::1]"):
            url = f"https://{host}:{port}/healthz"
            got = subprocess.run(["curl", "-sk", "--max-time", "10", url], capture_output=True)
            self.assertEqual((got.returncode, got.stdout), (0, b'{"status":"ok"}'), url)
        everywhere.terminate()
        self.assertEqual(everywhere.wait(20), 0)
        everywhere.stdout.close()
        self.server = self.start()

    def test_live(self):
        connection = self.tls()
        first = websocket(connection)
        self.assertIn("status", first)
        self.server.stop()
        self.assertEqual(self.read_to_end(connection), 0)  # and it ends with the server, in order
        self.server = self.start()

    def read_to_end(self, connection):
        """0: an orderly end."""
        connection.settimeout(10)
        while data := connection.recv(65536):
            self.assertGreater(len(data), 0)
        return 0

    def test_long_answers(self):
        size = len(self.server.ask("GET", "/api/v1/openapi.json")[2])
        self.assertGreater(size, 65536)

    # --- who does not speak it -------------------------------------------------------------------

    def test_only_newer_versions(self):
        warnings.simplefilter("ignore", DeprecationWarning)
        for version, good in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True),
                              (ssl.TLSVersion.TLSv1_3, True)):  # fmt: skip
            context = ssl._create_unverified_context()
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = version
            context.minimum_version = version
            if good:
                self.assertEqual(self.tls(context).version(), version.name.replace("_", "."))
            else:
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    self.tls(context)

    def test_plain_http_is_told(self):
        s = self.tcp()
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = s.makefile("rb").read()
        self.assertIn(b" 400 ", answer)
        self.assertIn(b"https://", answer)
        self.answers()

    def test_garbage(self):
        for garbage in (b"\0" * 200, b"\x16" * 400, os.urandom(5000), b"\x16\x03\x01\xff\xff" * 99,
                        b"\x80\x2e\x01\0\x02", b"\x15\x03\x03\0\x02\x02\x28"):  # fmt: skip
            s = self.tcp()
            try:
                s.sendall(garbage)
                s.shutdown(socket.SHUT_WR)
                while s.recv(4096):
                    pass
            except OSError:
                pass  # it has been refused already
            self.answers()

    def test_a_stalled_handshake_holds_up_nobody(self):
        """Half a hello, none at all: ended after 5 s; the others are answered meanwhile."""
        stalled = [self.tcp() for _ in range(20)]
        for i, s in enumerate(stalled):
            s.sendall(b"\x16\x03\x01\x02\x00\x01"[: i % 7])
        begun = time.monotonic()
        slowest = 0
        while time.monotonic() < begun + 1:
            at = time.monotonic()
            self.answers()
            slowest = max(slowest, time.monotonic() - at)
        self.assertLess(slowest, 2)
        for s in stalled:
            s.settimeout(20)
            try:
                self.assertEqual(s.recv(1), b"")
            except ConnectionError:
                pass
        self.assertGreater(time.monotonic(), begun + 4)

    def test_idle_connections_give_way(self):
        idle = [self.tls() for _ in range(IDLE)]
        for s in idle:
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertIn(b" 200 ", s.recv(4096))
        self.answers()
        more = [self.tcp() for _ in range(64 - IDLE + 1)]  # of one address there may be 64
        self.assertEqual(len(more), 35)
        self.answers()
        idle[0].settimeout(10)
        self.assertEqual(idle[0].recv(4096), b"")  # the one that was idle for longest
        idle[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertIn(b" 200 ", idle[-1].recv(4096))

    # --- own certificates ------------------------------------------------------------------------

    def test_an_own_one_from_the_next_connection_on(self):
        before = self.tls()
        old = self.shown()
        certificate, key = pair(self.folder, "bench", "-addext", "subjectAltName=DNS:bench,IP:10.0.0.7")
        told = self.put(certificate, key, 200)
        self.assertEqual(told["names"], ["bench", "10.0.0.7"])
        self.assertFalse(told["self_made"])
        self.assertNotEqual(told["sha256"], old)
        self.assertEqual(told["sha256"], self.shown())
        before.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")  # goes on as it was
        self.assertIn(b" 200 ", before.recv(4096))
        events = self.server.get("/api/v1/events?limit=5")["events"]
        self.assertIn("certificate_changed", [e["type"] for e in events])
        self.restart()
        self.assertEqual(self.certificate()["sha256"], told["sha256"])

    def test_a_chain(self):
        """The root's, and one that it has signed: in that order it is wrong."""
        root, root_key = pair(self.folder, "root")
        request, key, leaf = (str(self.folder / name) for name in ("leaf.csr", "leaf.key", "leaf.crt"))
        openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=leaf", "-keyout", key,
                "-out", request)  # fmt: skip
        openssl("x509", "-req", "-in", request, "-CA", str(self.folder / "root.crt"), "-CAkey",
                str(self.folder / "root.key"), "-set_serial", "2", "-days", "9", "-out", leaf)  # fmt: skip
        leaf, key = pathlib.Path(leaf).read_text(), pathlib.Path(key).read_text()
        wrong = self.put(root + leaf, root_key, 422)
        self.assertIn("order", wrong["detail"])
        self.assertTrue(self.certificate()["self_made"])
        self.put(leaf + root, key, 200)
        context = ssl.create_default_context(cadata=root)
        context.check_hostname = False
        self.tls(context)

    def test_what_is_no_pair(self):
        good, key = pair(self.folder, "good")
        _, other_key = pair(self.folder, "other")
        expired = self.expired()
        client, client_key = pair(self.folder, "client", "-addext", "extendedKeyUsage=clientAuth")
        locked = openssl("pkcs8", "-topk8", "-passout", "pass:x", input=key).stdout
        locked_old = openssl("ec", "-aes128", "-passout", "pass:x", input=key).stdout
        before = self.certificate()
        cases = (
            (good, other_key, "/key", "not the one of"),
            (*expired, "/certificate", "has expired"),
            (good, locked, "/key", "encrypted"),
            (good, locked_old, "/key", "encrypted"),
            (good, "", "/key", "no key in PEM"),
            ("", key, "/certificate", "no certificate in PEM"),
            ("x", "y", "/certificate", "no certificate in PEM"),
            (good + 65536 * "\n", key, "/certificate", "longer than 65536"),
            (good, key + 65536 * "\n", "/key", "longer than 65536"),
            (9 * good, key, "/certificate", "more than 8"),
            (client, client_key, "/certificate", "not one for a server"),
        )
        for certificate, its_key, pointer, words in cases:
            with self.subTest(words):
                wrong = self.put(certificate, its_key, 422)
                self.assertIn(words, wrong["detail"])
                self.assertEqual(wrong["errors"][0]["pointer"], pointer)
        for body in ("", "[]", "{}", '{"certificate":1,"key":2}', '{"certificate":"x"}'):
            got = self.server.ask("PUT", "/api/v1/certificate", JSON, body)[0]
            self.assertIn(got, (400, 422), body)
        self.assertEqual(self.certificate(), before)
        self.assertEqual(self.shown(), before["sha256"])

    def expired(self):
        folder = self.folder / "past"
        folder.mkdir()
        config = folder / "ca.cnf"
        config.write_text(
            f"[ca]\ndefault_ca=c\n[c]\nnew_certs_dir={folder}\ndatabase={folder}/index\n"
            f"serial={folder}/serial\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
        )
        (folder / "index").touch()
        (folder / "serial").write_text("01")
        _, key = pair(folder, "past")
        request = str(folder / "past.csr")
        openssl("req", "-new", "-key", str(folder / "past.key"), "-subj", "/CN=past", "-out", request)
        out = folder / "past.crt"
        openssl("ca", "-batch", "-selfsign", "-notext", "-config", str(config), "-keyfile",
                str(folder / "past.key"), "-in", request, "-out", str(out), "-startdate",
                "20200101000000Z", "-enddate", "20200201000000Z")  # fmt: skip
        return out.read_text(), key

    def test_the_key_is_told_nobody(self):
        _, key = pair(self.folder, "mine")
        self.put((self.folder / "mine.crt").read_text(), key, 200)
        secret = base64.b64encode(b"".join(map(str.encode, key.split("\n")[1:2]))).decode()
        for path in ("/api/v1/certificate", "/api/v1/settings", "/api/v1/status", "/api/v1/events"):
            data = self.server.ask("GET", path)[2].decode()
            self.assertNotIn("PRIVATE", data)
            self.assertNotIn(secret, data)


def main():
    result = unittest.TextTestRunner().run(
        unittest.defaultTestLoader.loadTestsFromTestCase(Https)
    )
    bad = len(result.failures) + len(result.errors)
    print(f"# tests: {result.testsRun - bad} passed, {bad} failed, 0 skipped")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
