"""Downloads from a real HTTPS server on this machine that misbehaves on purpose."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recbench.cli.commands.data import fetched
from recbench.datasets.movielens.download import DownloadError, Patience, fetch
from recbench.datasets.movielens.releases import TERMS, Download
from recbench.progress import progress_listener
from recbench.usage import UsageError
from tests.support.https_server import CONTENT, DIGEST, Server, serving

# the server closes connections midway and leaves its sockets to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
TOY = Download("toy", 2, DIGEST)
HASTY = Patience(timeout=2.0, pause=0.01)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a self-signed certificate for 127.0.0.1 and its key."""
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
    with serving(certificate / "cert.pem", certificate / "key.pem") as server:
        yield server


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_download_is_stored_under_its_name(server: Server, tmp_path: Path) -> None:
    assert fetch(TOY, tmp_path / "data", server.base, HASTY).read_bytes() == CONTENT
    assert _files(tmp_path / "data") == ["ml-toy.zip"]
    fetch(TOY, tmp_path / "data", server.base, HASTY)
    assert len(server.asked) == 1


@pytest.mark.parametrize("behavior", ["busy once", "to https", "announces more", "announces nothing"])
def test_download_succeeds_despite_a_difficult_server(behavior: str, server: Server, tmp_path: Path) -> None:
    server.behavior = behavior
    assert fetch(TOY, tmp_path, server.base, HASTY).read_bytes() == CONTENT


@pytest.mark.parametrize("behavior", ["honest", "ignores ranges", "another range"])
def test_an_existing_partial_file_is_resumed(behavior: str, server: Server, tmp_path: Path) -> None:
    server.behavior = behavior
    (tmp_path / ".ml-toy.zip.part").write_bytes(CONTENT[:1_000_000])
    assert fetch(TOY, tmp_path, server.base, HASTY).read_bytes() == CONTENT
    assert server.asked[0] == "bytes=1000000-"


def test_a_partial_file_that_is_complete_is_used(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".ml-toy.zip.part").write_bytes(CONTENT)
    assert fetch(TOY, tmp_path, server.base, HASTY).read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(CONTENT)}-"]


@pytest.mark.parametrize("behavior", ["drops once", "stalls once"])
def test_broken_download_resumes_without_loss(behavior: str, server: Server, tmp_path: Path) -> None:
    server.behavior = behavior
    assert fetch(TOY, tmp_path, server.base, HASTY).read_bytes() == CONTENT
    assert server.asked == ["", "bytes=700000-"]


def test_unencrypted_address_is_not_requested(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="is not encrypted"):
        fetch(TOY, tmp_path, "http://127.0.0.1/")
    assert _files(tmp_path) == []


def test_progress_starts_at_the_resumed_size(server: Server, tmp_path: Path) -> None:
    reported: list[tuple[str, int, int]] = []
    (tmp_path / ".ml-toy.zip.part").write_bytes(CONTENT[:1_000_000])
    with progress_listener(lambda *progress: reported.append(progress)):
        fetch(TOY, tmp_path, server.base, HASTY)
    assert reported[0][1] > 1_000_000
    assert reported[-1] == ("ml-toy.zip", len(CONTENT), len(CONTENT))


def test_a_partial_file_that_is_too_long_is_discarded(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".ml-toy.zip.part").write_bytes(CONTENT + b"more")
    assert fetch(TOY, tmp_path, server.base, HASTY).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("behavior", "message"),
    [
        ("404", "the server answered 404"),
        ("500", "failed after 5 attempts (HTTP Error 500: Internal Server Error); rerun to resume"),
        ("drops", "failed after 5 attempts"),
        ("to http", "redirects to http://127.0.0.1/ml-toy.zip, which is not encrypted; not followed"),
        ("changed", "does not have the published digest (sha256:"),
        ("announces less", "does not have the published digest (sha256:"),
        ("endless", "is larger than the 2 MB of ml-toy.zip; the download was deleted"),
    ],
)
def test_untrusted_download_leaves_no_file(behavior: str, message: str, server: Server, tmp_path: Path) -> None:
    server.behavior = behavior
    with pytest.raises(DownloadError, match=re.escape(message)):
        fetch(TOY, tmp_path, server.base, HASTY)
    assert _files(tmp_path) == []


def test_server_without_a_valid_certificate_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(DownloadError, match="the server's certificate is not valid"):
        fetch(TOY, tmp_path, server.base, HASTY)
    assert server.asked == []


def test_a_file_that_was_changed_locally_is_refused(server: Server, tmp_path: Path) -> None:
    (tmp_path / "ml-toy.zip").write_bytes(b"else")
    with pytest.raises(DownloadError, match=r"does not have the published digest .*; remove it and fetch again"):
        fetch(TOY, tmp_path, server.base, HASTY)


FETCH = f"""
import resource, sys
from pathlib import Path
from recbench.datasets.movielens.releases import Download
from recbench.datasets.movielens.download import fetch
if len(sys.argv) > 3:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
    import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
fetch(Download("toy", 2, {DIGEST!r}), Path(sys.argv[1]), sys.argv[2])
"""


def _fetching(folder: Path, server: Server, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FETCH, str(folder), server.base, *more]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_killed_download_resumes(server: Server, tmp_path: Path) -> None:
    server.behavior = "slow"
    process = _fetching(tmp_path, server)
    part = tmp_path / ".ml-toy.zip.part"
    deadline = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    size = part.stat().st_size
    assert 0 < size < len(CONTENT)
    server.behavior = "honest"
    assert fetch(TOY, tmp_path, server.base, HASTY).read_bytes() == CONTENT
    assert server.asked[-1] == f"bytes={size}-"


def test_full_disk_is_reported_and_keeps_the_partial_file(server: Server, tmp_path: Path) -> None:
    process = _fetching(tmp_path, server, "1500000")
    said = process.communicate()[1]
    assert "for ml-toy.zip (2 MB needed)" in said
    assert not (tmp_path / "ml-toy.zip").exists()
    assert fetch(TOY, tmp_path, server.base, HASTY).read_bytes() == CONTENT


def test_simultaneous_fetches_download_once(server: Server, tmp_path: Path) -> None:
    server.behavior = "slow"
    processes = [_fetching(tmp_path, server) for _ in range(2)]
    assert [(process.communicate()[1], process.returncode) for process in processes] == [("", 0)] * 2
    assert (tmp_path / "ml-toy.zip").read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_the_terms_are_shown_once_and_stored(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECBENCH_DATA", str(tmp_path))
    next_step = f"{tmp_path / 'ml-toy.zip'}  recbench model=mf dataset.release=toy"
    assert fetched([TOY], server.base) == f"{TERMS}\n{next_step}"
    assert fetched([TOY], server.base) == next_step
    noted = (tmp_path / "TERMS-GROUPLENS.txt").read_text()
    assert noted.startswith("Shown on 20")
    assert noted.endswith(TERMS)


def test_the_terms_are_shown_after_a_failed_attempt(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECBENCH_DATA", str(tmp_path))
    server.behavior = "changed"
    with pytest.raises(UsageError, match="the download was deleted"):
        fetched([TOY], server.base)
    assert _files(tmp_path) == []
