"""The README's first plugin, as it is typed: new, one line edited, installed, compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_from_an_empty_folder_to_a_row_in_the_table(tmp_path: Path) -> None:
    (script,) = re.findall(r"^From an empty folder.*?```sh\n(.*?)```", README, re.DOTALL | re.MULTILINE)
    (tmp_path / "site").mkdir()
    # the commands are the README's; pip is told to need no network and to leave this environment as it is
    quiet = f"--quiet --no-index --no-deps --no-build-isolation --target {tmp_path / 'site'}"
    script = script.replace("pip install --editable ", f"{sys.executable} -m pip install {quiet} ./")
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(tmp_path / "site"),
    }
    run = subprocess.run(
        ["/bin/bash", "-e", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"model my_model: \d+ laws, 0 broken", run.stdout)
    table = run.stdout.splitlines()
    assert any(line.startswith("my_model ") for line in table)
    assert "damping: float = 2.0" in (tmp_path / "recbench-my-model" / "recbench_my_model.py").read_text()
