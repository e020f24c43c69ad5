"""The Markdown pages of the documentation, and the blocks of commands and Python in them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)(?: no-run: (\w+))?\n(.*?)^```", re.DOTALL | re.MULTILINE)
RUNNABLE = ("sh", "console", "python")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the reason if it must not be run, and its text."""

    language: str
    no_run: str
    text: str

    def command(self) -> str:
        """Return the command of a console block, whose first line is `$ command`."""
        return self.text.partition("\n")[0].removeprefix("$ ")

    def output(self) -> str:
        """Return what a console block shows below its command."""
        return self.text.partition("\n")[2]


def blocks(page: Path) -> list[Block]:
    """Return the page's blocks in their order."""
    return [Block(*match.groups(default="")) for match in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def name(page: Path) -> str:
    """Return the page's path as seen from the repository."""
    return page.relative_to(ROOT).as_posix()


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script of shell commands in the folder, with the installed recbench first on the path.

    `pip install` needs no network and installs into the folder `site` instead of this environment.
    """
    (folder / "site").mkdir(exist_ok=True)
    pip = f"{shlex.quote(sys.executable)} -m pip install --quiet --no-index --no-deps --no-build-isolation"
    script = script.replace("pip install --editable ", f"{pip} --target {shlex.quote(str(folder / 'site'))} ./")
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(folder / "site"),
    }
    command = ["/bin/bash", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
