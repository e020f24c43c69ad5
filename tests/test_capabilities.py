"""The capabilities' former module still answers, with a warning."""

from __future__ import annotations

import pytest

from recbench import capabilities


def test_the_former_module_still_works_for_one_release() -> None:
    with pytest.warns(DeprecationWarning, match=r"recbench\.abilities is now recbench\.capabilities"):
        from recbench.abilities import FoldsIn
    assert FoldsIn is capabilities.FoldsIn


def test_unknown_name_in_the_former_module_is_an_error() -> None:
    with pytest.raises(ImportError):
        from recbench.abilities import Nothing  # noqa: F401
