"""Messages: what Hydra and OmegaConf raise, in plain words for the user."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from hydra.core.config_store import ConfigStore

from recbench.config.explain import explain
from recbench.registry.registry import DuplicateNameError, Registry, UnknownNameError, installed
from recbench.usage import InputError, UsageError, relative
from tests.support.command import write_plugin
from tests.support.refusals import COMMANDS, explained

PLUGIN = """
from dataclasses import dataclass
from enum import Enum
from recbench import hookimpl
from recbench.models.baselines.bias import Bias

class Color(Enum):
    RED = 1
    BLUE = 2

@dataclass
class Switched(Bias):
    on: bool = True
    color: Color = Color.RED

@hookimpl
def register_models():
    return {"switched": Switched, NAME: Bias}
"""


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Install plugins of a `switched` model and one more name, until the test ends."""

    def plug_in(distribution: str, name: str) -> None:
        write_plugin(tmp_path, distribution, PLUGIN.replace("NAME", repr(name)))
        installed.cache_clear()

    store = ConfigStore.instance()
    options = deepcopy(store.repo)  # of the process: what a test adds must not stay
    with monkeypatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        yield plug_in
    store.repo = options
    installed.cache_clear()
    for name in [name for name in sys.modules if name.startswith("acme_")]:
        del sys.modules[name]


# errors of recbench's own


@pytest.mark.parametrize("error", [UsageError("odd"), UnknownNameError("unknown"), DuplicateNameError("twice")])
def test_recbenchs_own_errors_are_shown_unchanged(error: Exception) -> None:
    assert explain(error, Registry(), (), COMMANDS) is error


def test_an_error_reads_as_its_problem_then_its_advice() -> None:
    error = InputError("no file a.csv", "give a path that exists")
    assert (error.problem, error.advice) == ("no file a.csv", "give a path that exists")
    assert str(error) == "no file a.csv; give a path that exists"
    assert str(InputError("no file a.csv")) == "no file a.csv"


def test_an_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(UnknownNameError("unknown model 'x'", "install it")))  # noqa: S301 our own bytes
    assert (type(error), error.problem, error.advice) == (UnknownNameError, "unknown model 'x'", "install it")


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), RuntimeError("x")])
def test_an_error_that_is_not_the_users_mistake_keeps_its_traceback(error: Exception) -> None:
    assert explain(error, Registry(), (), COMMANDS) is None


# an unknown choice


def test_a_misspelt_choice_gets_a_suggestion_and_the_list() -> None:
    message = explained("model=bais")
    assert message is not None
    assert message.startswith("unknown model 'bais'; did you mean 'bias'? (available: ")
    assert {"bias", "global_mean"} <= set(message.replace(",", " ").split())


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("split=houldout", "unknown split 'houldout'; did you mean 'holdout'? (available: cold_item, "),
        ("dataset=synthetics", "unknown dataset 'synthetics'; did you mean 'synthetic'? (available: "),
        ("hydra/sweeper=basik", "unknown hydra/sweeper 'basik'; did you mean 'basic'? (available: "),
    ],
)
def test_every_group_gets_a_suggestion_and_the_list(override: str, expected: str) -> None:
    message = explained(override)
    assert message is not None
    assert message.startswith(expected)


def test_an_unknown_launcher_names_the_package_it_may_be_in() -> None:
    message = explained("hydra/launcher=nimbus")
    assert message is not None
    assert message.startswith("unknown hydra/launcher 'nimbus'")
    assert message.endswith("; it may be in the package hydra-nimbus-launcher")


def test_an_unknown_group_gets_a_suggestion_in_one_line() -> None:
    message = explained("modell=bias")
    assert message is not None
    assert "modell" in message
    assert "did you mean 'model'?" in message
    assert "\n" not in message


def test_an_unknown_configuration_file_is_named_in_one_line() -> None:
    message = explained(config="confg")
    assert message is not None
    assert "confg" in message
    assert "\n" not in message


def test_a_disabled_model_is_named_with_the_reason(plug_in: Callable[[str, str], None]) -> None:
    plug_in("acme-taken", "bias")
    message = explained("model=switched")
    assert message is not None
    assert message.startswith(
        "model 'switched' of acme-taken (acme_taken) is disabled: the name 'bias' is that of the built-in "
    )


def test_a_model_of_two_plugins_is_named_with_both_paths(plug_in: Callable[[str, str], None]) -> None:
    plug_in("acme-one", "one")
    plug_in("acme-other", "other")
    assert explained("model=switched") == (
        "model 'switched' is registered by acme_one.Switched and acme_other.Switched; "
        "uninstall one of them or rename it"
    )


# a value of another type


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("model.n_epochs=many", "give a whole number"),
        ("model.n_epochs=1.5", "give a whole number"),
        ("model.reg_user=high", "give a number"),
        ("model.n_epochs=null", "it can't be null; give a value"),
        ("metrics=rmse", "give a list: metrics=[a,b]"),
        ("valid_size=tenth", "give a number"),
    ],
)
def test_a_value_of_another_type_gets_the_type_to_give(override: str, reason: str) -> None:
    assert explained("model=bias", override) == f"{override}: {reason}"


def test_a_boolean_takes_true_or_false(plug_in: Callable[[str, str], None]) -> None:
    plug_in("acme-switched", "x")
    assert explained("model=switched", "model.on=perhaps") == "model.on=perhaps: give true or false"


def test_an_enum_takes_one_of_its_names(plug_in: Callable[[str, str], None]) -> None:
    plug_in("acme-switched", "x")
    message = explained("model=switched", "model.color=GREEN")
    assert message is not None
    assert message.startswith("model.color=GREEN: ")
    assert "RED" in message
    assert "BLUE" in message


# paths


def test_a_path_below_the_working_folder_is_shown_relative_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert relative(tmp_path / "outputs" / "table.md") == str(Path("outputs", "table.md"))


def test_a_path_elsewhere_is_shown_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert relative(tmp_path / "table.md") == str(tmp_path / "table.md")


def test_an_unknown_choice_names_the_plugins_that_failed_to_load(
    tmp_path: Path, plug_in: Callable[[str, str], None]
) -> None:
    plug_in("acme-lost", "'lost'")
    (tmp_path / "acme_lost.py").write_text("import no_such_library\n")
    message = explained("model=lost")
    assert message is not None
    assert message.startswith("unknown model 'lost'")
    assert message.endswith("; disabled plugins: acme-lost (acme_lost) (`recbench list` says why)")
