"""Text that is as wide as the terminal: 80 characters where there is none."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

INDENT = "  "
MIN_WIDTH = 40
MAX_NAME = 24  # characters of a first column; the meaning of a longer name begins on the next line


def fill(text: str, first: str = INDENT, following: str | None = None) -> str:
    """Return the text, wrapped: its first line begins with `first`, the others with `following`."""
    width = max(MIN_WIDTH, shutil.get_terminal_size().columns)
    following = " " * len(first) if following is None else following
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=following, break_long_words=False,
                         break_on_hyphens=False)  # fmt: skip


def two_columns(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Return names and their meanings, aligned; a meaning wraps within its column."""
    width = min(MAX_NAME, max(len(name) for name, _ in rows))
    lines = []
    for name, meaning in rows:
        first = f"{INDENT}{name:{width}}{INDENT}"
        blank = " " * (2 * len(INDENT) + width)
        if len(name) <= width:
            lines.append(fill(meaning, first, blank))
        else:
            lines += [f"{INDENT}{name}", fill(meaning, blank)]
    return lines
