"""Every command has its own help, and is found by the name of its module."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from recbench.cli import command
from recbench.usage import UsageError
from tests.support.command import recbench

COMMANDS = command.names()


def help_of(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as left:
        command.run(name, ["--help"])
    assert left.value.code == 0
    return capsys.readouterr().out


def test_the_commands_are_the_modules_of_their_package() -> None:
    package = Path(command.__file__).parent / "commands"
    assert sorted(COMMANDS) == sorted(path.stem for path in package.glob("*.py") if path.stem != "__init__")
    assert {"list", "show", "audit", "check", "new", "train", "predict", "recommend"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_has_usage_purpose_meanings_and_two_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(name, capsys)
    assert text.startswith(f"usage: recbench {name} ")
    assert command.purpose(name) in " ".join(text.split())
    assert text.partition("examples:\n")[2].count(f"  recbench {name}") == 2
    arguments = re.findall(r"^  (\S.*)\n( {4,}\S)?", text.partition("examples:\n")[0], re.MULTILINE)
    assert [line for line, meaning_below in arguments if "  " not in line and not meaning_below] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_purpose_is_one_sentence(name: str) -> None:
    purpose = command.purpose(name)
    assert purpose[0].isupper()
    assert purpose.endswith(".")
    assert purpose.count(". ") == 0


@pytest.mark.parametrize("columns", [72, 80, 120])
@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_is_as_wide_as_the_terminal(
    name: str, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = help_of(name, capsys).splitlines()
    typed = [line for line, _ in import_module(f"recbench.cli.commands.{name}").EXAMPLES]
    assert [line for line in lines if len(line) > columns and line.strip() not in typed] == []


def test_the_help_is_printed_and_the_status_is_0(tmp_path: Path) -> None:
    run = recbench("recommend", "--help", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("usage: recbench recommend [-h]")


def test_a_wrong_argument_is_a_usage_error_in_one_line() -> None:
    with pytest.raises(UsageError) as caught:
        command.run("recommend", ["my_model", "--usr", "1"])
    assert "\n" not in str(caught.value)
    assert caught.value.advice.startswith("usage: recbench recommend [-h] (--user ID | ")
