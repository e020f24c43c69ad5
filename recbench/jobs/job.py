"""Jobs: what to run, and the one-line cause of a failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recbench.config.job_config import JobConfig
from recbench.results.records import ScoredOn

PLAIN_ERRORS = (ValueError, LookupError, OSError, TypeError, RuntimeError, ImportError, ArithmeticError)


@dataclass(frozen=True)
class Job:
    """What to run: the composed configuration, the chosen model and the overrides."""

    config: JobConfig
    model: str  # the Hydra choice: a registered name or a variant
    overrides: Sequence[str] = ()  # from the command line: "model.n_factors=8"
    scored_on: ScoredOn = "test"  # the set that is scored
    store: str | Path | None = None  # URL or folder of the results store; None: results are not stored
    options_per_fold: Sequence[Mapping[str, Any]] = ()  # per fold: the options that differ from config.model

    def nodes(self) -> list[dict[str, Any]]:
        """Return the model's configuration node per fold, or a single one for all folds."""
        node = dict(self.config.model)
        return [node | dict(options) for options in self.options_per_fold] or [node]


def cause_of(error: BaseException) -> str:
    """Return one line that says what went wrong; it names the error's type if the text alone is unclear."""
    text = " ".join(str(error.args[0] if isinstance(error, KeyError) and error.args else error).split())
    is_plain = isinstance(error, PLAIN_ERRORS) and not isinstance(error, (KeyError, IndexError)) and text
    return text if is_plain else f"{type(error).__name__}: {text}"
