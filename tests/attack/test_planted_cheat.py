"""A planted cheat searches for test ratings in its arguments, in their arrays' bases and in the run's folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from recbench.datasets.tabular.ratings_file import load_ratings_file
from recbench.splits import Holdout
from tests.support.command import recbench, write_plugin

# each rating is a different number, exact in float32 and in text, so that a value identifies its row
CHEAT = """
import gc, json, os, re
from dataclasses import dataclass, fields
from pathlib import Path
import numpy as np
from recbench import RatingModel, hookimpl

def values_of(thing, seen):
    if thing is None or id(thing) in seen:
        return
    seen[id(thing)] = thing
    if isinstance(thing, np.ndarray):
        if thing.dtype.kind == "f":
            yield from thing.ravel().tolist()
        yield from values_of(thing.base, seen)
    elif isinstance(thing, dict):
        for each in thing.values():
            yield from values_of(each, seen)
    elif isinstance(thing, (tuple, list)):
        for each in thing:
            yield from values_of(each, seen)
    elif hasattr(thing, "__dict__"):
        yield from values_of(vars(thing), seen)

def values_below(folder):
    for path in Path(folder).rglob("*"):
        if path.suffix in (".npz", ".npy"):
            loaded = np.load(path)
            for array in (loaded.values() if path.suffix == ".npz" else [loaded]):
                if array.dtype.kind == "f":
                    yield from array.ravel().tolist()
        elif path.is_file():
            yield from map(float, re.findall(r"\\\\d+\\\\.\\\\d+", path.read_text(errors="replace")))

@dataclass
class Cheat(RatingModel):
    guess: float = 3.0
    uses_valid = True

    def fit(self, train, valid=None):
        seen = {}
        found = {"arguments": list(values_of([train, valid], seen))}
        found["folder"] = list(values_below(os.environ["LOOK_IN"]))
        with open(os.environ["CHEAT_LOG"], "a") as log:
            log.write(json.dumps(found) + "\\\\n")
        return self

    def predict(self, user_idx, item_idx):
        return np.full(len(user_idx), self.guess)

@hookimpl
def register_models():
    return {"cheat": Cheat}
""".replace("\\\\", "\\")
N_ROWS = 400
SCALE = "dataset.rating_scale=[0,9]"  # by default, the record has the lowest and the highest rating as the scale


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    pairs = np.random.default_rng(0).permutation(40 * 30)[:N_ROWS]
    lines = [f"u{pair // 30},i{pair % 30},{1 + (row + 0.5) / 128}" for row, pair in enumerate(pairs)]
    path = tmp_path / "data" / "ratings.csv"
    path.parent.mkdir()
    path.write_text("\n".join(["user,item,rating", *lines]) + "\n")
    return path


def _found(tmp_path: Path, ratings: Path, look_in: Path) -> list[dict[str, set[float]]]:
    """Return what the cheat found in each fit of a sweep with search, refit and baselines."""
    write_plugin(tmp_path / "site", "acme-cheat", CHEAT)
    log = tmp_path / "cheat.jsonl"
    environment = {"PYTHONPATH": str(tmp_path / "site"), "CHEAT_LOG": str(log), "LOOK_IN": str(look_in)}
    command = ("-m", "model=cheat", "model.guess=2,3", "dataset=ratings_file", f"dataset.path={ratings}", SCALE)
    for _ in range(2):  # the second sweep can look at the results of the first
        run = recbench(*command, "resume=false", cwd=tmp_path, **environment)
        assert run.returncode == 0, run.stderr
    fits = [json.loads(line) for line in log.read_text().splitlines()]
    return [{where: set(values) for where, values in fit.items()} for fit in fits]


def _test_ratings(ratings: Path) -> set[float]:
    dataset = load_ratings_file(str(ratings))
    ((_, test),) = Holdout()(dataset)
    return set(dataset.ratings[test].tolist())


def test_the_cheat_finds_no_test_rating(tmp_path: Path, ratings: Path) -> None:
    sealed = _test_ratings(ratings)
    fits = _found(tmp_path, ratings, tmp_path / "outputs")
    assert len(fits) == 6
    for fit in fits:
        assert len(fit["arguments"]) > N_ROWS / 2, "the cheat can't read its own arguments"
        assert not fit["arguments"] & sealed
        assert fit["folder"] & sealed == set()
    assert any(fit["folder"] for fit in fits), "the cheat reads no file of the run"


def test_cheat_finds_test_ratings_in_the_data_folder(tmp_path: Path, ratings: Path) -> None:
    sealed = _test_ratings(ratings)
    fits = _found(tmp_path, ratings, ratings.parent)
    assert all(fit["folder"] >= sealed for fit in fits)
