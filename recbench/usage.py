"""Mistakes of a user, in one line: errors that need no traceback, and what may have been meant."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn


class UsageError(ValueError):
    """A command line that can't be meant as it stands; the text says what would be right."""


class CheckFailed(Exception):  # noqa: N818 - no error: the command did its work, and the answer is no
    """What a verb found wanting: its text is the verb's output, and the exit status is 1."""


class Parser(argparse.ArgumentParser):
    """Reads a verb's arguments; what it can't read is a usage error like any other."""

    def error(self, message: str) -> NoReturn:
        """Raise the usage error."""
        raise UsageError(f"{message} ({self.format_usage().strip()})")


def did_you_mean(received: object, known: Iterable[object]) -> str:
    """`; did you mean 'x'?` where something known is close to what was received, else nothing."""
    close = difflib.get_close_matches(str(received), [str(each) for each in known], n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def relative(path: Path) -> str:
    """The path as seen from the working folder, where that is shorter."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
