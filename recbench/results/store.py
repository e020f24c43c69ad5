"""The results store: finished results, each under a key made of everything that it depends on."""

from __future__ import annotations

import hashlib
import json
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from recbench.array_types import FloatArray
from recbench.results import stores
from recbench.results.records import Record
from recbench.usage import UsageError

DEFAULT_STORE = "outputs/store"  # relative to the folder that a command is typed in


class Store(Protocol):
    """Records and predictions, by key. Corrupt results count as missing; writing is atomic."""

    @property
    def folder(self) -> Path | None:
        """The local folder that contains the store; None if there is none."""

    def save(self, key: str, record: Record, predictions: Sequence[FloatArray] | None = None) -> None:
        """Store a record and, if given, the predictions of its folds.

        Raises:
            OSError: the store can't be written.
        """

    def record(self, key: str) -> Record | None:
        """Return the record of that key; None if it is missing or corrupt."""

    def is_old(self, key: str) -> bool:
        """Return whether the record of that key was written by an older version of recbench."""

    def predictions(self, key: str) -> Sequence[FloatArray] | None:
        """Return the predictions of that key, one array per fold; None if they are missing or corrupt."""

    def __iter__(self) -> Iterator[str]:
        """Yield the keys of all records, including damaged ones, oldest first."""


def open_store(url: str | Path) -> Store:
    """Open the store that the URL names; a path without a scheme is a folder.

    The scheme names the module of `recbench.results.stores` that opens it.

    Raises:
        UsageError: no module of that name exists.
    """
    scheme, separator, _ = str(url).partition("://")
    known = sorted(each.name for each in pkgutil.iter_modules(stores.__path__))
    if separator and scheme not in known:
        listed = ", ".join(f"{each}://" for each in known)
        raise UsageError(f"unknown store {str(url)!r}", f"give a folder or a URL that starts with {listed}")
    store: Store = import_module(f"{stores.__name__}.{scheme if separator else 'file'}").open_url(str(url))
    return store


def absolute_store(url: str | Path, folder: Path) -> str:
    """Return the URL, with a relative path resolved against `folder`: jobs may run in other folders."""
    return str(url) if "://" in str(url) else str(folder / url)


def content_key(contents: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the contents, whatever their order; it is the key of a result."""
    return hashlib.sha256(json.dumps(contents, sort_keys=True, default=str).encode()).hexdigest()


@cache
def sources_digest(package: str) -> str:
    """Return the SHA-256 of the Python sources on disk of an importable package or module."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return ""
    roots = spec.submodule_search_locations
    files = [path for root in roots for path in Path(root).rglob("*.py")] if roots else [Path(spec.origin)]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
