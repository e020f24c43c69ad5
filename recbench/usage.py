"""User errors: exceptions that need no traceback, and the suggestions in their messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class InputError(ValueError):
    """Input that can't be used.

    `problem` says what was received and what would be right, `advice` what to do; the text is both, in one line.
    """

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem, advice)  # both, so that the error survives pickling
        self.problem = problem
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.problem}; {self.advice}" if self.advice else self.problem


class UsageError(InputError):
    """A command line that can't be run; the exit status is 2."""


class CheckFailed(Exception):  # noqa: N818 - not an error: the command did its work, and the answer is no
    """Raised when a command ran but what it checked failed: `str()` is its output, the exit status is 1."""


def did_you_mean(received: object, known: Iterable[object]) -> str:
    """Return `; did you mean 'x'?` if something known is close to what was received, else an empty text."""
    close = difflib.get_close_matches(str(received), [str(each) for each in known], n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def relative(path: Path) -> str:
    """Return the path relative to the working folder if it is below it, else unchanged."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
