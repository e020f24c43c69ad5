"""Jobs: what to run, and how to say in one line what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recbench.results.records import ScoredOn

PLAIN_ERRORS = (ValueError, LookupError, OSError, TypeError, RuntimeError, ImportError, ArithmeticError)


@dataclass(frozen=True)
class Job:
    """What to run: the composed configuration as plain values, the model's choice, what was set."""

    config: Mapping[str, Any]
    model: str  # the Hydra choice: a registered name or a variant's
    overrides: Sequence[str] = ()  # of the command line: "model.n_factors=8"
    scored_on: ScoredOn = "test"  # the set that is scored
    store: str | Path | None = None  # URL or folder of the results store; None: results are not kept
    options_per_fold: Sequence[Mapping[str, Any]] = ()  # each fold's options that differ from those in config.model

    def nodes(self) -> list[dict[str, Any]]:
        """Return the model's node of each fold, or a single one that all folds share."""
        node = dict(self.config["model"])
        return [node | dict(options) for options in self.options_per_fold] or [node]


def cause_of(error: BaseException) -> str:
    """Return one line that says what went wrong; the type is named where the text alone would puzzle."""
    text = " ".join(str(error.args[0] if isinstance(error, KeyError) and error.args else error).split())
    is_plain = isinstance(error, PLAIN_ERRORS) and not isinstance(error, (KeyError, IndexError)) and text
    return text if is_plain else f"{type(error).__name__}: {text}"
