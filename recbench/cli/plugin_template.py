"""Templates of `recbench new`: a working distribution, made from an example plugin's own files by renaming."""

from __future__ import annotations

import keyword
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path

from recbench.registry.registry import NAME, installed
from recbench.usage import UsageError

LEFT_OUT = ("__pycache__", "*.pyc", "*.egg-info", ".*_cache", "dist", "build")


@dataclass(frozen=True)
class Template:
    """The example plugin that a new distribution is made from, and which words in it are replaced."""

    distribution: str
    folder: str  # folder below `templates` in the installed package
    name: str  # what it registers
    defined: str  # its class or function of that name
    words: Mapping[str, str]  # word to replacement, in which {name}, {Name} and {dashed} are forms of the new name
    foreign: tuple[str, ...] = ()  # words of the example's other parts: files and lines that contain one are left out


PARTS = {  # of recbench-cafe, by role: words that occur only in files and lines of that part
    "model": ("model.py", "cafe_net"),
    "dataset": ("dataset.py", "ratings.csv", "cafes"),
    "split": ("split.py", "weekdays"),
    "metric": ("metric.py", "worst_item"),
}


def _part_of_cafe(role: str, name: str, defined: str, words: Mapping[str, str]) -> Template:
    renamed = {"recbench-cafe": "recbench-{dashed}", "recbench_cafe": "recbench_{name}", **words}
    foreign = tuple(word for part, own in PARTS.items() if part != role for word in own)
    return Template("recbench-cafe", "parts", name, defined, renamed, foreign)


TEMPLATES = {
    "model": Template(
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


def write(role: str, name: str, folder: Path) -> None:
    """Write the example's files, renamed, into a new folder: all of them or none.

    Raises:
        OSError: `folder` can't be written.
    """
    words = words_for(TEMPLATES[role], name)
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
    """Return the texts of the example's files by path, without files and lines that belong to its other parts."""
    template = TEMPLATES[role]
    source = template_dir(role)
    texts = {}
    for file in sorted(source.rglob("*")):
        path = file.relative_to(source)
        left_out = any(fnmatch(part, pattern) for part in path.parts for pattern in LEFT_OUT)
        if file.is_file() and not left_out and not _is_foreign(path.as_posix(), template):
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = "".join(line for line in lines if not _is_foreign(line, template))
            texts[path.as_posix()] = kept.rstrip("\n") + "\n"
    return texts


def _is_foreign(text: str, template: Template) -> bool:
    return any(word in text for word in template.foreign)


def template_dir(role: str) -> Path:
    """Return the example's folder: inside the installed package, or the checkout's."""
    package = Path(__file__).parents[1]
    inside = package / "templates" / TEMPLATES[role].folder
    return inside if inside.is_dir() else package.parent / "plugins" / TEMPLATES[role].distribution


def words_for(template: Template, name: str) -> dict[str, str]:
    """Map the words to replace to their replacements for this name."""
    forms = {"name": name, "Name": "".join(word.capitalize() for word in name.split("_"))}
    return {old: new.format(**forms, dashed=name.replace("_", "-")) for old, new in template.words.items()}


def check_name(role: str, name: str) -> None:
    """Check that a new plugin can have this name.

    Raises:
        UsageError: `name` is not an identifier, is taken, or is used by the template itself.
    """
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or name.endswith("_"):
        advice = "use lower-case letters, digits and underscores, a letter first"
        raise UsageError(f"{role} name {name!r} is not a valid identifier", advice)
    entry = installed().entries[role].get(name)
    if entry is not None:
        raise UsageError(f"{role} {name!r} already exists, in {entry.distribution}", "choose another name")
    if find_spec(f"recbench_{name}") is not None:
        raise UsageError(f"a module recbench_{name} is already installed", f"choose another name than {name!r}")
    template = TEMPLATES[role]
    defined = words_for(template, name)[template.defined]
    sources = " ".join(text for path, text in texts_of(role).items() if path.endswith(".py"))
    if re.search(rf"\b{defined}\b", sources):
        raise UsageError(f"{role} name {name!r}: the template uses {defined!r} itself", "choose another name")


def _reworded(text: str, words: Mapping[str, str]) -> str:
    """Replace all words at once, the longer ones first, so that no replacement is replaced again."""
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.sub(pattern, lambda found: words[found[0]], text)
