"""Downloads of MovieLens: over HTTPS alone, resumed where they broke off, and kept only with the right digest."""

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
    """What came, or did not come, over the network; nothing of it is taken for data."""


@dataclass(frozen=True)
class Patience:
    """What a download bears before it gives up."""

    attempts: int = 5  # in a row that bring no new byte
    timeout: float = 30.0  # seconds without a byte
    pause: float = 0.2  # seconds after the first attempt in vain; twice as long after each other


PATIENT = Patience()


def fetch(download: Download, folder: Path, base: str = BASE, patience: Patience = PATIENT) -> Path:
    """The release's file in the folder, downloaded if it is not there; a broken download goes on where it stopped.

    Two processes that fetch the same wait for each other. The file appears under its name only when it
    is whole and has the published digest.

    Raises:
        DownloadError: it can't be had, there is no room, or what came is not what GroupLens published.
        OSError: the folder can't be written.
    """
    target, part = folder / download.file, folder / f".{download.file}.part"
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / f".{download.file}.lock"):
        if target.exists():
            if download.matches(target):
                return target
            raise DownloadError(
                f"{target} is not what GroupLens published ({download.digest}); remove it and fetch again"
            )
        with _written(download, part):
            _Transfer(download, base + download.file, part, patience).run()
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
    note.write_text(f"Shown on {time.strftime('%Y-%m-%d')}.\n\n{TERMS}", encoding="utf-8")
    return TERMS


@dataclass(frozen=True)
class _Transfer:
    """The way of a file from the server to its part here."""

    download: Download
    url: str
    part: Path
    patience: Patience

    def run(self) -> None:
        """Add to the part until it is whole.

        Raises:
            DownloadError: the server refuses, can't be trusted, or breaks off too often.
        """
        if not self.url.startswith("https://"):
            raise DownloadError(f"{self.url} is not encrypted; give an address that starts with https://")
        furthest, in_vain, broken = self._have(), 0, "the file ended early"
        while in_vain < self.patience.attempts:
            if in_vain:
                time.sleep(self.patience.pause * 2 ** (in_vain - 1))
            try:
                if self._go_on():
                    return
            except urllib.error.HTTPError as error:
                if self._is_whole(error):
                    return
                broken = str(error)
            except urllib.error.URLError as error:
                broken = self._bearable(error.reason)
            except BROKEN as error:
                broken = str(error) or type(error).__name__
            in_vain = 0 if self._have() > furthest else in_vain + 1
            furthest = max(furthest, self._have())
        raise DownloadError(
            f"{self.url}: {self.patience.attempts} attempts in vain ({broken}); fetch again, and it goes on where it "
            f"stopped, or bring {self.download.file} into {self.part.parent} yourself"
        )

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _go_on(self) -> bool:
        """One request for what is missing; whether all that was announced came."""
        have = self._have()
        headers = {"Range": f"bytes={have}-"} if have else {}
        request = urllib.request.Request(self.url, headers=headers)  # noqa: S310  `run` has looked at the scheme
        with self._opener.open(request, timeout=self.patience.timeout) as response:
            resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
            if resumed and not str(response.headers.get("Content-Range", "")).startswith(f"bytes {have}-"):
                self.part.unlink(missing_ok=True)
                return False  # another part than was asked for
            have = have if resumed else 0
            total = None if response.length is None else have + response.length
            with self.part.open("ab" if resumed else "wb") as file:
                have = self._receive(response, file, have, total)
        return total is None or have >= total

    def _receive(self, response: http.client.HTTPResponse, file: IO[bytes], have: int, total: int | None) -> int:
        """Write what comes; how much is here then."""
        most = 2 * (self.download.megabytes + 1) * CHUNK  # a body without end must not fill the disk
        while total is None or have < total:
            # `read1` hands over what has come so far, so that a break loses none of it
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
                    "it was thrown away"
                )
            report_progress(self.download.file, have, total or self.download.megabytes * CHUNK)
        return have

    def _is_whole(self, error: urllib.error.HTTPError) -> bool:
        """Whether the server has nothing to add to the part; if it may have later on, False."""
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and self.part.exists():
            if self.download.matches(self.part):
                return True  # the process ended, or the server said that there is more, when all was here
            self.part.unlink()
        elif error.code < http.HTTPStatus.INTERNAL_SERVER_ERROR and error.code not in PASSING:
            raise DownloadError(f"{self.url}: the server answers {error.code} {error.reason}; try again later")
        return False

    def _bearable(self, reason: str | BaseException) -> str:
        """Why there is no connection, if another attempt may help."""
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise DownloadError(
                f"{self.url}: the server can't prove who it is ({reason.verify_message}); behind a proxy with its own "
                "certificate, name it in SSL_CERT_FILE"
            ) from reason
        return str(reason)

    @cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        secure = urllib.request.HTTPSHandler(context=ssl.create_default_context())
        return urllib.request.build_opener(_StaySecure, secure)


class _StaySecure(urllib.request.HTTPRedirectHandler):
    """Follows redirects to HTTPS and refuses all others."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.startswith("https://"):
            raise DownloadError(f"{req.full_url} leads to {newurl}, which is not encrypted; it was not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextlib.contextmanager
def _written(download: Download, part: Path) -> Iterator[None]:
    """Tell a full disk in plain words, and leave no empty part behind."""
    try:
        yield
    except OSError as error:
        if part.exists() and not part.stat().st_size:
            part.unlink()
        if error.errno not in FULL:
            raise
        raise DownloadError(
            f"no room for the {download.megabytes} MB of {download.file} in {part.parent}; free some and "
            "fetch again: it goes on where it stopped"
        ) from error
