"""Libraries that a model needs and that may not be installed."""

from __future__ import annotations

import sys

NEWEST_PYTHON = {"tensorflow": (3, 13)}  # that a library supports, where recbench supports a newer one


def install_advice(needs: object, module: str) -> str:
    """Return the command that installs a module: the factory's `install` attribute, else one of pip."""
    if install := getattr(needs, "install", ""):
        return str(install)
    library = module.partition(".")[0]
    newest = NEWEST_PYTHON.get(library, sys.version_info[:2])
    older = f" in an environment with Python {newest[0]}.{newest[1]} or older" if sys.version_info[:2] > newest else ""
    return f"pip install {library}{older}"
