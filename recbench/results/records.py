"""Records: a job's description, its outcome and its provenance, as an object and a JSON file."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Literal, Self

from recbench.runtime.atomic import write_text

Status = Literal["ok", "pruned", "failed", "timeout", "memory"]
ScoredOn = Literal["test", "valid"]
SCHEMA = 2
FILE_NAME = "record.json"

log = logging.getLogger(__name__)


class OldRecordError(ValueError):
    """Raised for a record that an older version of recbench wrote."""


@dataclass(frozen=True)
class Score:
    """One metric over the folds; `std` is the sample standard deviation, 0 for a single fold."""

    mean: float
    std: float
    folds: tuple[float, ...]
    greater_is_better: bool = False

    @classmethod
    def over(cls, folds: Sequence[float], *, greater_is_better: bool = False) -> Self:
        """Return the score of these folds."""
        if not all(map(math.isfinite, folds)):
            return cls(sum(folds) / len(folds), math.nan, tuple(folds), greater_is_better)
        spread = stdev(folds) if len(folds) > 1 else 0.0
        return cls(fmean(folds), spread, tuple(folds), greater_is_better)


@dataclass(frozen=True, kw_only=True)
class JobDescription:
    """The description of a job: a model with its options on one split of one dataset.

    `config` is the whole composed configuration, from which the job can be run again; the model's options are in
    its node `model` and nowhere else.
    """

    dataset: str  # the dataset's own name; where it could not be loaded, its registered name
    split: str  # the choice and its options
    model: str  # the choice on the command line, for example the name of a variant
    kind: str  # the model's registered name
    seed: int  # of the model and of the validation sets
    scored_on: ScoredOn = "test"  # the set that was scored
    user_options: tuple[str, ...] = ()  # names of the model options that the user set
    options_per_fold: tuple[Mapping[str, Any], ...] = ()  # each fold's options that differ from those in config.model
    config: Mapping[str, Any] = field(default_factory=dict)  # the composed configuration

    @property
    def options(self) -> dict[str, Any]:
        """All options of the model; where folds have their own, those of the first."""
        return {name: value for name, value in self.config.get("model", {}).items() if name != "kind"}

    @property
    def fold_options(self) -> list[dict[str, Any]]:
        """The options of each fold, or a single mapping that all folds share."""
        return [self.options | dict(each) for each in self.options_per_fold] or [self.options]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of a job over all folds; if the job did not finish, only its status and the cause."""

    status: Status = "ok"  # ok, failed, pruned (stopped by a search), timeout or memory (a limit was passed)
    cause: str = ""  # why there are no scores, in one line
    scores: Mapping[str, Score] = field(default_factory=dict)  # by metric: mean, std, each fold's
    n_folds: int = 0  # of the split
    n_train: int = 0  # training rows, summed over the folds
    n_scored: int = 0  # scored rows, summed over the folds
    cold_share: float | None = None  # share of the scored rows whose user or item has no training row
    fallback_share: float | None = None  # share of the scored rows predicted from biases or means alone
    fit_seconds: float | None = None  # CPU, summed over the folds
    predict_seconds: float | None = None  # CPU, summed over the folds
    peak_memory_mb: float | None = None  # highest of all folds, the job's own, in 2**20 bytes
    uses_time: bool = False  # whether the model saw the timestamps of the scored rows


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The provenance of a result: its inputs and environment; empty if the dataset could not be loaded."""

    data: Mapping[str, Any] = field(default_factory=dict)  # n_users, n_items, n_ratings, rating_scale, digest
    split_digest: str = ""  # SHA-256 of all training and test rows
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)  # by distribution: version, SHA-256 of its code
    key: str = ""  # of the result in the store: digest of the job, the data, the split and the sources
    versions: Mapping[str, str] = field(default_factory=dict)  # of Python, recbench, plugin, packages; the processor
    created: str = ""  # ISO 8601, UTC
    cached: bool = False  # whether the result was taken from the store
    reused: Mapping[str, int] = field(default_factory=dict)  # values taken from earlier jobs' caches: kind and number


@dataclass(frozen=True, kw_only=True)
class Record:
    """The record of one job: its description, its outcome and its provenance."""

    job: JobDescription
    outcome: Outcome
    provenance: Provenance
    unknown: Mapping[str, Any] = field(
        default_factory=dict
    )  # keys of another version, preserved when the record is written

    def to_json(self) -> str:
        """Return the record as JSON text; NaN, which JSON lacks, is null."""
        values = asdict(self)
        unknown = values.pop("unknown")
        text = _without_nan(_merged({"schema": SCHEMA} | values, unknown))
        return json.dumps(text, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the record that `to_json` wrote.

        Raises:
            OldRecordError: the text was written by an older version of recbench.
            ValueError: the text is not JSON, or not a record of a schema that this version reads.
        """
        raw = json.loads(text)
        schema = raw.get("schema") if isinstance(raw, dict) else None
        if schema == 1:
            raise OldRecordError("written by an older version of recbench (schema 1)")
        if schema != SCHEMA:
            raise ValueError(f"not a record of schema {SCHEMA}: schema is {schema!r}")
        unknown = {name: value for name, value in raw.items() if name not in ("schema", *PARTS)}
        parts: dict[str, dict[str, Any]] = {}
        for name, part in PARTS.items():
            known = {each.name for each in fields(part)}
            parts[name] = {key: value for key, value in raw[name].items() if key in known}
            if extra := {key: value for key, value in raw[name].items() if key not in known}:
                unknown[name] = extra
        job, outcome = parts["job"], parts["outcome"]
        job |= {name: tuple(job[name]) for name in ("user_options", "options_per_fold") if name in job}
        outcome["scores"] = {name: _score(score) for name, score in outcome.get("scores", {}).items()}
        return cls(
            job=JobDescription(**job),
            outcome=Outcome(**outcome),
            provenance=Provenance(**parts["provenance"]),
            unknown=unknown,
        )


PARTS = {"job": JobDescription, "outcome": Outcome, "provenance": Provenance}


def write_record(record: Record, folder: Path) -> Path:
    """Write `record.json` to the folder, completely or not at all."""
    path = folder / FILE_NAME
    write_text(path, record.to_json())
    return path


def read_record(path: Path) -> Record:
    """Read the record in the file.

    Raises:
        OldRecordError: the file was written by an older version of recbench.
        ValueError: the file is not a record; the message names it.
    """
    try:
        return Record.from_json(path.read_text(encoding="utf-8"))
    except OldRecordError as error:
        raise OldRecordError(f"{path} was {error}; run its job again") from None
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"can't read {path}: {error}; remove the file or run its job again") from error


def read_records(folder: Path) -> list[Record]:
    """Read all records in the folder and below it, in the order of their paths.

    Those of an older version are skipped, with one warning for all.

    Raises:
        ValueError: a file is not a record; the message names it.
    """
    records = []
    n_old = 0
    for path in sorted(folder.rglob(FILE_NAME), key=_natural):
        try:
            records.append(read_record(path))
        except OldRecordError:
            n_old += 1
    if n_old:
        counted = "1 record" if n_old == 1 else f"{n_old} records"
        log.warning("skipped %s in %s written by an older version of recbench; run the jobs again", counted, folder)
    return records


def _score(raw: Mapping[str, Any]) -> Score:
    folds = [math.nan if value is None else value for value in raw["folds"]]
    return Score.over(folds, greater_is_better=raw["greater_is_better"])


def _merged(values: Mapping[str, Any], unknown: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with the unknown keys added, those of a part inside that part."""
    added = {name: {**values[name], **value} if name in values else value for name, value in unknown.items()}
    return {**values, **added}


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _natural(path: Path) -> list[tuple[int, int | str]]:
    # job folders are numbers: 2 before 10
    return [(0, int(part)) if part.isdigit() else (1, part) for part in path.parts]
