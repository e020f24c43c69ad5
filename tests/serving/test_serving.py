"""What a saved model predicts and recommends, and what is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recbench.array_types import FloatArray, IntArray
from recbench.cli.command import run
from recbench.contracts import RatingDataset
from recbench.models.baselines.bias import Bias
from recbench.models.baselines.means import GlobalMean
from recbench.models.content.content import Content
from recbench.registry.registry import installed
from recbench.serving import recommending
from recbench.serving.catalog import Catalog, add_unknown_slot
from recbench.serving.loaded_model import LoadedModel, load
from recbench.serving.model_folder import load_beside, save
from recbench.serving.model_versions import versions_of
from recbench.serving.recommending import top
from recbench.testing.toy import toy_ratings
from recbench.usage import UsageError

EVERY_MODEL = [
    name
    for name, entry in installed().entries["model"].items()
    if entry.distribution in ("recbench", "recbench-slope-one")
]  # other plugins may need libraries that are not installed
QUICK = {  # options that make slow models quick
    "ncf": ["model.n_epochs=2"],
    "autorec": ["model.n_epochs=2", "model.n_hidden=4"],
    "bayes_mf": ["model.n_samples=4", "model.n_burn_in=1"],
    "bayes_fm": ["model.n_samples=4", "model.n_burn_in=1"],
    "stack": ["model.models=[bias,item_knn]"],
}
SMALL = ["dataset=synthetic", "dataset.n_users=60", "dataset.n_items=40", "dataset.n_ratings=1200"]


def served(model: Any, dataset: RatingDataset) -> LoadedModel:
    return LoadedModel("bias", model.fit(add_unknown_slot(dataset)), Catalog.of(dataset))


def saved(tmp_path: Path, dataset: RatingDataset | None = None, versions: dict[str, str] | None = None) -> Path:
    """Save a bias model as `train` does."""
    data = dataset or toy_ratings()
    about = {"versions": versions or versions_of("bias")}
    save(Bias().fit(add_unknown_slot(data)), "bias", tmp_path / "m", about, Catalog.of(data).arrays())
    return tmp_path / "m"


@dataclass
class Rounded(GlobalMean):
    """The global mean with a different rounding error for each item."""

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return super().predict(user_idx, item_idx) + 1e-14 * item_idx


def test_the_top_items_are_those_of_a_full_sort_without_rated_items() -> None:
    data = toy_ratings()
    asked = served(Content(), data)
    for user, items in enumerate(top(asked, np.arange(12), 3, np.ones(10, bool))):
        scores = asked.predict(np.full(10, user), np.arange(10))
        left = np.setdiff1d(np.arange(10), data.item_idx[data.user_idx == user])
        assert items.tolist() == left[np.argsort(-scores[left])][:3].tolist()


def test_block_size_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = served(Content(), toy_ratings())
    whole = [items.tolist() for items in top(asked, np.arange(12), 4, np.ones(10, bool))]
    monkeypatch.setattr(recommending, "SCORES_AT_ONCE", 25)
    monkeypatch.setattr(recommending, "PAIRS_AT_ONCE", 7)
    assert [items.tolist() for items in top(asked, np.arange(12), 4, np.ones(10, bool))] == whole


def test_ties_are_ordered_by_number_of_ratings_then_by_index() -> None:
    data = toy_ratings()
    n_ratings = np.bincount(data.item_idx, minlength=10)
    for model in (GlobalMean(), Rounded()):
        (items,) = top(served(model, data), np.array([11]), 10, np.ones(10, bool))
        assert items.tolist() == np.lexsort((np.arange(10), -n_ratings)).tolist()
    (first,) = top(served(GlobalMean(), data), np.array([11]), 3, np.ones(10, bool))
    assert first.tolist() == items[:3].tolist()


def test_excluded_items_are_left_out() -> None:
    allowed = np.arange(10) % 2 == 0
    (items,) = top(served(Bias(), toy_ratings()), np.array([11]), 10, allowed)
    assert sorted(items.tolist()) == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("kind", EVERY_MODEL)
def test_every_model_trains_predicts_and_recommends_unrated_items(kind: str, tmp_path: Path) -> None:
    output = run("train", [f"model={kind}", *QUICK.get(kind, []), *SMALL, f"out={tmp_path / 'm'}"])
    assert output.startswith(f"{kind}, fitted in ")
    found = json.loads(run("recommend", [str(tmp_path / "m"), "--user", "1", "-n", "5", "--json"]))
    asked = load(tmp_path / "m")
    rated = asked.catalog.item_ids[asked.catalog.ratings_of(0)[0]].tolist()
    assert len(found) == min(5, 40 - len(rated))
    assert not {each["item"] for each in found} & set(rated)
    ratings = [each["rating"] for each in found]
    assert ratings == sorted(ratings, reverse=True)
    one = json.loads(run("predict", [str(tmp_path / "m"), "--user", "1", "--item", str(found[0]["item"]), "--json"]))
    assert one["rating"] == pytest.approx(ratings[0], abs=1e-3)
    assert ("std" in one) == kind.startswith("bayes")


def test_the_saved_model_is_fitted_on_all_ratings(tmp_path: Path) -> None:
    run("train", ["model=bias", *SMALL, f"out={tmp_path / 'm'}"])
    data = installed().find("dataset", "synthetic").factory(n_users=60, n_items=40, n_ratings=1200)
    asked, expected = load(tmp_path / "m"), Bias().fit(data)
    pairs = data.user_idx, data.item_idx
    np.testing.assert_allclose(asked.predict(*pairs), expected.predict(*pairs), atol=1e-12)
    assert asked.predict(np.array([60]), np.array([40]))[0] == pytest.approx(expected.global_mean_)


def test_filtered_out_ratings_are_not_trained_on_but_count_as_seen(tmp_path: Path) -> None:
    run("train", ["model=bias", *SMALL, "filters.min_rating=3", f"out={tmp_path / 'm'}"])
    data = installed().find("dataset", "synthetic").factory(n_users=60, n_items=40, n_ratings=1200)
    asked = load(tmp_path / "m")
    model: Any = asked.model
    assert model.global_mean_ == pytest.approx(float(data.ratings[data.ratings >= 3].mean(dtype=np.float64)))
    assert asked.catalog.ratings_of(0)[0].tolist() == sorted(data.item_idx[data.user_idx == 0].tolist())


def test_another_version_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path, versions={"recbench": "0.0.1"})
    with pytest.raises(UsageError, match=r"was saved with recbench 0\.0\.1, and .* is installed; train it again"):
        load(folder)


def test_a_model_without_catalog_is_refused(tmp_path: Path) -> None:
    save(Bias().fit(toy_ratings()), "bias", tmp_path / "m", {"versions": versions_of("bias")})
    with pytest.raises(UsageError, match=r"has no catalog .*; save it by train"):
        load(tmp_path / "m")


@pytest.mark.parametrize("file", ["model.json", "arrays.npz", "beside.npz"])
@pytest.mark.parametrize("how", ["cut", "flipped", "gone"])
def test_damage_to_any_file_is_refused(file: str, how: str, tmp_path: Path) -> None:
    path = saved(tmp_path) / file
    content = path.read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-20] if how == "cut" else flipped)
    with pytest.raises(UsageError, match=r"is damaged|is not valid JSON|no model at|lacks|has a schema that"):
        load(tmp_path / "m")


def test_extra_arrays_are_restored_and_none_if_there_were_none(tmp_path: Path) -> None:
    model = Bias().fit(toy_ratings())
    save(model, "bias", tmp_path / "with", beside={"ids": np.array(["a", "ü"]), "n": np.arange(3)})
    save(model, "bias", tmp_path / "without")
    assert {name: each.tolist() for name, each in load_beside(tmp_path / "with").items()} == {
        "ids": ["a", "ü"],
        "n": [0, 1, 2],
    }
    assert load_beside(tmp_path / "without") == {}
    with pytest.raises(TypeError, match="holds Python objects"):
        save(model, "bias", tmp_path / "objects", beside={"ids": np.array([None])})
    assert not (tmp_path / "objects").exists()


def test_a_file_of_pairs_is_predicted_in_order_clipped_and_marked(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    (tmp_path / "in.csv").write_text("item_id;user_id\nitem-2;103\nitem-2;no one\nnothing;103\nnothing;no one\n")
    output = run("predict", [str(folder), "--pairs", str(tmp_path / "in.csv"), "--output", str(tmp_path / "out.csv")])
    assert output.startswith("4 predictions in ")
    assert "3 of an unknown user or item" in output
    lines = [line.split(",") for line in (tmp_path / "out.csv").read_text().splitlines()]
    assert lines[0] == ["user", "item", "rating", "note"]
    model = Bias().fit(toy_ratings())
    expected = [
        model.global_mean_ + model.user_bias_[3] + model.item_bias_[2],
        model.global_mean_ + model.item_bias_[2],
        model.global_mean_ + model.user_bias_[3],
        model.global_mean_,
    ]
    assert [float(line[2]) for line in lines[1:]] == pytest.approx(np.clip(expected, 1, 5), abs=1e-4)
    assert [line[3] for line in lines[1:]] == ["", "unknown user", "unknown item", "unknown user and item"]


def test_a_new_user_gets_the_same_items_as_a_known_user_with_the_same_ratings(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    known = load(folder).catalog
    items, ratings = known.ratings_of(2)
    rows = [f"{known.item_ids[i]},{r}" for i, r in zip(items.tolist(), ratings.tolist(), strict=True)]
    (tmp_path / "my.csv").write_text("\n".join(["item,rating", *rows]))
    options = ["-n", "3", "--min-ratings", "0", "--json"]
    new = json.loads(run("recommend", [str(folder), "--ratings", str(tmp_path / "my.csv"), *options]))
    old = json.loads(run("recommend", [str(folder), "--user", "102", *options]))
    assert [(each["item"], each["rating"]) for each in new] == [(each["item"], each["rating"]) for each in old]
    assert [each["user"] for each in new] == [None] * len(new)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item,rating\nnothing,3\n", "has no item that the model knows: 'nothing'; give ids like item-0, item-1"),
        ("item,rating\nitem-1,9\n", "has 1 ratings outside the scale 1 to 5, first 9 for item 'item-1'"),
        ("item,rating\nitem-1,3\nitem-1,4\n", "rates item 'item-1' 2 times; keep one rating per item"),
        ("item\nitem-1\n", "has only one column"),
        ("a,b\nitem-1,3\n", "has no column for the item"),
        ("item,rating\nitem-1,good\n", "good"),
        ("", "is empty"),
    ],
)
def test_unusable_ratings_are_explained(text: str, message: str, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    (tmp_path / "my.csv").write_text(text)
    with pytest.raises(UsageError, match=message) as output:
        run("recommend", [str(folder), "--ratings", str(tmp_path / "my.csv")])
    assert "set item_column" not in str(output.value)
    assert "set separator" not in str(output.value)


def test_every_user_gets_a_list_in_one_file(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    run("recommend", [str(folder), "--all", "-n", "2", "--min-ratings", "0", "--output", str(tmp_path / "top.csv")])
    lines = [line.split(",") for line in (tmp_path / "top.csv").read_text().splitlines()]
    asked = load(folder)
    expected = list(top(asked, np.arange(12), 2, np.ones(10, bool)))
    assert len(lines) == 1 + sum(map(len, expected))
    assert lines[1][:4] == ["100", "1", f"item-{expected[0][0]}", asked.catalog.title(expected[0][0])]


@pytest.mark.parametrize("kind", ["mf", "item_knn"])
def test_popular_films_are_recommended_to_a_fan_of_star_wars(kind: str, tmp_path: Path) -> None:
    run("train", [f"model={kind}", f"out={tmp_path / 'm'}"])
    (tmp_path / "my.csv").write_text("movieId,rating\n260,5\n1196,5\n1210,4.5\n2571,5\n480,4\n356,2\n")
    found = json.loads(run("recommend", [str(tmp_path / "m"), "--ratings", str(tmp_path / "my.csv"), "--json"]))
    titles = [each["title"] for each in found]
    known = load(tmp_path / "m").catalog
    n_ratings = known.n_ratings_of_item[known.items([str(each["item"]) for each in found])]
    assert np.median(n_ratings) > 50
    assert "Lord of the Rings: The Fellowship of the Ring, The (2001)" in titles
    assert not [title for title in titles if title.startswith("Star Wars: Episode IV")]
