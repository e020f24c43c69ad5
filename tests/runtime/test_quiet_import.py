"""Quiet imports: the output of a noisy library is shown only if its import fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

NOISE = "import os\nos.write(2, b'noise from compiled code')\n"


def import_in_a_process(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    code += f"from recbench.runtime.quiet_import import import_quietly\nprint(import_quietly({name!r}).__name__)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_noisy_library_is_imported_without_output(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text(NOISE)
    run = import_in_a_process(tmp_path, "tensorflow")
    assert (run.returncode, run.stdout.strip(), run.stderr) == (0, "tensorflow", "")


def test_the_output_of_a_failing_import_is_shown(tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text(NOISE + "raise ImportError('no compiled module')\n")
    run = import_in_a_process(tmp_path, "keras")
    assert run.returncode == 1
    assert "noise from compiled code" in run.stderr
    assert "no compiled module" in run.stderr


@pytest.mark.parametrize("name", ["torch", "tensorflow_like"])
def test_the_output_of_other_libraries_is_not_hidden(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.py").write_text(NOISE)
    run = import_in_a_process(tmp_path, name)
    assert (run.returncode, run.stderr) == (0, "noise from compiled code")
