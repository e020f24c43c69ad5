"""Records: what became of one job, as an object and as a JSON file."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Literal, Self

Status = Literal["ok", "pruned", "failed", "timeout", "memory"]
FILE_NAME = "record.json"


@dataclass(frozen=True)
class Score:
    """One metric over the folds; `std` is the sample standard deviation, 0 for a single fold."""

    mean: float
    std: float
    folds: tuple[float, ...]
    greater_is_better: bool = False

    @classmethod
    def over(cls, folds: Sequence[float], *, greater_is_better: bool = False) -> Self:
        """The score of these folds."""
        if not all(map(math.isfinite, folds)):
            return cls(sum(folds) / len(folds), math.nan, tuple(folds), greater_is_better)
        spread = stdev(folds) if len(folds) > 1 else 0.0
        return cls(fmean(folds), spread, tuple(folds), greater_is_better)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One job: a model with its options on one split of one data set, all folds included.

    Rows and seconds are sums over the folds, the peak is the highest fold's. `config` is the whole
    composed configuration, from which the job can be run again.
    """

    schema: int = 1  # raised when an older version could misread the record
    status: Status = "ok"  # or failed, pruned (stopped by a search), timeout, memory (a limit was passed)
    cause: str = ""  # one line; empty if all went well
    dataset: str = ""  # the data set's own name
    split: str = ""  # the choice and its options
    model: str = ""  # the choice on the command line, a variant's name for example
    kind: str = ""  # the registered name behind it
    options: Mapping[str, Any] = field(default_factory=dict)  # all of the model's
    changed: Mapping[str, Any] = field(default_factory=dict)  # options that somebody set
    seed: int = 0  # of the model and of the validation parts
    part: Literal["test", "valid"] = "test"  # what was scored
    scores: Mapping[str, Score] = field(default_factory=dict)  # by metric: mean, std, each fold's
    n_folds: int = 0  # of the split
    n_train: int = 0  # rows that were trained on, summed over the folds
    n_test: int = 0  # rows that were scored, summed over the folds
    cold_share: float | None = None  # of the scored rows: user or item without a training row
    fallback_share: float | None = None  # of the scored rows: the model's own term had no part
    fit_seconds: float | None = None  # CPU, summed over the folds
    predict_seconds: float | None = None  # CPU, summed over the folds
    peak_memory_mb: float | None = None  # the job's own, in 2**20 bytes
    uses_time: bool = False  # whether the model was told when each scored rating was given
    data: Mapping[str, Any] = field(default_factory=dict)  # n_users, n_items, n_ratings, scale, digest
    split_digest: str = ""  # SHA-256 of all train and test rows
    versions: Mapping[str, str] = field(default_factory=dict)  # of Python, recbench, the plugin and what they loaded
    created: str = ""  # ISO 8601, UTC
    config: Mapping[str, Any] = field(default_factory=dict)  # composed; from which the job can be run again
    inputs: Mapping[str, Any] = field(default_factory=dict)  # everything that the result depends on, as digests
    key: str = ""  # of the result in the store: the digest of the inputs
    cached: bool = False  # whether the result was in the store already
    shared: Mapping[str, int] = field(default_factory=dict)  # what was taken over from jobs before it, and how often
    by_fold: tuple[Mapping[str, Any], ...] = ()  # options of each fold, where they were chosen one by one
    unknown: Mapping[str, Any] = field(default_factory=dict)  # what another version wrote: kept, and written again

    def to_json(self) -> str:
        """The record as JSON text; NaN, which JSON lacks, is null."""
        values = asdict(self)
        values |= values.pop("unknown")
        return json.dumps(_without_nan(values), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The record that `to_json` wrote.

        Raises:
            ValueError: not JSON, or not a record of a schema that this version reads.
        """
        raw = json.loads(text)
        if not isinstance(raw, dict) or raw.get("schema") != 1:
            raise ValueError("no record of schema 1; it was written by another version of recbench, or by none")
        known = {each.name for each in fields(cls)} - {"unknown"}
        values = {key: value for key, value in raw.items() if key in known}
        values["unknown"] = {key: value for key, value in raw.items() if key not in known}
        values["by_fold"] = tuple(values.get("by_fold", ()))
        values["scores"] = {name: _score(score) for name, score in values.get("scores", {}).items()}
        return cls(**values)


def write_record(record: Record, folder: Path) -> Path:
    """Write `record.json` into the folder: wholly or not at all."""
    path = folder / FILE_NAME
    write_text(path, record.to_json())
    return path


def read_record(path: Path) -> Record:
    """The record in the file.

    Raises:
        ValueError: it is no record; the message names the file.
    """
    try:
        return Record.from_json(path.read_text(encoding="utf-8"))
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"can't read {path}: {error}; remove the file or run its job again") from error


def read_records(folder: Path) -> list[Record]:
    """All records in the folder and below it, in the order of their paths.

    Raises:
        ValueError: a file is no record; the message names it.
    """
    return [read_record(path) for path in sorted(folder.rglob(FILE_NAME), key=_natural)]


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically: a reader sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)  # mkstemp's 0600 would hide it from a shared folder's readers
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _score(raw: Mapping[str, Any]) -> Score:
    folds = [math.nan if value is None else value for value in raw["folds"]]
    return Score.over(folds, greater_is_better=raw["greater_is_better"])


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _natural(path: Path) -> list[tuple[int, int | str]]:
    # job folders are numbers: 2 before 10
    return [(0, int(part)) if part.isdigit() else (1, part) for part in path.parts]
