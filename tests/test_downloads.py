"""Downloads from a real HTTPS server on this machine that misbehaves on purpose."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recbench.datasets.sources import members
from recbench.downloads import DOWNLOADS, Download, DownloadError, fetch, record_terms
from tests.running import recbench

# the server hangs up in the middle, and leaves its sockets to be collected
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
CONTENT = bytes(range(256)) * 8192  # 2 MB
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
TOY = Download("toy", "toy.zip", 2, DIGEST)


class Server(http.server.ThreadingHTTPServer):
    """What it does is set by each test; it notes what it was asked for."""

    behaviour = "honest"
    asked: list[str]


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        wanted = self.headers.get("Range") or ""
        self.server.asked.append(wanted)
        first = int(match[1]) if (match := re.match(r"bytes=(\d+)-", wanted)) else 0
        behaviour = self.server.behaviour
        if behaviour in ("404", "500"):
            self.send_error(int(behaviour))
            return
        if behaviour == "to http":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1/toy.zip")
            self.end_headers()
            return
        if behaviour == "to https" and not self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", f"/moved{self.path}")
            self.end_headers()
            return
        if behaviour == "ignores ranges":
            first = 0
        if behaviour == "another range":
            first = max(0, first - 7)
        if first >= len(CONTENT):
            self.send_error(416)
            return
        body = CONTENT[first:]
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(CONTENT) - 1}/{len(CONTENT)}")
        if behaviour != "endless":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # the other side has gone, as some tests want it to
            self._send(behaviour, body)

    def _send(self, behaviour: str, body: bytes) -> None:
        if behaviour == "drops once" and len(self.server.asked) == 1:
            self.wfile.write(body[:700_000])
            self.wfile.flush()
            self.connection.close()
        elif behaviour == "drops":
            self.connection.close()
        elif behaviour == "changed":
            self.wfile.write(bytes(len(body)))
        elif behaviour == "endless":
            for _ in range(100):
                self.wfile.write(CONTENT)
        elif behaviour == "slow":
            for start in range(0, len(body), 100_000):
                self.wfile.write(body[start : start + 100_000])
                self.wfile.flush()
                time.sleep(0.1)
        else:
            self.wfile.write(body)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, its key behind it, which trusts itself."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl command to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run([*command, *files, *names], check=True, capture_output=True)
    return folder


@pytest.fixture
def server(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    serving = Server(("127.0.0.1", 0), Handler)
    serving.asked = []
    serving.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that doesn't trust it hangs up
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    serving.socket = context.wrap_socket(serving.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=serving.serve_forever, args=(0.05,))
    thread.start()
    yield serving
    serving.shutdown()
    thread.join()
    serving.server_close()


def _base(server: Server) -> str:
    return f"https://127.0.0.1:{server.server_address[1]}/"


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_what_comes_is_kept_under_its_name(server: Server, tmp_path: Path) -> None:
    assert fetch(TOY, tmp_path / "data", _base(server)).read_bytes() == CONTENT
    assert _files(tmp_path / "data") == ["toy.zip"]
    fetch(TOY, tmp_path / "data", _base(server))
    assert len(server.asked) == 1


@pytest.mark.parametrize("behaviour", ["drops once", "to https"])
def test_what_can_be_got_is_got(behaviour: str, server: Server, tmp_path: Path) -> None:
    server.behaviour = behaviour
    assert fetch(TOY, tmp_path, _base(server)).read_bytes() == CONTENT
    if behaviour == "drops once":
        (again,) = server.asked[1:]
        assert 0 < int(again.removeprefix("bytes=").rstrip("-")) <= 700_000


@pytest.mark.parametrize("behaviour", ["honest", "ignores ranges", "another range"])
def test_a_part_that_is_there_is_gone_on_with(behaviour: str, server: Server, tmp_path: Path) -> None:
    server.behaviour = behaviour
    (tmp_path / ".toy.zip.part").write_bytes(CONTENT[:1_000_000])
    assert fetch(TOY, tmp_path, _base(server)).read_bytes() == CONTENT
    assert server.asked[0] == "bytes=1000000-"


def test_a_part_that_is_longer_than_the_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".toy.zip.part").write_bytes(CONTENT + b"more")
    assert fetch(TOY, tmp_path, _base(server)).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("404", "the server answers 404"),
        ("500", "the connection broke 5 times"),
        ("drops", "the connection broke 5 times"),
        ("to http", "leads to http://127.0.0.1/toy.zip, which is not encrypted; it was not followed"),
        ("changed", "is not what GroupLens published: its digest is not sha256:"),
        ("endless", "is larger than the 2 MB of toy.zip; it was thrown away"),
    ],
)
def test_what_can_not_be_trusted_leaves_nothing(behaviour: str, message: str, server: Server, tmp_path: Path) -> None:
    server.behaviour = behaviour
    with pytest.raises(DownloadError, match=re.escape(message)):
        fetch(TOY, tmp_path, _base(server))
    assert _files(tmp_path) == []


def test_a_server_that_nobody_vouches_for_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(DownloadError, match="the server can't prove who it is"):
        fetch(TOY, tmp_path, _base(server))
    assert server.asked == []


def test_a_file_that_was_changed_here_is_not_taken(server: Server, tmp_path: Path) -> None:
    (tmp_path / "toy.zip").write_bytes(b"else")
    with pytest.raises(DownloadError, match=r"is not what GroupLens published .*; remove it and fetch again"):
        fetch(TOY, tmp_path, _base(server))


FETCH = f"""
import resource, sys
from pathlib import Path
from recbench.downloads import Download, fetch
if len(sys.argv) > 3:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
    import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
fetch(Download("toy", "toy.zip", 2, {DIGEST!r}), Path(sys.argv[1]), sys.argv[2])
"""


def _fetching(folder: Path, server: Server, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FETCH, str(folder), _base(server), *more]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_a_killed_download_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.behaviour = "slow"
    process = _fetching(tmp_path, server)
    part = tmp_path / ".toy.zip.part"
    deadline = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = part.stat().st_size
    assert 0 < kept < len(CONTENT)
    server.behaviour = "honest"
    assert fetch(TOY, tmp_path, _base(server)).read_bytes() == CONTENT
    assert server.asked[-1] == f"bytes={kept}-"


def test_a_full_disk_is_told_and_keeps_what_came(server: Server, tmp_path: Path) -> None:
    process = _fetching(tmp_path, server, "1500000")
    said = process.communicate()[1]
    assert "no room for the 2 MB of toy.zip in" in said
    assert not (tmp_path / "toy.zip").exists()
    assert fetch(TOY, tmp_path, _base(server)).read_bytes() == CONTENT


def test_two_that_fetch_at_once_fetch_once(server: Server, tmp_path: Path) -> None:
    server.behaviour = "slow"
    processes = [_fetching(tmp_path, server) for _ in range(2)]
    assert [(process.communicate()[1], process.returncode) for process in processes] == [("", 0)] * 2
    assert (tmp_path / "toy.zip").read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_the_terms_are_shown_once_and_kept(tmp_path: Path) -> None:
    assert "GroupLens" in record_terms(tmp_path)
    assert record_terms(tmp_path) == ""
    assert "Shown on 20" in (tmp_path / "TERMS-GROUPLENS.txt").read_text()


def test_every_release_is_pinned() -> None:
    for each in DOWNLOADS.values():
        assert re.fullmatch(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", each.digest)


@pytest.mark.parametrize("name", ["/etc/ratings.csv", "../ratings.csv", "a/../../ratings.csv", "..\\ratings.csv"])
def test_a_zip_that_leads_out_of_its_folder_is_refused(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), "user,item,rating\n1,1,1\n")
    with pytest.raises(ValueError, match="a path out of its folder; don't trust it"):
        members(tmp_path / "bad.zip")


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ratings.csv", bytes(100_000_000))
    with pytest.raises(ValueError, match="that would become 100,000,000; don't trust it"):
        members(tmp_path / "bomb.zip")


def test_the_verbs_tell_what_is_here(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "ml-1m.zip").write_bytes(b"else")
    where = {"RECBENCH_DATA": str(folder)}
    assert recbench("data", "path", cwd=tmp_path, **where).stdout.strip() == str(folder)
    listed = recbench("data", "list", cwd=tmp_path, **where).stdout
    assert [line.split()[0] for line in listed.splitlines()[1:]] == list(DOWNLOADS)
    assert [line.split()[0] for line in listed.splitlines() if " here " in line] == ["1m"]
    verified = recbench("data", "verify", cwd=tmp_path, **where)
    assert verified.returncode == 1
    assert "ml-1m.zip is NOT what GroupLens published (sha256:a6898adb" in verified.stdout


def test_a_release_that_is_not_here_names_the_command_that_brings_it(tmp_path: Path) -> None:
    run = recbench("model=bias", "dataset.release=25m", cwd=tmp_path, RECBENCH_DATA=str(tmp_path))
    assert run.returncode == 2
    assert "type `recbench data fetch 25m`" in run.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "the following arguments are required: what"),
        (("get", "1m"), "invalid choice: 'get'"),
        (("fetch",), "'recbench data fetch' needs a release: 100k, 1m"),
        (("fetch", "2m"), "no release '2m'"),
        (("path", "1m"), "'recbench data path' takes nothing more, got '1m'"),
        (("fetch", "1m"), "is not what GroupLens published"),
    ],
)
def test_a_wrong_command_is_one_line(args: tuple[str, ...], message: str, tmp_path: Path) -> None:
    (tmp_path / "ml-1m.zip").write_bytes(b"else")
    run = recbench("data", *args, cwd=tmp_path, RECBENCH_DATA=str(tmp_path))
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr
