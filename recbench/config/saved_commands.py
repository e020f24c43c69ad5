"""The command lines of finished runs, read from the files that Hydra writes into their folders."""

from __future__ import annotations

import shlex
from pathlib import Path


def saved_commands(folder: Path) -> list[str]:
    """Return the command lines of the runs below the folder, each once, in the order of their paths."""
    from omegaconf import OmegaConf

    found = []
    for path in sorted(folder.rglob("multirun.yaml")):
        overrides = OmegaConf.select(OmegaConf.load(path), "hydra.overrides.task") or []
        found.append(shlex.join(["recbench", "-m", *map(str, overrides)]))
    if not found:
        alone = sorted(folder.rglob(".hydra/overrides.yaml"))
        found = [shlex.join(["recbench", *map(str, OmegaConf.load(path))]) for path in alone]
    return list(dict.fromkeys(found))
