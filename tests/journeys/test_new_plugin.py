"""The tutorial's first plugin: generated, one line edited, installed, checked, compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.pages import blocks, run

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial" / "write-a-plugin.md"


@pytest.mark.slow
def test_from_an_empty_folder_to_a_row_in_the_table(tmp_path: Path) -> None:
    (script,) = [each.text for each in blocks(TUTORIAL) if each.text.startswith("recbench new model")]
    done = run(script, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"model my_model: \d+ checks, 0 failed", done.stdout)
    assert any(line.startswith("my_model ") for line in done.stdout.splitlines())
    assert "damping: float = 2.0" in (tmp_path / "recbench-my-model" / "recbench_my_model.py").read_text()
