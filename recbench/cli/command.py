"""Commands: each module of `recbench.cli.commands` is one, found by its name and imported when it is typed.

Such a module has a docstring, whose first line is the command's purpose, and three names:

    EXAMPLES                 two command lines, each with what it does
    add_arguments(parser)    declares the arguments
    run(options)             does the work and returns the text to print
"""

from __future__ import annotations

import argparse
import ast
import inspect
import pkgutil
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from recbench.cli import commands
from recbench.cli.terminal import INDENT, fill
from recbench.usage import UsageError

Examples = tuple[tuple[str, str], tuple[str, str]]  # each a command line and what it does


class Parser(argparse.ArgumentParser):
    """Parses a command's arguments: errors are usage errors, and the help ends with the examples."""

    def __init__(self, command: ModuleType) -> None:
        name = command.__name__.rpartition(".")[2]
        super().__init__(f"recbench {name}", description=_first_line(inspect.getdoc(command)))
        self.examples: Examples = command.EXAMPLES
        command.add_arguments(self)

    def error(self, message: str) -> NoReturn:
        """Raise a usage error that ends with the usage, in one line.

        Raises:
            UsageError: always.
        """
        raise UsageError(message, " ".join(self.format_usage().split()))

    def format_help(self) -> str:
        """Return usage, purpose, arguments and examples, as wide as the terminal."""
        lines = [f"{INDENT}{line}\n{fill(meaning, 3 * INDENT)}" for line, meaning in self.examples]
        return "\n".join([super().format_help(), "examples:", *lines, ""])


def names() -> list[str]:
    """Return the names of all commands."""
    return [each.name for each in pkgutil.iter_modules(commands.__path__)]


def purpose(name: str) -> str:
    """Return the first line of a command's docstring, read from its source so that nothing is imported."""
    source = Path(commands.__path__[0], f"{name}.py").read_text(encoding="utf-8")
    return _first_line(ast.get_docstring(ast.parse(source)))


def run(name: str, args: Sequence[str]) -> str:
    """Run a command and return the text to print.

    Raises:
        UsageError: `args` are not arguments of this command.
        CheckFailed: what the command checked failed.
        SystemExit: the help was asked for; it has been printed.
    """
    command = import_module(f"{commands.__name__}.{name}")
    text: str = command.run(Parser(command).parse_intermixed_args(args))
    return text


def _first_line(docstring: str | None) -> str:
    return (docstring or "").partition("\n")[0]
