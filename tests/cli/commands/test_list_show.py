"""`recbench list` and `recbench show` print what is in the registry and the sources."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from copy import deepcopy
from itertools import takewhile
from pathlib import Path

import pytest
from hydra.core.config_store import ConfigStore

from recbench.cli.command import run
from recbench.config.variants import conf_dir
from recbench.datasets.movielens.loader import terms
from recbench.registry.options import options_of
from recbench.registry.registry import UnknownNameError, installed
from recbench.usage import UsageError
from tests.support.command import write_plugin

PLUGIN = """
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal
from recbench import hookimpl
from recbench.models.baselines.bias import Bias

class Color(Enum):
    RED = 1
    BLUE = 2

@dataclass
class Painted(Bias):
    '''Bias with paint on it.

    Cold users get no paint.
    '''

    width: int = field(kw_only=True)  # of the brush, in cm
    color: Color = Color.BLUE  # what is seen
    finish: Literal["matt", "gloss"] = "matt"  # how it shines
    layers: tuple[int, ...] = (2, 1)  # of paint
    limit: float | None = None  # of what is seen

@hookimpl
def register_models():
    return {"painted": Painted}
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a plugin that works and one that does not, for the duration of a test."""
    write_plugin(tmp_path, "acme-painted", PLUGIN)
    write_plugin(tmp_path, "acme-broken", "1 / 0\n")
    store = ConfigStore.instance()
    options = deepcopy(store.repo)  # of the whole process: additions must not outlive the test
    with monkeypatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        installed.cache_clear()
        yield
    store.repo = options
    installed.cache_clear()
    for name in [name for name in sys.modules if name.startswith("acme_")]:
        del sys.modules[name]


def _words(text: str, first: str) -> list[str]:
    """Return the words of the only line that begins with this word."""
    (line,) = [line.split() for line in text.splitlines() if line.split()[:1] == [first]]
    return line


def _option_table(args: str) -> list[list[str]]:
    """Return the cells of the shown options, heading first."""
    lines = run("show", [args]).splitlines()
    (first,) = [number for number, line in enumerate(lines) if line.split()[:2] == ["option", "default"]]
    table = takewhile(bool, lines[first:])
    return [re.split(" {2,}", line.strip()) for line in table]


# list


def test_the_list_has_a_heading_for_each_role() -> None:
    headings = [line for line in run("list", []).splitlines() if line and not line.startswith(" ")]
    assert headings[:4] == ["models", "datasets", "splits", "metrics"]


def test_the_list_names_everything_that_is_registered() -> None:
    named = [line.split()[0] for line in run("list", []).splitlines() if line.startswith("  ")]
    for entries in installed().entries.values():
        assert set(entries) <= set(named)


def test_a_line_of_the_list_has_name_distribution_and_summary() -> None:
    line = " ".join(_words(run("list", []), "bias"))
    assert line == "bias recbench User and item biases, damped, by alternating closed-form updates."


def test_everything_registered_has_a_summary() -> None:
    for entries in installed().entries.values():
        assert [entry.name for entry in entries.values() if not entry.summary()] == []


def test_a_plugins_model_is_listed_with_its_distribution(plugins: None) -> None:
    assert " ".join(_words(run("list", []), "painted")) == "painted acme-painted Bias with paint on it."


def test_a_disabled_plugin_is_listed_last_with_its_reason(plugins: None) -> None:
    assert run("list", []).splitlines()[-2:] == [
        "disabled",
        "  acme-broken (acme_broken): ZeroDivisionError: division by zero",
    ]


def test_list_takes_no_arguments() -> None:
    with pytest.raises(UsageError, match="unrecognized arguments: models now; usage: recbench list"):
        run("list", ["models", "now"])


# show


def test_show_starts_with_role_name_and_distribution() -> None:
    first = run("show", ["model=bias"]).splitlines()[0]
    assert (
        first
        == f"model bias, of recbench {installed().find('model', 'bias').version}: recbench.models.baselines.bias.Bias"
    )


def test_show_has_the_docstring() -> None:
    assert "\n\nUser and item biases, damped, by alternating closed-form updates.\n\n    r_ui ≈ " in run(
        "show", ["model=bias"]
    )


def test_show_has_each_option_with_default_meaning_and_type() -> None:
    assert _option_table("model=bias") == [
        ["option", "default", "meaning", "type"],
        ["model.reg_user", "5.0", "damping of a user's bias, in ratings", "float"],
        ["model.reg_item", "2.0", "damping of an item's bias, in ratings", "float"],
        ["model.n_epochs", "10", "item-then-user passes", "int"],
    ]


def test_options_of_every_type_are_shown_as_on_the_command_line(plugins: None) -> None:
    assert _option_table("model=painted")[-5:] == [
        ["model.color", "BLUE", "what is seen", "RED | BLUE"],
        ["model.finish", "matt", "how it shines", "matt | gloss"],
        ["model.layers", "[2, 1]", "of paint", "list of int"],
        ["model.limit", "null", "of what is seen", "float or null"],
        ["model.width", "(required)", "of the brush, in cm", "int"],
    ]


def test_a_model_without_options_says_so() -> None:
    assert run("show", ["model=global_mean"]).endswith("\n\nno options")


def test_a_metric_is_shown_with_its_docstring() -> None:
    text = run("show", ["metric=rmse"])
    assert text.startswith("metric rmse, of recbench ")
    assert "Root mean squared error, pooled over all rows: sqrt(mean((r - p)^2))." in text
    assert "option" not in text


def test_a_dataset_is_shown_with_its_terms_of_use() -> None:
    assert run("show", ["dataset=movielens"]).endswith(terms())


@pytest.mark.parametrize("role", ["model", "dataset", "split"])
def test_every_built_in_option_has_a_meaning(role: str) -> None:
    for name, entry in installed().entries[role].items():
        if entry.distribution == "recbench":
            for cells in _option_table(f"{role}={name}") if options_of(entry.factory) else ():
                assert len(cells) == 4, f"{name}: {cells[0]}"


@pytest.mark.parametrize("file", sorted((conf_dir() / "model").glob("*.yaml")), ids=lambda file: str(file.stem))
def test_a_variant_is_shown_with_its_own_values(file: Path) -> None:
    first, *_ = run("show", [f"model={file.stem}"]).splitlines()
    assert first.startswith(f"model {file.stem}, a variant of ")


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown model 'bais'; did you mean 'bias'\?"):
        run("show", ["model=bais"])


@pytest.mark.parametrize("word", ["bias", "model=", "models=bias"])
def test_show_takes_a_role_and_a_name(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        run("show", [word])
    assert str(caught.value) == (
        f"{word!r} is not a role and a name; "
        "write one of model=..., dataset=..., split=..., metric=...: recbench show model=mf"
    )


@pytest.mark.parametrize("words", [[], ["model=bias", "split=k_fold"]])
def test_show_takes_one_argument(words: list[str]) -> None:
    with pytest.raises(UsageError, match=r"usage: recbench show \[-h\] ROLE=NAME"):
        run("show", words)
