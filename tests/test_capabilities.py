"""The capabilities' former module still answers, with a warning."""

from __future__ import annotations

import pytest

from recbench import capabilities


def test_the_former_module_still_works_for_one_release() -> None:
    with pytest.warns(DeprecationWarning, match=r"recbench\.abilities is now recbench\.capabilities"):
        from recbench.abilities import FoldsIn
    assert FoldsIn is capabilities.FoldsIn


def test_the_former_module_lacks_what_the_new_one_lacks() -> None:
    with pytest.raises(ImportError):
        from recbench.abilities import Nothing  # noqa: F401
