"""Variants: YAML files that set the options of a registered model, dataset or split, also those of plugins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from recbench.registry.options import convert, options_of, schema
from recbench.registry.registry import GROUP, NAME, Entry, Problem, Registry, installed
from recbench.runtime.process_state import cached
from recbench.usage import did_you_mean

ROLES = ("model", "dataset", "split")
DEFAULTS = "defaults"  # in a file: the one name that it starts from, and `_self_`
ONLY_OPTIONS = f"a variant names what it starts from in `{DEFAULTS}` and sets options, and nothing else"

Known = dict[tuple[str, str], "Variant"]  # by role and name


@dataclass(frozen=True)
class Variant:
    """One file of options, selected by its name like a registered entry."""

    role: str
    name: str
    distribution: str
    path: Path

    def summary(self) -> str:
        """Return the first sentence of the comment at the top of the file."""
        lines = takewhile(lambda line: line.startswith("#"), self.path.read_text(encoding="utf-8").splitlines())
        sentence, full_stop, _ = " ".join(line.removeprefix("#").strip() for line in lines).partition(". ")
        return sentence + full_stop.strip()


def conf_dir() -> Path:
    """Return the folder of recbench's own YAML files: inside the installed package, or in the checkout."""
    inside = Path(__file__).parents[1] / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "conf"


def origins() -> dict[Variant, Entry]:
    """Return the registered entry whose options each variant sets."""
    known = {(each.role, each.name): each for each in variants()}
    found = {each: _origin(each, known, installed()) for each in known.values()}
    return {variant: entry for variant, entry in found.items() if entry is not None}


def plugin_dirs() -> dict[str, Path]:
    """Return the `conf` folder of each distribution whose files are valid."""
    return {name: folder for name, (folder, cause) in _checked().items() if not cause}


def variants() -> list[Variant]:
    """Return all variants, recbench's own first."""
    folders = {GROUP: conf_dir()} | plugin_dirs()
    return [each for name, folder in folders.items() for each in _in(folder, name)]


def problems() -> list[Problem]:
    """Return the `conf` folders that are not used, with the reason."""
    return [Problem(f"{name} ({folder})", cause) for name, (folder, cause) in _checked().items() if cause]


@cached()
def _checked() -> dict[str, tuple[Path, str]]:
    """Return each plugin's `conf` folder, and what is wrong with it; an empty text if nothing is."""
    registry = installed()
    taken = {(each.role, each.name): each for each in _in(conf_dir(), GROUP)}
    checked = {}
    for name, folder in registry.conf_dirs.items():
        added = {(each.role, each.name): each for each in _in(folder, name)}
        cause = next(_faults(folder, registry, taken), "") or next(_misfits(added, taken, registry), "")
        checked[name] = (folder, cause)
        if not cause:
            taken |= added
    return checked


def _in(folder: Path, distribution: str) -> Iterator[Variant]:
    for role in ROLES:
        for path in sorted((folder / role).glob("*.yaml")):
            yield Variant(role, path.stem, distribution, path)


def _faults(folder: Path, registry: Registry, taken: Known) -> Iterator[str]:
    """Yield what is wrong with a plugin's files: a wrong place, a name that exists, or more than their own options."""
    import yaml

    for path in sorted(folder.rglob("*.y*ml")):
        where = path.relative_to(folder).as_posix()
        role = path.parent.name
        if path.parent.parent != folder or role not in ROLES or path.suffix != ".yaml" or not NAME.fullmatch(path.stem):
            yield f"conf/{where}: a variant's file is conf/{'|'.join(ROLES)}/<name>.yaml, with the name in lower case"
            continue
        if owner := registry.entries[role].get(path.stem) or taken.get((role, path.stem)):
            yield f"conf/{where}: {role} {path.stem!r} already exists, from {owner.distribution}; rename the file"
        try:
            content = _content(path)
        except (ValueError, yaml.YAMLError) as error:
            yield f"conf/{where} is not valid YAML: {' '.join(str(error).split())}"
            continue
        if "@package" in path.read_text(encoding="utf-8") or _reaches_out(content):
            yield f"conf/{where}: {ONLY_OPTIONS}"


def _misfits(added: Known, taken: Known, registry: Registry) -> Iterator[str]:
    """Yield why a variant can't be composed: an unknown start, an unknown option, or one of another type."""
    for (role, _), variant in added.items():
        where = f"conf/{role}/{variant.path.name}"
        entry = _origin(variant, taken | added, registry)
        if entry is None:
            starts = [each for each in _content(variant.path).get(DEFAULTS, []) if each != "_self_"]
            problem = f"`{DEFAULTS}: {starts}` does not lead to a registered {role}"
            yield f"{where}: {problem}; start from one name: `{DEFAULTS}: [<{role}>, _self_]`"
            continue
        options = options_of(entry.factory)
        for name, value in _content(variant.path).items():
            if name != DEFAULTS and name not in options:
                known = f"(options: {', '.join(options) or 'none'})"
                yield f"{where}: {role} {entry.name!r} has no option {name!r}{did_you_mean(name, options)} {known}"
            elif name != DEFAULTS and "${" not in str(value):
                yield from (f"{where}: {cause}" for cause in _mistyped(entry, name, value))


def _origin(variant: Variant, known: Known, registry: Registry) -> Entry | None:
    """Follow `defaults` to a registered entry; None if they lead to none."""
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
    """Yield what is wrong with an option's value, by OmegaConf and by the option's own check."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    option = options_of(entry.factory)[name]
    try:
        node = OmegaConf.merge(OmegaConf.structured(schema(entry.name, [option])), {name: value})
        convert(option.annotation, OmegaConf.to_container(node, enum_to_str=True)[name], name)  # type: ignore[call-overload, index]
    except OmegaConfBaseException:
        yield f"{entry.role} {entry.name!r} has {name}={value!r}; expected {option.type_name()}"
    except ValueError as error:
        yield f"{entry.role} {entry.name!r} has {error}"


def _content(path: Path) -> dict[str, Any]:
    """Return the content of a file.

    Raises:
        ValueError: the content is not a mapping.
    """
    import yaml

    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if not isinstance(content, dict):
        raise ValueError(f"expected a mapping of options, got {content!r}")
    return content


def _reaches_out(content: Mapping[str, Any]) -> bool:
    """Return whether the content refers to another config group, or has one of Hydra's private keys."""
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
