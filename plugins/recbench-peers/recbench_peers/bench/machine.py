"""The environment of the benchmark: processor, memory, versions, commit, and a digest of the code."""

from __future__ import annotations

import hashlib
import inspect
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import recbench
from recbench.config.variants import conf_dir
from recbench.registry.registry import installed
from recbench.runtime.metering import processor

PACKAGES = ("numpy", "scipy", "numba", "tensorflow", "scikit-learn", "scikit-surprise", "cornac", "lenskit", "myfm")
CHECKOUT = Path(recbench.__file__).parents[1]


def describe() -> dict[str, str]:
    """Return the description of the machine by heading."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return {
        "processor": f"{processor()}, {os.cpu_count()} cores; one thread per run",
        "memory": f"{memory:.0f} GB",
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Return the versions of Python, the plugins and the libraries that are installed."""
    plugins = {entry.distribution for entry in installed().entries["model"].values()}
    found = {"Python": platform.python_version()}
    for name in (*sorted(plugins), *PACKAGES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # an optional library that is not installed
    return found


def commit() -> str:
    """Return the checkout's commit, marked if the code has changed since; "unknown" outside a checkout."""
    head = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--", "recbench", "conf", "plugins")
    return f"{head}, with changes" if head and changed else head or "unknown"


@cache
def code_digest() -> str:
    """Return the SHA-256 of all that a figure depends on: the code of recbench and the models, `conf/`, versions."""
    package = Path(recbench.__file__).parent
    models = {Path(inspect.getfile(entry.factory)) for entry in installed().entries["model"].values()}
    bridges = {bridge for path in models for bridge in path.parent.glob("*_bridge.py")}
    files = {*package.rglob("*.py"), *conf_dir().rglob("*.yaml"), *models, *bridges}
    digest = hashlib.sha256(repr(sorted(versions().items())).encode())
    for path in sorted(files):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _git(*arguments: str) -> str:
    try:
        run = subprocess.run(["git", "-C", str(CHECKOUT), *arguments], capture_output=True, text=True, check=True)  # noqa: S603, S607 all arguments are constants of this file
    except (OSError, subprocess.CalledProcessError):
        return ""
    return run.stdout.strip()
