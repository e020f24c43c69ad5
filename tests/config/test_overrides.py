"""Overrides: the parts of one, as it is typed."""

from __future__ import annotations

import pytest

from recbench.config.overrides import Override, first_outside


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model=mf", ("", "model", "", "mf")),
        ("model.n_factors=8", ("", "model", "n_factors", "8")),
        ("++model.stopping.patience=3", ("++", "model", "stopping.patience", "3")),
        ("+hydra/launcher=joblib", ("+", "hydra/launcher", "", "joblib")),
        ("model@other=mf", ("", "model", "", "mf")),
        ("dataset.path=/data/a=b.csv", ("", "dataset", "path", "/data/a=b.csv")),
        ("model.layers=[8,4]", ("", "model", "layers", "[8,4]")),
        ("~search", ("~", "search", "", "")),
        ("seed=", ("", "seed", "", "")),
        ("", ("", "", "", "")),
    ],
)
def test_an_override_is_split_into_its_parts(text: str, expected: tuple[str, ...]) -> None:
    parsed = Override.parse(text)
    assert (parsed.prefix, parsed.group, parsed.option, parsed.value) == expected
    assert parsed.text == text


def test_the_name_is_the_path_of_the_option() -> None:
    assert [Override.parse(text).name for text in ("+model.reg=1", "model=mf")] == ["model.reg", "model"]


def test_the_first_override_of_another_group_is_found() -> None:
    assert first_outside(["dataset.path=x", "model.reg=1", "seed=2"], ("dataset", "split")) == "model.reg=1"
    assert first_outside(["dataset.path=x", "+split=holdout"], ("dataset", "split")) is None
