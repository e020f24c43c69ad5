"""The registry: an error in a plugin disables only that plugin, and the reason is reported."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest

from recbench.models.baselines.bias import Bias
from recbench.registry.registry import DuplicateNameError, Problem, Registry, UnknownNameError, load
from tests.support.command import write_plugin

PluginLoader = Callable[..., Registry]

HEAD = """
from dataclasses import dataclass
from recbench import Metric, RatingModel, hookimpl

@dataclass
class Mine(RatingModel):
    '''A model of one's own.

    And more about it.
    '''

    n: int = 3  # a number

    def fit(self, train, valid=None):
        return self

    def predict(self, user_idx, item_idx):
        return user_idx * 0.0

def two(ratings, predicted, k=2):
    '''The number k.'''
    return k
"""
GOOD = HEAD + "@hookimpl\ndef register_models():\n    return {'good': Mine}\n"


def _hook(role: str, mapping: str) -> str:
    return HEAD + f"@hookimpl\ndef register_{role}s():\n    return {mapping}\n"


@pytest.fixture
def load_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginLoader]:
    """Install a plugin, distribution acme-<key>, from each source, and load all plugins."""

    def load_plugins(**sources: str) -> Registry:
        for key, source in sources.items():
            write_plugin(tmp_path, f"acme-{key}", source)
        monkeypatch.syspath_prepend(tmp_path)
        return load(entry_points(group="recbench"))

    yield load_plugins
    for name in [name for name in sys.modules if name.startswith("acme_")]:
        del sys.modules[name]


def _problem(registry: Registry, key: str) -> Problem:
    (problem,) = [each for each in registry.problems if each.plugin == f"acme-{key} (acme_{key})"]
    return problem


# valid plugins


def test_plugin_model_is_registered_beside_the_built_ins(load_plugins: PluginLoader) -> None:
    registry = load_plugins(good=GOOD)
    entry = registry.find("model", "good")
    assert (entry.distribution, entry.version, entry.path()) == ("acme-good", "1.0", "acme_good.Mine")
    assert entry.summary() == "A model of one's own."
    assert registry.find("model", "bias").factory is Bias


def test_a_bare_function_becomes_a_metric(load_plugins: PluginLoader) -> None:
    metric = load_plugins(good=_hook("metric", "{'two': two}")).metric("two")
    assert metric(np.ones(1), np.ones(1)) == 2.0
    assert not metric.greater_is_better


def test_metric_with_a_cutoff_keeps_its_docstring(load_plugins: PluginLoader) -> None:
    registry = load_plugins(good=_hook("metric", "{'three': Metric(two, greater_is_better=True).at(3)}"))
    assert registry.find("metric", "three").path() == "acme_good.two"
    assert registry.metric("three")(np.ones(1), np.ones(1)) == 3.0


def test_scikit_learn_metric_is_registered_unchanged(load_plugins: PluginLoader) -> None:
    source = "from sklearn.metrics import mean_absolute_error\n" + _hook("metric", "{'mad': mean_absolute_error}")
    assert load_plugins(good=source).metric("mad")(np.array([1.0, 2.0]), np.array([1.0, 4.0])) == 1.0


# invalid plugins


WRONG = {
    "hookless": (
        HEAD + "def register_models():\n    return {'x': Mine}\n",
        "no hook found; mark a function register_models or register_datasets or register_splits or register_metrics",
    ),
    "raises": ("1 / 0\n", "ZeroDivisionError: division by zero"),
    "imports": ("import no_such_module_of_acme\n", "ModuleNotFoundError: No module named 'no_such_module_of_acme'"),
    "exits": ("raise SystemExit('no license')\n", "SystemExit: no license"),
    "syntax": ("def broken(:\n", "SyntaxError: "),
    "misspelt": (
        HEAD + "@hookimpl\ndef register_model():\n    return {'x': Mine}\n",
        "the hooks are register_models, register_datasets, register_splits, register_metrics",
    ),
    "argument": (HEAD + "@hookimpl\ndef register_models(extra):\n    return {'x': Mine}\n", "extra"),
    "hookfails": (HEAD + "@hookimpl\ndef register_models():\n    raise KeyError('lost')\n", "KeyError: 'lost'"),
    "list": (_hook("model", "[Mine]"), "register_models returned list; return a mapping from names to factories"),
    "inexpressible": (
        HEAD + "def make(weights: dict = None): ...\n@hookimpl\ndef register_models():\n    return {'x': make}\n",
        "model 'x': option 'weights' of type dict can't be set on a command line",
    ),
    "baddefault": (
        HEAD + "def make(n: int = None): ...\n@hookimpl\ndef register_models():\n    return {'x': make}\n",
        "model 'x': option 'n' of type int has the default None; write '| None'",
    ),
    "untyped": (
        HEAD + "def make(n=1): ...\n@hookimpl\ndef register_datasets():\n    return {'x': make}\n",
        "dataset 'x': option 'n' has no type; annotate it with",
    ),
    "unresolved": (
        HEAD + "def make(n: 'Nowhere' = 1): ...\n@hookimpl\ndef register_models():\n    return {'x': make}\n",
        "name 'Nowhere' is not defined",
    ),
    "kind": (
        HEAD + "def make(kind: int = 1): ...\n@hookimpl\ndef register_splits():\n    return {'x': make}\n",
        "split 'x' has an option 'kind', which is reserved; rename it",
    ),
    "defaults": (
        HEAD + "def make(defaults: int = 1): ...\n@hookimpl\ndef register_models():\n    return {'x': make}\n",
        "model 'x' has an option 'defaults', which is reserved; rename it",
    ),
    "requires": (
        HEAD + "@dataclass\nclass R(Mine):\n    requires = ('torch')\n"
        "@hookimpl\ndef register_models():\n    return {'x': R}\n",
        "model 'x' requires 'torch'; give a tuple of modules: requires = ('torch',)",
    ),
    "partial": (
        "from functools import partial\n" + _hook("model", "{'x': partial(Mine, n=4)}"),
        "model 'x' is partial; register a class or a function",
    ),
    "badname": (
        _hook("model", "{'My-Model': Mine}"),
        "model name 'My-Model'; use lower-case letters, digits and underscores, a letter first",
    ),
    "digitname": (_hook("model", "{'2x': Mine}"), "model name '2x'; use lower-case letters"),
    "numbername": (_hook("model", "{3: Mine}"), "model name 3; use lower-case letters"),
    "instance": (_hook("model", "{'x': Mine()}"), "model 'x' is Mine; register a class or a function"),
    "demanding": (
        HEAD + "def m(ratings, predicted, weights): ...\n@hookimpl\ndef register_metrics():\n    return {'x': m}\n",
        "metric has required parameters ['weights']",
    ),
    "builtin": (
        _hook("model", "{'bias': Mine, 'x': Mine}"),
        "the name 'bias' is that of the built-in recbench.models.baselines.bias.Bias; rename acme_builtin.Mine",
    ),
    "metricobject": (
        HEAD
        + "class M:\n    def __call__(self, ratings, predicted): return 1.0\n"
        + "@hookimpl\ndef register_metrics():\n    return {'rmse': M()}\n",
        "the name 'rmse' is that of the built-in recbench.metrics.errors.rmse; rename",
    ),
}


@pytest.mark.parametrize("key", WRONG)
def test_invalid_plugin_is_listed_with_the_cause(load_plugins: PluginLoader, key: str) -> None:
    source, cause = WRONG[key]
    assert cause in _problem(load_plugins(**{key: source}), key).cause


@pytest.mark.parametrize("key", WRONG)
def test_the_cause_is_one_line(load_plugins: PluginLoader, key: str) -> None:
    assert "\n" not in _problem(load_plugins(**{key: WRONG[key][0]}), key).cause


@pytest.mark.parametrize("key", WRONG)
def test_disabled_plugin_does_not_affect_others(load_plugins: PluginLoader, key: str) -> None:
    registry = load_plugins(**{key: WRONG[key][0], "good": GOOD})
    assert registry.find("model", "good").distribution == "acme-good"
    assert registry.find("model", "bias").factory is Bias
    assert registry.metric("rmse")(np.ones(2), np.ones(2)) == 0.0
    assert "x" not in {name for entries in registry.entries.values() for name in entries}


def test_two_plugins_with_one_name_are_both_disabled(load_plugins: PluginLoader) -> None:
    registry = load_plugins(one=GOOD, other=GOOD)
    assert "good" not in registry.entries["model"]
    cause = "the name 'good' is also registered by acme_other.Mine; rename or uninstall one of them"
    assert _problem(registry, "one").cause == cause
    assert "also registered by acme_one.Mine" in _problem(registry, "other").cause


def test_a_name_that_two_plugins_register_is_refused_with_both_import_paths(load_plugins: PluginLoader) -> None:
    registry = load_plugins(one=GOOD, other=GOOD)
    message = r"model 'good' is registered by acme_one\.Mine and acme_other\.Mine; uninstall one of them or rename it"
    with pytest.raises(DuplicateNameError, match=message):
        registry.find("model", "good")


def test_one_name_in_two_roles_is_not_a_conflict(load_plugins: PluginLoader) -> None:
    registry = load_plugins(one=GOOD, other=_hook("metric", "{'good': two}"))
    assert registry.find("model", "good").distribution == "acme-one"
    assert registry.find("metric", "good").distribution == "acme-other"


# finding


def test_a_disabled_name_is_refused_with_the_reason(load_plugins: PluginLoader) -> None:
    registry = load_plugins(builtin=WRONG["builtin"][0])
    message = r"model 'x' of acme-builtin \(acme_builtin\) is disabled: " + re.escape(
        "the name 'bias' is that of the built-in recbench.models.baselines.bias.Bias"
    )
    with pytest.raises(UnknownNameError, match=message):
        registry.find("model", "x")


@pytest.mark.parametrize("key", ["inexpressible", "baddefault", "instance"])
def test_a_name_with_an_invalid_factory_is_refused_with_the_reason(load_plugins: PluginLoader, key: str) -> None:
    source, cause = WRONG[key]
    with pytest.raises(UnknownNameError, match=rf"model 'x' of acme-{key} .* is disabled: .*") as refused:
        load_plugins(**{key: source}).find("model", "x")
    assert cause in str(refused.value)


def test_a_metric_name_with_a_rank_has_that_cutoff(load_plugins: PluginLoader) -> None:
    registry = load_plugins(good=_hook("metric", "{'two': two}"))
    assert registry.metric("two@10")(np.ones(1), np.ones(1)) == 10.0
