"""The rules of CONTRIBUTING that a machine can check. `make check` has those about imports, names and types."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "recbench").rglob("*.py"))
PYTHON = [path for folder in ("recbench", "tests", "plugins") for path in sorted((ROOT / folder).rglob("*.py"))]
PROSE = [
    *PYTHON,
    *(path for folder in ("conf", "docs", "plugins") for path in (ROOT / folder).rglob("*.[my][da]*")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "DECISIONS.md", "CHANGELOG.md")),
]
MAX_LINES = 250  # of a file
MAX_FUNCTION_LINES = 45
MAX_FILES = 16  # Python files in a folder
MAX_ROOT_MODULES = 14
MAX_README_LINES = 120

# Touching files is forbidden but in these places. What each does there is in its docstring.
FILE_CALLS = {"open", "read_text", "write_text", "read_bytes", "write_bytes", "mkdir", "unlink", "rmdir", "touch"}
FILE_CALLS |= {"rglob", "glob", "iterdir", "stat", "mkstemp", "TemporaryDirectory", "savez", "savez_compressed"}
MAY_TOUCH_FILES = (
    "recbench/cli",
    "recbench/config",
    "recbench/datasets",
    "recbench/jobs",
    "recbench/report",
    "recbench/results",
    "recbench/runtime",
    "recbench/serving",
    "recbench/testing",  # a check saves the model and loads it again
    "recbench/tuning",
    "recbench/models/quiet_tensorflow.py",  # silences a file descriptor
)


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_has_one_topic(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def test_a_function_fits_on_a_screen() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None
    }
    assert {place: n for place, n in long.items() if n > MAX_FUNCTION_LINES} == {}


def test_a_folder_holds_few_files() -> None:
    folders = {path.parent for path in SOURCES}
    too_full = {str(each): n for each in folders if (n := len(list(each.glob("*.py")))) > MAX_FILES}
    assert too_full == {}
    assert len(list((ROOT / "recbench").glob("*.py"))) <= MAX_ROOT_MODULES


def test_a_module_is_named_by_its_noun() -> None:
    nameless = {"util", "utils", "helper", "helpers", "common", "base", "misc"}
    assert [path for path in SOURCES if path.stem in nameless or path.parent.name in nameless] == []


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MAX_README_LINES


def test_only_the_named_places_touch_files() -> None:
    elsewhere = [path for path in SOURCES if not str(path.relative_to(ROOT)).startswith(MAY_TOUCH_FILES)]
    found = [f"{path.relative_to(ROOT)}: {call}" for path in elsewhere for call in _calls(path) if call in FILE_CALLS]
    assert found == []


def test_everything_under_recbench_has_a_docstring() -> None:
    assert [str(path.relative_to(ROOT)) for path in SOURCES if ast.get_docstring(_tree(path)) is None] == []


def test_the_words_of_the_glossary_are_used() -> None:
    glossary = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Glossary")[2]
    avoided = re.findall(r"^\| [^|]+ \| ([^|]+) \|$", glossary, re.MULTILINE)[2:]
    assert avoided, "CONTRIBUTING.md has no glossary"
    words = [word.strip() for row in avoided for word in row.split(",")]
    pattern = re.compile(rf"(?<!\.)\b({'|'.join(words)})\b", re.IGNORECASE)  # np.floor is code
    assert pattern.search(f"the {words[0]} of the table")
    assert not pattern.search("np.floor(x)")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in PROSE
        if path != ROOT / "CONTRIBUTING.md"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(re.sub("`[^`]*`", "", line) if path.name == "CHANGELOG.md" else line)  # `old names`
    ]
    assert found == []


def test_there_is_no_import_circle() -> None:
    """Imports for types alone and imports inside functions count, too."""
    imported = {_module(path): set(_imports(path)) for path in SOURCES if path != ROOT / "recbench" / "__init__.py"}
    reached = {module: _reachable(module, imported) for module in imported}
    circles = {frozenset({one, *(other for other in reached[one] if one in reached[other])}) for one in imported}
    assert [sorted(circle) for circle in circles if len(circle) > 1] == []


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path) -> Iterator[str]:
    """Yield the modules of recbench that the file imports."""
    modules = {_module(each) for each in SOURCES}
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module in modules:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from names & modules
            if names - modules:
                yield node.module


def _reachable(module: str, imported: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [module]
    while waiting:
        new = imported.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _calls(path: Path) -> Iterator[str]:
    """Yield the last name of everything that is called in the file."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr
            elif isinstance(node.func, ast.Name):
                yield node.func.id
