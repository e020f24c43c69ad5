"""Variants: YAML files that set a registered model's, data set's or split's options; plugins bring theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from recbench.registry.options import convert, options_of, schema
from recbench.registry.registry import GROUP, NAME, Entry, Problem, Registry, installed
from recbench.usage import did_you_mean

ROLES = ("model", "dataset", "split")
DEFAULTS = "defaults"  # of a file: the one name that it starts from, and `_self_`
ALONE = f"a variant names what it starts from in `{DEFAULTS}` and sets options, nothing else"

Known = dict[tuple[str, str], "Variant"]  # by role and name


@dataclass(frozen=True)
class Variant:
    """One file of options, selected by its name as a registered one is."""

    role: str
    name: str
    distribution: str
    path: Path

    def summary(self) -> str:
        """The first sentence of the comment that the file begins with."""
        lines = takewhile(lambda line: line.startswith("#"), self.path.read_text(encoding="utf-8").splitlines())
        told, full_stop, _ = " ".join(line.removeprefix("#").strip() for line in lines).partition(". ")
        return told + full_stop.strip()


def conf_dir() -> Path:
    """The folder of the shipped YAML files: inside the installed package, or the checkout's."""
    inside = Path(__file__).parents[1] / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "conf"


def origins() -> dict[Variant, Entry]:
    """The registered entry whose options each variant sets."""
    known = {(each.role, each.name): each for each in variants()}
    found = {each: _origin(each, known, installed()) for each in known.values()}
    return {variant: entry for variant, entry in found.items() if entry is not None}


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
    taken = {(each.role, each.name): each for each in _in(conf_dir(), GROUP)}
    judged = {}
    for name, folder in registry.conf_dirs.items():
        brought = {(each.role, each.name): each for each in _in(folder, name)}
        cause = next(_faults(folder, registry, taken), "") or next(_misfits(brought, taken, registry), "")
        judged[name] = (folder, cause)
        if not cause:
            taken |= brought
    return judged


def _in(folder: Path, distribution: str) -> Iterator[Variant]:
    for role in ROLES:
        for path in sorted((folder / role).glob("*.yaml")):
            yield Variant(role, path.stem, distribution, path)


def _faults(folder: Path, registry: Registry, taken: Known) -> Iterator[str]:
    """What a plugin's files must not do: stand elsewhere, take a name, or reach beyond their own options."""
    import yaml

    for path in sorted(folder.rglob("*.y*ml")):
        where = path.relative_to(folder).as_posix()
        role = path.parent.name
        if path.parent.parent != folder or role not in ROLES or path.suffix != ".yaml" or not NAME.fullmatch(path.stem):
            yield f"conf/{where}: a variant stands at conf/{'|'.join(ROLES)}/<name>.yaml, its name in lower case"
            continue
        if owner := registry.entries[role].get(path.stem) or taken.get((role, path.stem)):
            yield f"conf/{where}: {role} {path.stem!r} is there already, from {owner.distribution}; rename the file"
        try:
            content = _content(path)
        except (ValueError, yaml.YAMLError) as error:
            yield f"conf/{where} is no YAML: {' '.join(str(error).split())}"
            continue
        if "@package" in path.read_text(encoding="utf-8") or _reaches_out(content):
            yield f"conf/{where}: {ALONE}"


def _misfits(brought: Known, taken: Known, registry: Registry) -> Iterator[str]:
    """What could not be composed: a start that is not there, an option that is unknown or of another type."""
    for (role, _), variant in brought.items():
        where = f"conf/{role}/{variant.path.name}"
        entry = _origin(variant, taken | brought, registry)
        if entry is None:
            starts = [each for each in _content(variant.path).get(DEFAULTS, []) if each != "_self_"]
            lead = f"`{DEFAULTS}: {starts}` leads to no registered {role}"
            yield f"{where}: {lead}; start from one name: `{DEFAULTS}: [<{role}>, _self_]`"
            continue
        options = options_of(entry.factory)
        for name, value in _content(variant.path).items():
            if name != DEFAULTS and name not in options:
                known = f"(options: {', '.join(options) or 'none'})"
                yield f"{where}: {role} {entry.name!r} has no option {name!r}{did_you_mean(name, options)} {known}"
            elif name != DEFAULTS and "${" not in str(value):
                yield from (f"{where}: {cause}" for cause in _mistyped(entry, name, value))


def _origin(variant: Variant, known: Known, registry: Registry) -> Entry | None:
    """Follow `defaults` to a registered entry."""
    seen: list[Variant] = []
    while variant not in seen:
        seen.append(variant)
        starts = [each for each in _content(variant.path).get(DEFAULTS, []) if each != "_self_"]
        if len(starts) != 1:
            return None
        if entry := registry.entries[variant.role].get(starts[0]):
            return entry
        variant = known.get((variant.role, starts[0]), variant)
    return None


def _mistyped(entry: Entry, name: str, value: Any) -> Iterator[str]:
    """What is wrong with an option's value, told by those who compose it."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    option = options_of(entry.factory)[name]
    try:
        node = OmegaConf.merge(OmegaConf.structured(schema(entry.name, [option])), {name: value})
        convert(option.annotation, OmegaConf.to_container(node, enum_to_str=True)[name], name)  # type: ignore[call-overload, index]
    except OmegaConfBaseException:
        yield f"{entry.role} {entry.name!r} has {name}={value!r}; give {option.type_name()}"
    except ValueError as error:
        yield f"{entry.role} {entry.name!r} has {error}"


def _content(path: Path) -> dict[str, Any]:
    """What a file says.

    Raises:
        ValueError: it is no mapping.
    """
    import yaml

    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if not isinstance(content, dict):
        raise ValueError(f"a mapping of options is wanted, not {content!r}")
    return content


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
