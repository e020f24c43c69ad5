"""An HTTPS server on this machine that misbehaves in the way that a test chooses."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import re
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CONTENT = bytes(range(256)) * 8192  # 2 MB
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


class Server(http.server.ThreadingHTTPServer):
    """A server whose behavior each test sets; it records the requested ranges."""

    behavior = "honest"
    asked: list[str]
    closing: threading.Event

    @property
    def base(self) -> str:
        """The server's address."""
        return f"https://127.0.0.1:{self.server_address[1]}/"

    def handle_error(self, *_: Any) -> None:
        """Ignore errors: a client that doesn't trust the server disconnects."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        wanted = self.headers.get("Range") or ""
        self.server.asked.append(wanted)
        first = int(match[1]) if (match := re.match(r"bytes=(\d+)-", wanted)) else 0
        behavior = self.server.behavior
        if behavior in ("404", "500") or (behavior == "busy once" and len(self.server.asked) == 1):
            self.send_error(503 if behavior == "busy once" else int(behavior))
            return
        if behavior == "to http":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1/ml-toy.zip")
            self.end_headers()
            return
        if behavior == "to https" and not self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", f"/moved{self.path}")
            self.end_headers()
            return
        if behavior == "ignores ranges":
            first = 0
        if behavior == "another range":
            first = max(0, first - 7)
        if first >= len(CONTENT):
            self.send_error(416)
            return
        body = CONTENT[first:]
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(CONTENT) - 1}/{len(CONTENT)}")
        if behavior not in ("endless", "announces nothing"):
            announced = {"announces more": 1_000_000, "announces less": -1_000_000}
            self.send_header("Content-Length", str(len(body) + announced.get(behavior, 0)))
        self.end_headers()
        with contextlib.suppress(OSError):  # in some tests the client disconnects
            self._send(behavior, body)

    def _send(self, behavior: str, body: bytes) -> None:
        if behavior == "drops once" and len(self.server.asked) == 1:
            self.wfile.write(body[:700_000])
            self.wfile.flush()
            self.connection.close()
        elif behavior == "stalls once" and len(self.server.asked) == 1:
            self.wfile.write(body[:700_000])
            self.wfile.flush()
            if not self.server.closing.wait(20.0):
                self.server.asked.append("nothing, for 20 seconds")
        elif behavior == "drops":
            self.connection.close()
        elif behavior == "changed":
            self.wfile.write(bytes(len(body)))
        elif behavior == "endless":
            for _ in range(100):
                self.wfile.write(CONTENT)
        elif behavior == "slow":
            for start in range(0, len(body), 100_000):
                self.wfile.write(body[start : start + 100_000])
                self.wfile.flush()
                time.sleep(0.1)
        else:
            self.wfile.write(body)


@contextlib.contextmanager
def serving(certificate: Path, key: Path) -> Iterator[Server]:
    """Run the server until the block ends."""
    server = Server(("127.0.0.1", 0), Handler)
    server.asked, server.closing = [], threading.Event()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
