"""Rewrite what is generated in the documentation: `make docs`. Console blocks and the reference pages."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from tests.docs.reference import reference_pages
from tests.support.pages import PAGES, ROOT, run

CONSOLE = re.compile(r"^```console\n\$ ([^\n]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def refresh_console_blocks(page: Path) -> None:
    """Run the page's console blocks and write what they print."""
    text = page.read_text(encoding="utf-8")
    page.write_text(CONSOLE.sub(_run, text), encoding="utf-8")


def write_reference_pages() -> None:
    """Write the pages that are made from the code."""
    for path, text in reference_pages().items():
        (ROOT / "docs" / "reference" / path).write_text(text, encoding="utf-8")


def _run(match: re.Match[str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        done = run(match[1], Path(folder))
    if done.returncode != 0:
        sys.exit(f"{match[1]}: {done.stderr}")
    return f"```console\n$ {match[1]}\n{done.stdout.strip()}\n```"


if __name__ == "__main__":
    write_reference_pages()
    for each in PAGES:
        refresh_console_blocks(each)
