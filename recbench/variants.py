"""Variants: YAML files that set a registered model's, data set's or split's options; plugins bring theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from recbench.registry import GROUP, NAME, Problem, Registry, installed

ROLES = ("model", "dataset", "split")
DEFAULTS = "defaults"  # of a file: the names in its own folder that it starts from


@dataclass(frozen=True)
class Variant:
    """One file of options, selected by its name as a registered one is."""

    role: str
    name: str
    distribution: str
    path: Path

    def summary(self) -> str:
        """The file's first comment line."""
        first = self.path.read_text(encoding="utf-8").partition("\n")[0]
        return first.removeprefix("#").strip() if first.startswith("#") else ""


def conf_dir() -> Path:
    """The folder of the shipped YAML files: inside the installed package, or the checkout's."""
    inside = Path(__file__).parent / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[1] / "conf"


def plugin_dirs() -> dict[str, Path]:
    """The `conf` folder of each distribution whose files are as they should be."""
    return {name: folder for name, (folder, cause) in _judged().items() if not cause}


def variants() -> list[Variant]:
    """All variants, recbench's own first."""
    folders = {GROUP: conf_dir()} | plugin_dirs()
    return [each for name, folder in folders.items() for each in _in(folder, name)]


def problems() -> list[Problem]:
    """The `conf` folders that are left out, with the reason."""
    return [Problem(f"{name} ({folder})", cause) for name, (folder, cause) in _judged().items() if cause]


@cache
def _judged() -> dict[str, tuple[Path, str]]:
    """Each plugin's `conf` folder, and what is wrong with it."""
    registry = installed()
    taken = {(each.role, each.name): GROUP for each in _in(conf_dir(), GROUP)}
    judged = {}
    for name, folder in registry.conf_dirs.items():
        cause = next(_faults(folder, registry, taken), "")
        judged[name] = (folder, cause)
        if not cause:
            taken |= {(each.role, each.name): name for each in _in(folder, name)}
    return judged


def _in(folder: Path, distribution: str) -> Iterator[Variant]:
    for role in ROLES:
        for path in sorted((folder / role).glob("*.yaml")):
            yield Variant(role, path.stem, distribution, path)


def _faults(folder: Path, registry: Registry, taken: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """What a plugin's files must not do: stand elsewhere, take a name, or reach beyond their own options."""
    import yaml

    for path in sorted(folder.rglob("*.y*ml")):
        where = path.relative_to(folder).as_posix()
        role = path.parent.name
        if path.parent.parent != folder or role not in ROLES or path.suffix != ".yaml" or not NAME.fullmatch(path.stem):
            yield f"conf/{where}: a variant stands at conf/{'|'.join(ROLES)}/<name>.yaml, its name in lower case"
            continue
        owner = taken.get((role, path.stem))
        if entry := registry.entries[role].get(path.stem):
            owner = entry.distribution
        if owner:
            yield f"conf/{where}: {role} {path.stem!r} is there already, from {owner}; rename the file"
        text = path.read_text(encoding="utf-8")
        try:
            content = yaml.safe_load(text) or {}
        except yaml.YAMLError as error:
            yield f"conf/{where} is no YAML: {' '.join(str(error).split())}"
            continue
        if "@package" in text or not isinstance(content, dict) or _reaches_out(content):
            yield f"conf/{where}: a variant names what it starts from in `{DEFAULTS}` and sets options, nothing else"


def _reaches_out(content: Mapping[str, Any]) -> bool:
    starts = content.get(DEFAULTS, [])
    within = isinstance(starts, list) and all(isinstance(each, str) and "/" not in each for each in starts)
    return not within or any(str(key).startswith("_") for key in _keys(content))


def _keys(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield str(key)
            yield from _keys(value)
    elif isinstance(content, list):
        for each in content:
            yield from _keys(each)
