"""Run `recbench` as users do: in its own process and folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from recbench.results.records import Record, read_records

SMALL = ("dataset=synthetic", "dataset.n_users=60", "dataset.n_items=40", "dataset.n_ratings=1200")


def recbench(*args: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in `cwd` with the installed recbench and wait for its end."""
    command = [sys.executable, "-m", "recbench", *args]
    return subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False)


def records_in(folder: Path) -> list[Record]:
    """Return the records of every run below the folder."""
    return read_records(folder / "outputs")


def write_plugin(folder: Path, distribution: str, source: str) -> None:
    """Write an installed distribution with one module, which is found when `folder` is on the path."""
    module = distribution.replace("-", "_")
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[recbench]\n{module} = {module}\n")
    (folder / f"{module}.py").write_text(source)
