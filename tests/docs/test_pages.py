"""What the documentation shows is what the commands print: every block of every page is run."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.support.pages import PAGES, RUNNABLE, blocks, name, run

NOT_RUN = {  # by page: why its blocks can't be run here
    "README.md": ["excerpt"],
    "docs/how-to/run-on-several-machines.md": ["cluster"],
    "docs/how-to/use-movielens.md": ["network", "network"],
}
WITH_BLOCKS = [page for page in PAGES if any(each.language in RUNNABLE and not each.no_run for each in blocks(page))]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_only_the_listed_blocks_are_not_run(page: Path) -> None:
    assert [each.no_run for each in blocks(page) if each.no_run] == NOT_RUN.get(name(page), [])


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=name)
def test_a_console_block_shows_a_recbench_command(page: Path) -> None:
    shown = [each.command() for each in blocks(page) if each.language == "console"]
    assert all(command.startswith("recbench ") for command in shown)


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_BLOCKS, ids=name)
def test_every_block_of_a_page_runs_and_prints_what_is_shown(page: Path, tmp_path: Path) -> None:
    runnable = [each for each in blocks(page) if each.language in RUNNABLE and not each.no_run]
    python = [each.text for each in runnable if each.language == "python"]
    for number, block in enumerate(runnable):
        if block.language == "python":
            continue
        script = block.command() if block.language == "console" else block.text
        folder = tmp_path / f"console-{number}" if block.language == "console" else tmp_path  # nothing is cached there
        folder.mkdir(exist_ok=True)
        done = run(script, folder)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        if block.language == "console":
            assert words(done.stdout) == words(block.output())
            # TensorFlow's last digits differ between processors
            assert scores(done.stdout) == pytest.approx(scores(block.output()), abs=0.003)
    if python:
        (tmp_path / "page.py").write_text("\n".join(python), encoding="utf-8")
        done = run(f"{sys.executable} page.py", tmp_path)
        assert done.returncode == 0, done.stderr


def words(printed: str) -> list[list[str]]:
    """Return the lines' words without what differs from run to run: scores, seconds, memory, intervals, folders.

    Rows come in a fixed order, as two models of nearly equal scores may change places.
    """
    lines = [line for line in printed.strip().splitlines() if "outputs/" not in line]
    return sorted([[word for word in line.split() if not re.fullmatch(r"[-+\[\]\d.,–]+", word)] for line in lines])


def scores(printed: str) -> list[float]:
    """Return every number with four decimals, the rows in order of their first word."""
    rows = sorted(line for line in printed.splitlines() if re.search(r"\d\.\d{4}", line))
    return [float(number) for row in rows for number in re.findall(r"\d\.\d{4}", row)]
