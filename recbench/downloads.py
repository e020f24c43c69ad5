"""Downloads of MovieLens: over HTTPS alone, resumed where they broke off, and kept only with the right digest."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from recbench.datasets.movielens import terms
from recbench.progress import tell

BASE = "https://files.grouplens.org/datasets/movielens/"
CHUNK = 1 << 20  # bytes at a time
N_ATTEMPTS = 5  # without a byte of progress
TIMEOUT = 30.0  # seconds without a byte
TERMS_FILE = "TERMS-GROUPLENS.txt"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
BROKEN = (http.client.HTTPException, ConnectionError, TimeoutError)


class DownloadError(OSError):
    """What came, or did not come, over the network; nothing of it is taken for data."""


@dataclass(frozen=True)
class Download:
    """A release's file, as GroupLens publishes it."""

    release: str
    file: str
    megabytes: int  # about
    digest: str  # algorithm:hex

    def matches(self, path: Path) -> bool:
        """Whether the file's content is the published one."""
        algorithm, _, expected = self.digest.partition(":")
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, lambda: hashlib.new(algorithm, usedforsecurity=False))
        return found.hexdigest() == expected


DOWNLOADS = {
    each.release: each
    for each in (
        Download("100k", "ml-100k.zip", 5, "sha256:50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229"),
        Download("1m", "ml-1m.zip", 6, "sha256:a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20"),
        Download("10m", "ml-10m.zip", 66, "sha256:813c411ccb6122564edfe752e7f80c4dcc5aa25fa94c93622f6877a7ba252862"),
        Download("20m", "ml-20m.zip", 199, "sha256:96f243c338a8665f6bcc89c53edf6ee39162a846940de6b7c8c48aeada765ff3"),
        Download("25m", "ml-25m.zip", 262, "sha256:8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa"),
        Download("32m", "ml-32m.zip", 239, "md5:d472be332d4daa821edc399621853b57"),  # no SHA-256 is published
        Download(
            "latest-small",
            "ml-latest-small.zip",
            1,
            "sha256:696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
        ),
    )
}


def fetch(download: Download, folder: Path, base: str = BASE) -> Path:
    """The release's file in the folder, downloaded if it is not there; a broken download goes on where it stopped.

    Two processes that fetch the same wait for each other. The file appears under its name only when it
    is whole and has the published digest.

    Raises:
        DownloadError: it can't be had, or what came is not what GroupLens published.
        OSError: the folder can't be written, or the disk is full.
    """
    target, part = folder / download.file, folder / f".{download.file}.part"
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / f".{download.file}.lock"):
        if target.exists():
            if download.matches(target):
                return target
            raise DownloadError(
                f"{target} is not what GroupLens published ({download.digest}); remove it and fetch again"
            )
        try:
            _receive(download, base + download.file, part)
        except OSError as error:
            if part.exists() and not part.stat().st_size:
                part.unlink()
            if error.errno in FULL:
                raise OSError(
                    error.errno,
                    f"no room for the {download.megabytes} MB of {download.file} in {folder}; free some and "
                    "fetch again: it goes on where it stopped",
                ) from error
            raise
        if not download.matches(part):
            part.unlink()
            raise DownloadError(
                f"{base}{download.file} is not what GroupLens published: its digest is not {download.digest}; "
                "it was thrown away"
            )
        part.replace(target)
    return target


def record_terms(folder: Path) -> str:
    """The terms of use where they have not been shown before, and a note that they have been; else nothing."""
    note = folder / TERMS_FILE
    if note.exists():
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(f"Shown on {time.strftime('%Y-%m-%d')}.\n\n{terms()}", encoding="utf-8")
    return terms()


def _receive(download: Download, url: str, part: Path) -> None:
    """Append to the part until the server says that it is whole."""
    opener = urllib.request.build_opener(_StaySecure, urllib.request.HTTPSHandler(context=ssl.create_default_context()))
    most = 2 * (download.megabytes + 1) * CHUNK  # a body without end must not fill the disk
    attempts = 0
    while attempts < N_ATTEMPTS:
        before = part.stat().st_size if part.exists() else 0
        try:
            if _continue(opener, download, url, part, most):
                return
            broken: Exception | None = None
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and before:
                part.unlink()  # longer than the file: it was never a part of it
                continue
            if error.code < http.HTTPStatus.INTERNAL_SERVER_ERROR:
                raise DownloadError(
                    f"{url}: the server answers {error.code} {error.reason}; try again later"
                ) from error
            broken = error
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLError):
                raise DownloadError(
                    f"{url}: the server can't prove who it is ({error.reason}); behind a proxy with its own "
                    "certificate, name it in SSL_CERT_FILE"
                ) from error
            broken = error
        except BROKEN as error:
            broken = error
        gained = (part.stat().st_size if part.exists() else 0) > before
        attempts = 0 if gained else attempts + 1
        time.sleep(0.0 if gained else min(0.05 * 2**attempts, 2.0))
    raise DownloadError(
        f"{url}: the connection broke {N_ATTEMPTS} times ({broken}); fetch again: it goes on where it stopped"
    )


def _continue(opener: Any, download: Download, url: str, part: Path, most: int) -> bool:
    """One request for what is missing; whether all that was announced came."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 https only
    with opener.open(request, timeout=TIMEOUT) as response:
        resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
        if resumed and not str(response.headers.get("Content-Range", "")).startswith(f"bytes {have}-"):
            part.unlink()
            return False  # another part than was asked for
        left = response.headers.get("Content-Length")
        have = have if resumed else 0
        total = have + int(left) if left else None
        with part.open("ab" if resumed else "wb") as file:
            for chunk in iter(lambda: response.read(CHUNK), b""):
                file.write(chunk)
                have += len(chunk)
                if have > most:
                    file.close()
                    part.unlink()
                    raise DownloadError(
                        f"{url} is larger than the {download.megabytes} MB of {download.file}; it was thrown away"
                    )
                tell(download.file, have, total or download.megabytes * CHUNK)
    return total is None or have >= total


class _StaySecure(urllib.request.HTTPRedirectHandler):
    """Follows redirects to HTTPS and refuses all others."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.startswith("https://"):
            raise DownloadError(f"{req.full_url} leads to {newurl}, which is not encrypted; it was not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process, whatever ends it; where the system has none, hold nothing."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
