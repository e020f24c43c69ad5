"""`recbench new`: a distribution that works, made from an example plugin's own files by renaming."""

from __future__ import annotations

import keyword
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path

from recbench.registry.registry import NAME, installed
from recbench.usage import Parser, UsageError

LEFT_OUT = ("__pycache__", "*.pyc", "*.egg-info", ".*_cache", "dist", "build")
NEXT = {  # by role, what to type once it is installed and checked
    "model": "recbench -m model={name},mf",
    "dataset": "recbench -m dataset={name} model=bias,mf",
    "metric": "recbench -m model=bias,mf metrics=[rmse,{name}]",
}


@dataclass(frozen=True)
class Example:
    """The plugin that a new distribution of a role starts as, and what of it is left out."""

    distribution: str
    folder: str  # below `templates` in the installed package
    name: str  # what it registers
    defined: str  # its class or function of that name
    words: Mapping[str, str]  # what is renamed; {name}, {Name} and {dashed} stand for the name asked for
    foreign: tuple[str, ...] = ()  # words of other parts: a file, or a line, that has one is left out


PARTS = {  # of the example that has several, by role: what nothing but their own files and lines says
    "model": ("model.py", "cafe_net"),
    "dataset": ("dataset.py", "ratings.csv", "cafes"),
    "split": ("split.py", "weekdays"),
    "metric": ("metric.py", "worst_item"),
}


def _part_of_cafe(role: str, name: str, defined: str, words: Mapping[str, str]) -> Example:
    renamed = {"recbench-cafe": "recbench-{dashed}", "recbench_cafe": "recbench_{name}", **words}
    foreign = tuple(word for part, own in PARTS.items() if part != role for word in own)
    return Example("recbench-cafe", "parts", name, defined, renamed, foreign)


EXAMPLES = {
    "model": Example(
        "recbench-slope-one",
        "model",
        "slope_one",
        "SlopeOne",
        {"recbench-slope-one": "recbench-{dashed}", "slope_one": "{name}", "SlopeOne": "{Name}"},
    ),
    "dataset": _part_of_cafe(
        "dataset",
        "cafes",
        "load_cafes",
        {
            "dataset=cafes": "dataset={name}",
            'cafes = "': '{name} = "',
            '"cafes"': '"{name}"',
            "load_cafes": "load_{name}",
            "TestCafes": "Test{Name}",
        },
    ),
    "metric": _part_of_cafe(
        "metric", "worst_item", "worst_item", {"worst_item": "{name}", "TestWorstItem": "Test{Name}"}
    ),
}


def new(args: Sequence[str]) -> str:
    """Write a new distribution and tell what to do with it.

    Raises:
        UsageError: the role or the name can't be had, or the folder is there already.
    """
    usage = f"recbench new {'|'.join(EXAMPLES)} NAME [--into FOLDER]"
    parser = Parser("recbench new", usage, add_help=False)
    parser.add_argument("role", choices=list(EXAMPLES))
    parser.add_argument("name")
    parser.add_argument("--into", type=Path, default=Path())
    asked = parser.parse_args(args)
    _check_name(asked.role, asked.name)
    folder = asked.into / f"recbench-{asked.name.replace('_', '-')}"
    if folder.exists():
        raise UsageError(f"{folder} is there already; choose another name, or another folder with --into")
    write(asked.role, asked.name, folder)
    return "\n".join(
        [
            f"{folder}: a {asked.role} that works, named {asked.name}; its README says which file holds what",
            "",
            f"  pip install --editable {folder}",
            f"  recbench check {asked.role}={asked.name}",
            f"  {NEXT[asked.role].format(name=asked.name)}",
        ]
    )


def write(role: str, name: str, folder: Path) -> None:
    """Write the example's files, renamed, into a new folder: all of them or none.

    Raises:
        OSError: the folder can't be written.
    """
    example = EXAMPLES[role]
    words = words_for(example, name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for path, text in texts_of(role).items():
            target = made / folder.name / _reworded(path, words)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_reworded(text, words), encoding="utf-8")
        (made / folder.name).rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def texts_of(role: str) -> dict[str, str]:
    """What is taken of the example, by path: of several parts, what belongs to one of them alone."""
    example, source = EXAMPLES[role], template_dir(role)
    texts = {}
    for file in sorted(source.rglob("*")):
        path = file.relative_to(source)
        strange = any(fnmatch(part, pattern) for part in path.parts for pattern in LEFT_OUT)
        if file.is_file() and not strange and not _is_foreign(path.as_posix(), example):
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = "".join(line for line in lines if not _is_foreign(line, example))
            texts[path.as_posix()] = kept.rstrip("\n") + "\n"
    return texts


def _is_foreign(text: str, example: Example) -> bool:
    return any(word in text for word in example.foreign)


def template_dir(role: str) -> Path:
    """The example's folder: inside the installed package, or the checkout's."""
    inside = Path(__file__).parents[2] / "templates" / EXAMPLES[role].folder
    return inside if inside.is_dir() else Path(__file__).parents[3] / "plugins" / EXAMPLES[role].distribution


def words_for(example: Example, name: str) -> dict[str, str]:
    """The example's words, and what stands in their place for a thing of that name."""
    forms = {"name": name, "Name": "".join(word.capitalize() for word in name.split("_"))}
    return {old: new.format(**forms, dashed=name.replace("_", "-")) for old, new in example.words.items()}


def _check_name(role: str, name: str) -> None:
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or name.endswith("_"):
        raise UsageError(f"{role} name {name!r}; use lower-case letters, digits and underscores, a letter first")
    entry = installed().entries[role].get(name)
    if entry is not None:
        raise UsageError(f"{role} {name!r} is there already, from {entry.distribution}; choose another name")
    if find_spec(f"recbench_{name}") is not None:
        raise UsageError(f"a module recbench_{name} is installed already; choose another name than {name!r}")
    example = EXAMPLES[role]
    defined = words_for(example, name)[example.defined]
    sources = " ".join(text for path, text in texts_of(role).items() if path.endswith(".py"))
    if re.search(rf"\b{defined}\b", sources):
        raise UsageError(f"{role} name {name!r}: the example has {defined!r} as a word of its own; choose another name")


def _reworded(text: str, words: Mapping[str, str]) -> str:
    """All words replaced at once, the longer ones first: no replacement is replaced again."""
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.sub(pattern, lambda found: words[found[0]], text)
