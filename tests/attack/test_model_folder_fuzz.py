"""A saved model that was tampered with is refused with a message, or still predicts the same."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recbench.models.baselines.bias import Bias
from recbench.models.factorization.mf import MF
from recbench.registry.registry import installed
from recbench.serving.model_folder import load, save
from recbench.testing.toy import all_pairs, toy_ratings

FAST = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FILES = ("model.json", "arrays.npz")
KINDS = {"bias": Bias(), "mf": MF(n_factors=2)}

changes = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 8), st.binary(max_size=8)), max_size=3)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """Return the files of one saved model per kind."""
    files = {}
    for kind, model in KINDS.items():
        folder = tmp_path_factory.mktemp("saved") / kind
        save(model.fit(toy_ratings()), kind, folder, {"data": toy_ratings().digest})
        files[kind] = {name: (folder / name).read_bytes() for name in FILES}
    return files


def find(kind: str) -> Any:
    return installed().find("model", kind).factory


def check(files: dict[str, bytes], kind: str, folder: Path) -> bool:
    """Check that the folder is refused by a message naming it, or predicts the same; return whether it was loaded."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    try:
        model = load(folder, find)
    except LookupError as error:
        assert "unknown model" in str(error)  # noqa: PT017  any other lookup error is a crash
        return False
    except (ValueError, OSError) as error:
        assert str(folder) in str(error)  # noqa: PT017  most examples are refused
        return False
    pairs = all_pairs(toy_ratings())
    assert np.array_equal(model.predict(*pairs), find(kind)(**vars_of(kind)).fit(toy_ratings()).predict(*pairs))
    return True


def vars_of(kind: str) -> dict[str, Any]:
    return {"n_factors": 2} if kind == "mf" else {}


def check_share(loaded: list[bool], least: float) -> None:
    """Check that enough folders were loaded: if all were refused, the test would prove nothing."""
    assert sum(loaded) >= least * len(loaded), f"only {sum(loaded)} of {len(loaded)} folders were loaded"


def test_mutated_folder_is_refused_or_predicts_the_same(saved: dict[str, dict[str, bytes]], tmp_path: Path) -> None:
    loaded: list[bool] = []

    @settings(FAST, max_examples=250)
    @given(st.sampled_from([*KINDS]), st.sampled_from(FILES), changes)
    def mutate(kind: str, name: str, changes: list[tuple[int, int, bytes]]) -> None:
        content = saved[kind][name]
        for at, n_lost, put in changes:
            start = at % (len(content) + 1)
            content = content[:start] + put + content[start + n_lost :]
        loaded.append(check(saved[kind] | {name: content}, kind, tmp_path))

    mutate()
    check_share(loaded, 0.01)


def test_truncated_folder_is_refused_or_predicts_the_same(saved: dict[str, dict[str, bytes]], tmp_path: Path) -> None:
    loaded: list[bool] = []

    @settings(FAST, max_examples=100)
    @given(st.sampled_from([*KINDS]), st.sampled_from(FILES), st.just(1.0) | st.floats(0, 1))
    def truncate(kind: str, name: str, share: float) -> None:
        content = saved[kind][name]
        loaded.append(check(saved[kind] | {name: content[: int(share * len(content))]}, kind, tmp_path))

    truncate()
    check_share(loaded, 0.01)


def test_rewritten_description_is_refused_or_predicts_the_same(
    saved: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    loaded: list[bool] = []
    keys = st.sampled_from(["schema", "kind", "options", "scalars", "tuples", ""])

    @settings(FAST, max_examples=250)
    @given(st.sampled_from([*KINDS]), keys, st.none() | json_values, st.none() | st.integers(0, 4))
    def rewrite(kind: str, key: str, value: Any, indent: int | None) -> None:
        text = json.loads(saved[kind]["model.json"])
        if value is not None or indent is None:
            text = value if not key else text | {key: value}
        written = json.dumps(text, indent=indent).encode()  # other whitespace is harmless
        loaded.append(check(saved[kind] | {"model.json": written}, kind, tmp_path))

    rewrite()
    check_share(loaded, 0.05)


@settings(FAST, max_examples=100)
@given(st.sampled_from([*KINDS]), st.data())
def test_changed_arrays_are_refused(
    tmp_path_factory: pytest.TempPathFactory, saved: dict[str, dict[str, bytes]], kind: str, data: st.DataObject
) -> None:
    """Remove, truncate or convert an array: whatever is loaded must equal what was saved."""
    with np.load(io.BytesIO(saved[kind]["arrays.npz"])) as file:
        arrays: dict[str, Any] = dict(file)
    name = data.draw(st.sampled_from(sorted(arrays)))
    how = data.draw(st.sampled_from(["lost", "shorter", "text", "empty", "other number"]))
    array = arrays.pop(name)
    more = ~array if array.dtype == bool else array + 1
    changed = {"shorter": array[:-1], "text": array.astype(str), "empty": array[:0], "other number": more}
    arrays |= {name: changed[how]} if how in changed else {}
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    assert not check(saved[kind] | {"arrays.npz": packed.getvalue()}, kind, tmp_path_factory.mktemp("fuzz"))


def test_arrays_larger_than_memory_are_refused_even_if_the_checksum_matches(
    tmp_path: Path, saved: dict[str, dict[str, bytes]]
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        header = io.BytesIO()
        np.lib.format.write_array_header_2_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**50,)})
        archive.writestr("global_mean_.npy", header.getvalue())
    text = json.loads(saved["bias"]["model.json"]) | {"arrays": hashlib.sha256(packed.getvalue()).hexdigest()}
    del text["checksum"]
    text["checksum"] = hashlib.sha256(json.dumps(text, sort_keys=True).encode()).hexdigest()
    (tmp_path / "model.json").write_text(json.dumps(text))
    (tmp_path / "arrays.npz").write_bytes(packed.getvalue())
    with pytest.raises(ValueError, match=r"the model in .* is damaged \(Unable to allocate"):
        load(tmp_path, find)
