"""Saved models are complete and safe to load; damaged ones are refused by name."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pytest

from recbench import RatingDataset, RatingModel
from recbench.array_types import FloatArray, IntArray
from recbench.registry.registry import UnknownNameError, installed
from recbench.serving.model_folder import load, read_about, save
from recbench.testing.toy import all_pairs, toy_ratings


class Color(Enum):
    RED = "r"
    BLUE = "b"


@dataclass
class Inner:
    weights: tuple[float, ...] = (0.5, 0.25)


@dataclass
class Everything(RatingModel):
    """A model with options and state of every type."""

    color: Color = Color.RED
    how: Literal["a", "b"] = "a"
    widths: tuple[int, ...] = (3,)
    limit: float | None = None
    inner: Inner = field(default_factory=Inner)

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        self.mean_ = float(train.ratings.mean(dtype=np.float64))
        self.n_rows_ = np.int64(train.n_ratings)
        self.note_ = "naïve"
        self.empty_ = np.zeros((0, 3), np.float32)
        self.layers_ = (np.arange(3), np.array([0.1, -0.0]))
        self.none_ = None
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return np.full(len(user_idx), self.mean_)


def find(kind: str) -> Any:
    return {"everything": Everything}.get(kind) or installed().find("model", kind).factory


def saved(tmp_path: Path, **options: Any) -> Path:
    save(Everything(**options).fit(toy_ratings()), "everything", tmp_path / "m", {"data": "abc"})
    return tmp_path / "m"


def test_options_and_state_of_every_type_are_restored(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "color": Color.BLUE,
        "how": "b",
        "widths": (8, 4),
        "limit": 0.1,
        "inner": Inner((1.0,)),
    }
    model = load(saved(tmp_path, **options), find)
    assert isinstance(model, Everything)
    assert model == Everything(**options)
    expected = Everything().fit(toy_ratings()).state()
    assert model.state().keys() == expected.keys()
    assert [vars(model)[name] for name in ("mean_", "n_rows_", "note_", "none_")] == [
        *(expected["mean_"], toy_ratings().n_ratings, "naïve", None)
    ]
    assert model.empty_.shape == (0, 3)
    assert [layer.tolist() for layer in model.layers_] == [[0, 1, 2], [0.1, -0.0]]
    assert read_about(tmp_path / "m")["about"] == {"data": "abc"}


@pytest.mark.parametrize("kind", ["bias", "mf", "item_knn", "content", "slope_one"])
def test_a_registered_model_predicts_the_same_bits(kind: str, tmp_path: Path) -> None:
    train = toy_ratings()
    model = find(kind)().fit(train)
    save(model, kind, tmp_path / "model")
    loaded = load(tmp_path / "model", find)
    assert np.array_equal(loaded.predict(*all_pairs(train)), model.predict(*all_pairs(train)))
    assert np.array_equal(loaded.is_fallback(*all_pairs(train)), model.is_fallback(*all_pairs(train)))


def test_a_folder_that_is_not_empty_is_unchanged(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="exists and is not empty; choose another folder"):
        saved(tmp_path)
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["thesis.txt"]


def test_state_that_is_not_an_array_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    model = Everything().fit(toy_ratings())
    vars(model)["layers_"] = (np.array([{}], object),)
    with pytest.raises(TypeError, match=r"state \['layers_.0'\] holds Python objects"):
        save(model, "everything", tmp_path / "m")
    vars(model)["words_"] = {"a": 1}
    with pytest.raises(TypeError, match="state 'words_' is dict"):
        save(model, "everything", tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_a_pickle_in_the_arrays_is_not_loaded(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    with np.load(folder / "arrays.npz") as arrays:
        content = dict(arrays)
    np.savez(folder / "arrays.npz", **content | {"evil_": np.array([print], object)})
    with pytest.raises(ValueError, match=r"the model in .* is damaged"):
        load(folder, find)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"schema": 2}, "has a schema that this version does not read"),
        ({"kind": 3}, r"lacks \['kind'\]"),
        ({"options": None}, r"lacks \['options'\]"),
        ({"options": {"color": "PINK"}}, "one of: RED, BLUE"),
        ({"options": {"no_such": 1}}, "is damaged"),
        ({"tuples": {"layers_": 3}}, "is damaged"),
        ({"tuples": {"layers_": "x"}}, "is damaged"),
    ],
    ids=str,
)
def test_a_damaged_description_is_refused_with_the_cause(damage: dict[str, Any], message: str, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    text = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(text | damage))
    with pytest.raises(ValueError, match=message):
        load(folder, find)


def test_truncated_files_are_refused_with_the_cause(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    arrays, about = folder / "arrays.npz", folder / "model.json"
    arrays.write_bytes(arrays.read_bytes()[:-30])
    with pytest.raises(ValueError, match="damaged"):
        load(folder, find)
    arrays.unlink()
    with pytest.raises(ValueError, match="damaged"):
        load(folder, find)
    about.write_text(about.read_text()[:-9])
    with pytest.raises(ValueError, match="is not valid JSON"):
        load(folder, find)


def test_missing_and_unknown_models_are_refused_with_the_cause(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no model at .*: no file model.json"):
        load(tmp_path, find)
    save(Everything().fit(toy_ratings()), "gone", tmp_path / "m")
    with pytest.raises(UnknownNameError, match="unknown model 'gone'"):
        load(tmp_path / "m", find)
