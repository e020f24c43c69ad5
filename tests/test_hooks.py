"""The hooks: each is typed, documented, and used by a plugin of this repository that isn't recbench's own."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, get_origin, get_type_hints

import pytest

from recbench import hookspecs
from recbench.registry.registry import GROUP, ROLES, installed

ROOT = Path(__file__).parents[1]
PLUGINS = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))
HOOKS = [name for name in vars(hookspecs) if name.startswith("register_")]


def _returns(hook: Any) -> Any:
    return get_origin(get_type_hints(hook)["return"])


def test_there_is_a_hook_for_each_role() -> None:
    assert [f"register_{role}s" for role in ROLES] == HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_typed_and_documented(hook: str) -> None:
    specification = getattr(hookspecs, hook)
    assert _returns(specification) is Mapping
    assert inspect.getdoc(specification)


@pytest.mark.parametrize("role", ROLES)
def test_a_hook_is_used_by_a_plugin_in_the_repository(role: str) -> None:
    assert {entry.distribution for entry in installed().entries[role].values()} & {*PLUGINS}


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugins_hooks_are_typed_and_documented(plugin: str) -> None:
    points = [point for point in entry_points(group=GROUP) if point.dist and point.dist.name == plugin]
    assert points, f"{plugin} is not installed; run `make run`"
    for point in points:
        used = [getattr(point.load(), hook) for hook in HOOKS if hasattr(point.load(), hook)]
        assert used
        for hook in used:
            assert _returns(hook) is Mapping
            assert inspect.getdoc(hook)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_no_plugin_in_the_repository_is_disabled(plugin: str) -> None:
    assert [problem for problem in installed().problems if problem.plugin.startswith(plugin)] == []
