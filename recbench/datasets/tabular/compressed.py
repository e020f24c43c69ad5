"""Sources of bytes: files, compressed or not, and members of zip archives."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

BOMB_BYTES = 1 << 26  # a member up to this size is never taken for a bomb
BOMB_RATIO = 200  # text of ratings is compressed to a fifth or a tenth of its size
_OPENERS: dict[str, Callable[[Path], IO[bytes]]] = {
    ".gz": lambda path: io.BufferedReader(gzip.GzipFile(path)),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}


@dataclass(frozen=True)
class Source:
    """Bytes that can be opened repeatedly, with a label for messages."""

    label: str
    suffix: str  # of the content: '.csv' for ratings.csv.gz
    opener: Callable[[], IO[bytes]]

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the decompressed bytes.

        Raises:
            ValueError: the bytes cannot be decompressed.
            OSError: the file cannot be read.
        """
        try:
            with self.opener() as stream:
                yield stream
        except (EOFError, OSError, lzma.LZMAError, zlib.error, zipfile.BadZipFile) as error:
            if isinstance(error, OSError) and error.errno is not None:  # from the system: permission, disk
                raise
            raise ValueError(f"{self.label} cannot be decompressed: {error}; create or download it again") from error


class Prefixed(io.RawIOBase):
    """A stream with a prefix of bytes before it."""

    def __init__(self, prefix: bytes, rest: IO[bytes]) -> None:
        self._prefix = prefix
        self._rest = rest

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer`: first from the prefix, then from the rest."""
        chunk = self._prefix[: len(buffer)] or self._rest.read(len(buffer))
        self._prefix = self._prefix[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)


def file_source(path: Path, what: str = "ratings") -> Source:
    """Return a file as a source; `.gz`, `.bz2`, `.xz` and a `.zip` of one member are decompressed when it is read.

    `what` says in messages what the file should have.

    Raises:
        FileNotFoundError: no file has this path.
        ValueError: the path is a folder, or a zip with several members.
    """
    label = str(path)
    if path.is_dir():
        raise ValueError(f"{label} is a folder; give the path of a file with {what}")
    if not path.exists():
        raise FileNotFoundError(f"no file {label}; give the path of a file with {what}")
    packing = path.suffix.lower()
    if packing == ".zip":
        member = _only_member(path)
        return Source(f"{label}:{member}", Path(member).suffix.lower(), lambda: open_member(path, member))
    if packing in _OPENERS:
        return Source(label, path.with_suffix("").suffix.lower(), lambda: _OPENERS[packing](path))
    return Source(label, packing, lambda: path.open("rb"))


def open_member(path: Path, member: str) -> IO[bytes]:
    """Open a member of a zip archive.

    Raises:
        BadZipFile: the member is damaged, encrypted, or compressed by a method that Python does not have.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.open(member)  # stays readable after the archive is closed
    except RuntimeError as error:
        raise zipfile.BadZipFile(str(error)) from error


def members(path: Path) -> list[str]:
    """List the files in a zip archive, without those that macOS adds.

    Raises:
        ValueError: the file is not a readable zip archive, or has a suspicious member.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for each in archive.infolist():
                _check_member(path, each)
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(f"{path} is not a readable zip archive: {error}; create or download it again") from error
    return [name for name in names if not name.endswith("/") and not name.startswith("__MACOSX/")]


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    """Check that a member stays inside the folder that it is unpacked to, and is not a decompression bomb.

    Raises:
        ValueError: the member is suspicious.
    """
    parts = PurePosixPath(member.filename.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts:
        raise ValueError(
            f"{path} contains {member.filename!r}, a path outside of its folder; do not trust it, download it again"
        )
    if member.file_size > BOMB_BYTES and member.file_size > BOMB_RATIO * max(1, member.compress_size):
        raise ValueError(
            f"{path} contains {member.filename!r} of {member.compress_size:,} bytes that decompress to "
            f"{member.file_size:,}; do not trust it, download it again"
        )


def _only_member(path: Path) -> str:
    names = members(path)
    if len(names) != 1:
        raise ValueError(
            f"{path} contains {len(names)} files, {names[:10]}; give a zip of one file, "
            "unpack it, or, if it comes from GroupLens, use dataset=movielens"
        )
    return names[0]
