"""The MovieLens files that GroupLens publishes: names, sizes, digests and terms of use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TERMS = """\
The MovieLens data belong to GroupLens Research at the University of Minnesota. You may use them for research if you
- do not state or imply that the University of Minnesota or GroupLens Research endorses you or your work,
- acknowledge them in publications: Harper & Konstan (2015), https://doi.org/10.1145/2827872,
- do not pass them on unless the release's README allows it; that of 100k and that of 1m do not,
- ask GroupLens Research before any commercial or revenue-bearing use.
They come without warranty. This is a summary; the README inside each file is binding.
"""


@dataclass(frozen=True)
class Download:
    """The published file of a release."""

    release: str
    megabytes: int  # rounded
    digest: str  # algorithm:hex

    @property
    def file(self) -> str:
        """The file's name, on the server and in the data folder."""
        return f"ml-{self.release}.zip"

    def matches(self, path: Path) -> bool:
        """Return whether the file at `path` has the published digest."""
        algorithm, _, expected = self.digest.partition(":")
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, lambda: hashlib.new(algorithm, usedforsecurity=False))
        return found.hexdigest() == expected


DOWNLOADS: Mapping[str, Download] = {
    each.release: each
    for each in (
        Download("100k", 5, "sha256:50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229"),
        Download("1m", 6, "sha256:a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20"),
        Download("10m", 66, "sha256:813c411ccb6122564edfe752e7f80c4dcc5aa25fa94c93622f6877a7ba252862"),
        Download("20m", 199, "sha256:96f243c338a8665f6bcc89c53edf6ee39162a846940de6b7c8c48aeada765ff3"),
        Download("25m", 262, "sha256:8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa"),
        Download("32m", 239, "md5:d472be332d4daa821edc399621853b57"),  # no SHA-256 is published
        Download("latest-small", 1, "sha256:696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436"),
    )
}
