"""The versions that a saved model depends on: one that another version saved is refused."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from recbench.registry.registry import installed
from recbench.usage import UsageError


def versions_of(kind: str) -> dict[str, str]:
    """Return the versions that a saved model depends on: recbench's and that of the model's distribution."""
    entry = installed().find("model", kind)
    return {"recbench": version("recbench"), entry.distribution: entry.version}


def check_versions(folder: Path, kind: str, then: Mapping[str, str]) -> None:
    """Check that the installed versions are those that saved the model.

    Raises:
        UsageError: recbench or the model's distribution has another version now.
    """
    for name, now in versions_of(kind).items():
        if then.get(name) != now:
            raise UsageError(
                f"the model in {folder} was saved with {name} {then.get(name, 'of an unknown version')}, "
                f"and {now} is installed",
                "train it again, or install the version that it was saved with",
            )
