"""Conversion of options to OmegaConf and back: typed defaults, refused values, the factory's arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Literal

import pytest
from omegaconf import OmegaConf
from omegaconf.errors import MissingMandatoryValue, ValidationError

from recbench.registry.options import convert, options_of, schema, schema_type


class Color(Enum):
    """Two colors."""

    RED = 1
    BLUE = 2


@dataclass
class Stopping:
    """A nested group of options."""

    patience: int = 3
    how: Literal["loss", "rmse"] = "rmse"
    bounds: tuple[float, float] = (0.0, 1.0)


@dataclass
class Everything:
    """One option of each type."""

    needed: int
    flag: bool = False
    count: int = 3
    share: float = 0.5
    name: str = "mf"
    color: Color = Color.BLUE
    similarity: Literal["cosine", "pearson"] = "pearson"
    level: Literal[1, 2] = 2
    limit: int | None = None
    choice: Literal["a", "b"] | None = "b"
    layers: list[int] = field(default_factory=lambda: [64, 32])
    words: tuple[str, ...] = ("x", "y")
    pair: tuple[int, int] = (1, 2)
    stopping: Stopping = field(default_factory=lambda: Stopping(patience=7))
    learned: int = field(default=0, init=False)
    shared: ClassVar[int] = 1


ALL = options_of(Everything)


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (int, int),
        (Color, Color),
        (Literal["a", "b"], str),
        (Literal[1, 2], int),
        (int | None, int | None),
        (Literal["a"] | None, str | None),
        (list[float], list[float]),
        (tuple[int, ...], list[int]),
        (tuple[float, float], list[float]),
        (tuple[Literal["a", "b"], ...], list[str]),
        (tuple[float, float] | None, list[float] | None),
    ],
)
def test_each_annotation_has_an_omegaconf_type(annotation: Any, expected: Any) -> None:
    assert schema_type(annotation, "x") == expected


def _composed(*names: str) -> Any:
    options = [option for name, option in ALL.items() if name in (names or set(ALL) - {"stopping"})]
    return OmegaConf.structured(schema("everything", options, kind="everything"))


def test_the_schema_holds_every_default() -> None:
    node = OmegaConf.to_container(_composed(), enum_to_str=True)
    assert node == {
        "kind": "everything",
        "needed": "???",
        "flag": False,
        "count": 3,
        "share": 0.5,
        "name": "mf",
        "color": "BLUE",
        "similarity": "pearson",
        "level": 2,
        "limit": None,
        "choice": "b",
        "layers": [64, 32],
        "words": ["x", "y"],
        "pair": [1, 2],
    }


def test_an_option_without_a_default_is_required_in_the_schema() -> None:
    with pytest.raises(MissingMandatoryValue):
        _ = _composed().needed


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("count", "many"),
        ("share", "x"),
        ("flag", "perhaps"),
        ("color", "GREEN"),
        ("layers", [1, "x"]),
        ("count", None),
    ],
)
def test_the_schema_refuses_a_value_of_another_type(key: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        OmegaConf.update(_composed(), key, value)


def test_the_schema_holds_the_defaults_of_nested_options() -> None:
    assert _composed("stopping").stopping == {"patience": 7, "how": "rmse", "bounds": [0.0, 1.0]}


def test_nested_options_can_be_set_by_their_path() -> None:
    composed = _composed("stopping")
    OmegaConf.update(composed, "stopping.patience", 9)
    assert composed.stopping.patience == 9


def test_the_whole_configuration_converts_back_to_the_object() -> None:
    composed = _composed(*ALL)
    OmegaConf.update(composed, "needed", 5)
    node: Any = OmegaConf.to_container(composed, enum_to_str=True)
    values = {name: convert(ALL[name].annotation, value, name) for name, value in node.items() if name != "kind"}
    assert Everything(**values) == Everything(needed=5)


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (int, 3, 3),
        (int | None, None, None),
        (int | None, 3, 3),
        (Color, "RED", Color.RED),
        (Color | None, "RED", Color.RED),
        (list[Color], ["RED", "BLUE"], [Color.RED, Color.BLUE]),
        (list[int], [1, 2], [1, 2]),
        (tuple[int, ...], [1, 2, 3], (1, 2, 3)),
        (tuple[int, ...], [], ()),
        (tuple[float, float] | None, [1.0, 5.0], (1.0, 5.0)),
        (Literal["a", "b"] | None, "b", "b"),
        (Stopping, {"patience": 1, "bounds": [0.5, 2.0]}, Stopping(1, "rmse", (0.5, 2.0))),
    ],
)
def test_configured_value_is_converted_for_the_factory(annotation: Any, value: Any, expected: Any) -> None:
    converted = convert(annotation, value, "model.x")
    assert (type(converted), converted) == (type(expected), expected)


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (
            Literal["cosine", "pearson"],
            "cosin",
            r"model\.x='cosin'; did you mean 'cosine'\? \(one of: cosine, pearson\)",
        ),
        (Literal[1, 2], 7, r"model\.x=7 \(one of: 1, 2\)"),
        (tuple[int, int], [1], r"model\.x=\[1\] has 1 values; give 2"),
        (list[Literal["a", "b"]], ["a", "z"], r"model\.x='z' \(one of: a, b\)"),
        (Stopping, {"how": "los"}, r"model\.x\.how='los'; did you mean 'loss'\?"),
    ],
)
def test_invalid_value_is_refused(annotation: Any, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        convert(annotation, value, "model.x")
