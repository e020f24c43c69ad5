"""The configuration of a job: what Hydra composed or a record holds, as an object with typed fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Self

from recbench.usage import InputError


@dataclass(frozen=True)
class JobConfig:
    """The values of the options that `RunConfig` declares; defaults are for records that lack them.

    A node (`dataset`, `split`, `model`) has its registered name at `kind`, then the options that its factory takes.
    """

    dataset: Mapping[str, Any]
    split: Mapping[str, Any]
    model: Mapping[str, Any]
    metrics: Sequence[str]
    seed: int
    valid_size: float
    threads: int | None = None
    timeout_s: float | None = None
    memory_mb: float | None = None
    sealed: bool = True
    resume: bool = True
    keep_predictions: bool = True
    share_mb: float = 0
    store: str = "outputs/store"
    budget: Mapping[str, Any] = field(default_factory=dict)
    filters: Mapping[str, Any] | None = None
    search: Mapping[str, Any] | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)  # keys of another version, or added by `+key=value`

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_plain` returned, a record's `config` for example; unknown keys are kept.

        Raises:
            InputError: a key without which no job can run is missing.
        """
        options = [each for each in fields(cls) if each.name != "unknown"]
        required = [each.name for each in options if each.default is MISSING and each.default_factory is MISSING]
        if missing := [name for name in required if name not in values]:
            raise InputError(f"the configuration has no {', '.join(missing)}", f"a job needs {', '.join(required)}")
        known = {each.name: values[each.name] for each in options if each.name in values}
        return cls(**known, unknown={name: value for name, value in values.items() if name not in known})

    def to_plain(self) -> dict[str, Any]:
        """Return the configuration as plain values, as it was composed: what a record holds."""
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "unknown"}
        return values | dict(self.unknown)
