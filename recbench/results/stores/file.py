"""The store in a folder, opened by a plain path or a `file://` URL."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np

from recbench.array_types import FloatArray
from recbench.results.records import OldRecordError, Record
from recbench.results.store import content_key
from recbench.runtime.atomic import write_text

DAMAGE = (ValueError, TypeError, LookupError, AttributeError, OSError, EOFError, zipfile.BadZipFile)


def open_url(url: str) -> FolderStore:
    """Return the store in the folder that the path or the `file://` URL names; the folder need not exist."""
    return FolderStore(Path(unquote(urlsplit(url).path) if url.startswith("file:") else url))


@dataclass(frozen=True)
class FolderStore:
    """A folder with two files per result: `<key>.npz`, its predictions, and `<key>.json`, its record.

    The record is written last and has a checksum of both files: without a valid record there is no result.
    Writing is atomic; concurrent writers of one key write identical content.
    """

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)

    def save(self, key: str, record: Record, predictions: Sequence[FloatArray] | None = None) -> None:
        """Store a record and, if given, the predictions of its folds."""
        content: dict[str, Any] = {"record": json.loads(record.to_json()), "predictions": None}
        if predictions is not None:
            arrays = {str(fold): predicted for fold, predicted in enumerate(predictions)}
            content["predictions"] = self._write_arrays(key, arrays)
        content["checksum"] = content_key(content)
        write_text(self.folder / f"{key}.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def record(self, key: str) -> Record | None:
        """Return the record of that key; None if it is missing or corrupt."""
        content = self._content(key)
        return None if content is None else Record.from_json(json.dumps(content["record"]))

    def is_old(self, key: str) -> bool:
        """Check whether the record of that key was written by an older version of recbench."""
        try:
            content = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            Record.from_json(json.dumps(content["record"]))
        except OldRecordError:
            return True
        except DAMAGE:
            return False
        return False

    def predictions(self, key: str) -> list[FloatArray] | None:
        """Return the predictions of that key, one array per fold; None if they are missing or corrupt."""
        content = self._content(key)
        path = self.folder / f"{key}.npz"
        if content is None or content["predictions"] is None:
            return None
        try:
            raw = path.read_bytes()
            if hashlib.sha256(raw).hexdigest() != content["predictions"]:
                return None
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return [arrays[str(fold)] for fold in range(len(arrays.files))]
        except DAMAGE:
            return None

    def __iter__(self) -> Iterator[str]:
        """Yield the keys of all records, including damaged ones, oldest first."""
        paths = [path for path in self.folder.glob("*.json") if not path.name.startswith(".")]
        yield from (path.stem for path in sorted(paths, key=lambda path: (path.stat().st_mtime, path.name)))

    def _content(self, key: str) -> dict[str, Any] | None:
        try:
            content: dict[str, Any] = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            checksum = content.pop("checksum")
            Record.from_json(json.dumps(content["record"]))
        except DAMAGE:
            return None
        return content if checksum == content_key(content) else None

    def _write_arrays(self, key: str, arrays: Mapping[str, FloatArray]) -> str:
        """Write the arrays and return the file's digest."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".npz")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez_compressed(file, **dict(arrays))  # type: ignore[arg-type]
            digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
            temporary.chmod(0o644)
            temporary.replace(self.folder / f"{key}.npz")
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return digest
