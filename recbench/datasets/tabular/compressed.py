"""Where bytes come from: a file, compressed or not, or a member of a folder or zip."""

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

BOMB_BYTES, BOMB_RATIO = 1 << 26, 200  # text of ratings packs to a fifth, or a tenth, of its size
_OPENERS: dict[str, Callable[[Path], IO[bytes]]] = {
    ".gz": lambda path: io.BufferedReader(gzip.GzipFile(path)),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}


@dataclass(frozen=True)
class Source:
    """Bytes that can be opened again and again, and what messages call them."""

    label: str
    suffix: str  # of the content: '.csv' for ratings.csv.gz
    opener: Callable[[], IO[bytes]]

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The decompressed bytes.

        Raises:
            ValueError: they can't be decompressed.
        """
        try:
            with self.opener() as stream:
                yield stream
        except (EOFError, OSError, lzma.LZMAError, zlib.error, zipfile.BadZipFile) as error:
            if isinstance(error, OSError) and error.errno is not None:  # the system's own: permission, disk
                raise
            raise ValueError(f"{self.label} can't be decompressed: {error}; make or download it anew") from error


class Prefixed(io.RawIOBase):
    """A stream with some bytes put before it."""

    def __init__(self, prefix: bytes, rest: IO[bytes]) -> None:
        self._prefix = prefix
        self._rest = rest

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer`: first from the prefix, then from the rest."""
        chunk = self._prefix[: len(buffer)] or self._rest.read(len(buffer))
        self._prefix = self._prefix[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)


def file_source(path: Path, what: str = "ratings") -> Source:
    """One file; `.gz`, `.bz2`, `.xz` and a `.zip` of one member are decompressed on the way.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is a folder, or a zip with several members.
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
    """A member of a zip.

    Raises:
        BadZipFile: it is damaged, encrypted, or packed in a way that Python can't read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.open(member)  # stays readable when the archive is closed: zipfile counts its users
    except RuntimeError as error:
        raise zipfile.BadZipFile(str(error)) from error


def members(path: Path) -> list[str]:
    """The files in a zip, without what macOS adds.

    Raises:
        ValueError: it is no zip.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for each in archive.infolist():
                _check_member(path, each)
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(f"{path} is no zip archive that can be read: {error}; make or download it anew") from error
    return [name for name in names if not name.endswith("/") and not name.startswith("__MACOSX/")]


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    """Refuse what no archive of ratings has: a path out of its folder, or a bomb."""
    parts = PurePosixPath(member.filename.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts:
        raise ValueError(
            f"{path} holds {member.filename!r}, a path out of its folder; don't trust it, download it anew"
        )
    if member.file_size > BOMB_BYTES and member.file_size > BOMB_RATIO * max(1, member.compress_size):
        raise ValueError(
            f"{path} holds {member.filename!r} of {member.compress_size:,} bytes that would become "
            f"{member.file_size:,}; don't trust it, download it anew"
        )


def _only_member(path: Path) -> str:
    names = members(path)
    if len(names) != 1:
        raise ValueError(
            f"{path} holds {len(names)} files, {names[:10]}; give a zip of one file, "
            "unpack it, or, if it comes from GroupLens, use dataset=movielens"
        )
    return names[0]
