"""Downloads of MovieLens: over HTTPS only, resumed after a break, and kept only if the digest is correct."""

from __future__ import annotations

import contextlib
import errno
import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from recbench.datasets.movielens.releases import TERMS, Download
from recbench.progress import report_progress
from recbench.runtime.locks import locked

BASE = "https://files.grouplens.org/datasets/movielens/"
CHUNK = 1 << 20  # bytes at a time
TERMS_FILE = "TERMS-GROUPLENS.txt"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
BROKEN = (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)
PASSING = (http.HTTPStatus.REQUEST_TIMEOUT, http.HTTPStatus.TOO_MANY_REQUESTS)


class DownloadError(OSError):
    """Raised if a file cannot be downloaded completely and unchanged; the message says what to do."""


@dataclass(frozen=True)
class Patience:
    """Limits after which a download gives up."""

    attempts: int = 5  # in a row without a new byte
    timeout: float = 30.0  # seconds without a byte
    pause: float = 0.2  # seconds after the first failed attempt; doubled after each further one


PATIENT = Patience()


def fetch(download: Download, folder: Path, base: str = BASE, patience: Patience = PATIENT) -> Path:
    """Return the path of the release's file in the folder; download it if it is missing, resuming a partial download.

    Processes that fetch the same file wait for each other. The file gets its name only when it is complete and has
    the published digest.

    Raises:
        DownloadError: the server fails, the disk is full, or the digest is not the published one.
        OSError: the folder cannot be written.
    """
    target, part = folder / download.file, folder / f".{download.file}.part"
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / f".{download.file}.lock"):
        if target.exists():
            if download.matches(target):
                return target
            raise DownloadError(
                f"{target} does not have the published digest ({download.digest}); remove it and fetch again"
            )
        with _written(download, part):
            _Transfer(download, base + download.file, part, patience).run()
        if not download.matches(part):
            part.unlink()
            raise DownloadError(
                f"{base}{download.file} does not have the published digest ({download.digest}); "
                "the download was deleted, fetch again"
            )
        part.replace(target)
    return target


def record_terms(folder: Path) -> str:
    """Return the terms of use the first time, and note in the folder that they were shown; afterwards an empty text."""
    note = folder / TERMS_FILE
    if note.exists():
        return ""
    note.write_text(f"Shown on {time.strftime('%Y-%m-%d')}.\n\n{TERMS}", encoding="utf-8")
    return TERMS


@dataclass(frozen=True)
class _Transfer:
    """The transfer of a file from the server to a partial file."""

    download: Download
    url: str
    part: Path
    patience: Patience

    def run(self) -> None:
        """Append to the partial file until it is complete.

        Raises:
            DownloadError: the server refuses, its certificate is not valid, or too many attempts fail.
        """
        if not self.url.startswith("https://"):
            raise DownloadError(f"{self.url} is not encrypted; use an address that starts with https://")
        furthest = self._have()
        n_failed = 0
        problem = "the file ended early"
        while n_failed < self.patience.attempts:
            if n_failed:
                time.sleep(self.patience.pause * 2 ** (n_failed - 1))
            try:
                if self._resume():
                    return
            except urllib.error.HTTPError as error:
                if self._is_whole(error):
                    return
                problem = str(error)
            except urllib.error.URLError as error:
                problem = self._connection_problem(error.reason)
            except BROKEN as error:
                problem = str(error) or type(error).__name__
            n_failed = 0 if self._have() > furthest else n_failed + 1
            furthest = max(furthest, self._have())
        raise DownloadError(
            f"{self.url}: failed after {self.patience.attempts} attempts ({problem}); rerun to resume, "
            f"or place {self.download.file} in {self.part.parent} yourself"
        )

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _resume(self) -> bool:
        """Request the missing rest; return whether all announced bytes were received."""
        have = self._have()
        headers = {"Range": f"bytes={have}-"} if have else {}
        request = urllib.request.Request(self.url, headers=headers)  # noqa: S310  `run` has checked the scheme
        with self._opener.open(request, timeout=self.patience.timeout) as response:
            resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
            if resumed and not str(response.headers.get("Content-Range", "")).startswith(f"bytes {have}-"):
                self.part.unlink(missing_ok=True)
                return False  # another range than was requested
            have = have if resumed else 0
            total = None if response.length is None else have + response.length
            with self.part.open("ab" if resumed else "wb") as file:
                have = self._receive(response, file, have, total)
        return total is None or have >= total

    def _receive(self, response: http.client.HTTPResponse, file: IO[bytes], have: int, total: int | None) -> int:
        """Append what is received to the file; return its size."""
        most = 2 * (self.download.megabytes + 1) * CHUNK  # an endless body must not fill the disk
        while total is None or have < total:
            # `read1` returns what has been received so far, so that a break loses none of it
            chunk = response.read1(CHUNK if total is None else min(CHUNK, total - have))
            if not chunk:
                break
            file.write(chunk)
            have += len(chunk)
            if have > most:
                file.close()
                self.part.unlink()
                raise DownloadError(
                    f"{self.url} is larger than the {self.download.megabytes} MB of {self.download.file}; "
                    "the download was deleted"
                )
            report_progress(self.download.file, have, total or self.download.megabytes * CHUNK)
        return have

    def _is_whole(self, error: urllib.error.HTTPError) -> bool:
        """Return whether the partial file is complete after all; False if another attempt may help."""
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and self.part.exists():
            if self.download.matches(self.part):
                return True  # an earlier process ended just before the file got its name
            self.part.unlink()
        elif error.code < http.HTTPStatus.INTERNAL_SERVER_ERROR and error.code not in PASSING:
            raise DownloadError(f"{self.url}: the server answered {error.code} {error.reason}; try again later")
        return False

    def _connection_problem(self, reason: str | BaseException) -> str:
        """Describe why there is no connection; raise if another attempt cannot help."""
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise DownloadError(
                f"{self.url}: the server's certificate is not valid ({reason.verify_message}); behind a proxy with "
                "its own certificate, set SSL_CERT_FILE to that certificate"
            ) from reason
        return str(reason)

    @cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        secure = urllib.request.HTTPSHandler(context=ssl.create_default_context())
        return urllib.request.build_opener(_StaySecure, secure)


class _StaySecure(urllib.request.HTTPRedirectHandler):
    """Follow redirects to HTTPS and refuse all others."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.startswith("https://"):
            raise DownloadError(f"{req.full_url} redirects to {newurl}, which is not encrypted; not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextlib.contextmanager
def _written(download: Download, part: Path) -> Iterator[None]:
    """Turn a full disk into a DownloadError, and leave no empty partial file behind."""
    try:
        yield
    except OSError as error:
        if part.exists() and not part.stat().st_size:
            part.unlink()
        if error.errno not in FULL:
            raise
        raise DownloadError(
            f"not enough disk space in {part.parent} for {download.file} ({download.megabytes} MB needed); "
            "free some and rerun to resume"
        ) from error
