"""`recbench new`: a distribution that works, made from an example plugin's own files by renaming."""

from __future__ import annotations

import keyword
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recbench.messages import Parser, UsageError
from recbench.registry import NAME, installed

LEFT_OUT = ("__pycache__", "*.pyc", "*.egg-info", ".*_cache", "dist", "build")


@dataclass(frozen=True)
class Example:
    """The plugin that a new distribution of a role starts as."""

    distribution: str
    name: str  # what it registers
    class_name: str


EXAMPLES = {"model": Example("recbench-slope-one", "slope_one", "SlopeOne")}


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
    example = EXAMPLES[asked.role]
    folder = asked.into / _renamed(example.distribution, example, asked.name)
    if folder.exists():
        raise UsageError(f"{folder} is there already; choose another name, or another folder with --into")
    write(asked.role, asked.name, folder)
    return "\n".join(
        [
            f"{folder}: a {asked.role} that works, named {asked.name}; its README says which file holds what",
            "",
            f"  pip install --editable {folder}",
            f"  recbench check {asked.role}={asked.name}",
            f"  recbench -m model={asked.name},mf"
            if asked.role == "model"
            else f"  recbench show {asked.role}={asked.name}",
        ]
    )


def write(role: str, name: str, folder: Path) -> None:
    """Write the example's files, renamed, into a new folder: all of them or none.

    Raises:
        OSError: the folder can't be written.
    """
    example = EXAMPLES[role]
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        source = template_dir(role)
        whole = made / folder.name
        shutil.copytree(source, whole, ignore=shutil.ignore_patterns(*LEFT_OUT), copy_function=shutil.copyfile)
        for path in sorted(whole.rglob("*"), key=lambda each: -len(each.parts)):
            if path.is_file():
                path.write_text(_renamed(path.read_text(encoding="utf-8"), example, name), encoding="utf-8")
            path.rename(path.with_name(_renamed(path.name, example, name)))
        whole.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def template_dir(role: str) -> Path:
    """The example's folder: inside the installed package, or the checkout's."""
    inside = Path(__file__).parent / "templates" / role
    return inside if inside.is_dir() else Path(__file__).parents[1] / "plugins" / EXAMPLES[role].distribution


def _check_name(role: str, name: str) -> None:
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise UsageError(f"{role} name {name!r}; use lower-case letters, digits and underscores, a letter first")
    entry = installed().entries[role].get(name)
    if entry is not None:
        raise UsageError(f"{role} {name!r} is there already, from {entry.distribution}; choose another name")


def _renamed(text: str, example: Example, name: str) -> str:
    words = {
        example.distribution: f"recbench-{name.replace('_', '-')}",
        example.name: name,  # recbench_<name>, the module, too
        example.class_name: "".join(word.capitalize() for word in name.split("_")),
    }
    for old, new_word in words.items():
        text = text.replace(old, new_word)
    return text
