"""Whatever was done to a saved model, it is refused with a message or predicts as it did."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from recbench.models.baselines.bias import Bias
from recbench.models.factorization.mf import MF
from recbench.registry.registry import installed
from recbench.serving.model_folder import load, save
from recbench.testing.toy import all_pairs, toy_ratings

FAST = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FILES = ("model.json", "arrays.npz")
KINDS = {"bias": Bias(), "mf": MF(n_factors=2)}

changes = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 8), st.binary(max_size=8)), min_size=1, max_size=3)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """The files of a saved model of each kind."""
    files = {}
    for kind, model in KINDS.items():
        folder = tmp_path_factory.mktemp("saved") / kind
        save(model.fit(toy_ratings()), kind, folder, {"data": toy_ratings().digest})
        files[kind] = {name: (folder / name).read_bytes() for name in FILES}
    return files


def find(kind: str) -> Any:
    return installed().find("model", kind).factory


def check(files: dict[str, bytes], kind: str, folder: Path) -> None:
    """Refused with a message, or the predictions of the model that was saved."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    refused = ""
    try:
        model = load(folder, find)
    except (ValueError, OSError, LookupError) as error:
        refused = str(error)
    event("refused" if refused else "loaded")
    if refused:
        assert len(refused) > 20
        return
    pairs = all_pairs(toy_ratings())
    assert np.array_equal(model.predict(*pairs), find(kind)(**vars_of(kind)).fit(toy_ratings()).predict(*pairs))


def vars_of(kind: str) -> dict[str, Any]:
    return {"n_factors": 2} if kind == "mf" else {}


@settings(FAST, max_examples=250)
@given(st.sampled_from([*KINDS]), st.sampled_from(FILES), changes)
def test_a_mutated_folder_is_refused_or_right(
    tmp_path_factory: pytest.TempPathFactory, saved: dict[str, dict[str, bytes]], kind: str, name: str,
    changes: list[tuple[int, int, bytes]],
) -> None:  # fmt: skip
    content = saved[kind][name]
    for at, n_lost, put in changes:
        start = at % (len(content) + 1)
        content = content[:start] + put + content[start + n_lost :]
    check(saved[kind] | {name: content}, kind, tmp_path_factory.mktemp("fuzz"))


@settings(FAST, max_examples=100)
@given(st.sampled_from([*KINDS]), st.sampled_from(FILES), st.floats(0, 1))
def test_a_truncated_folder_is_refused_or_right(
    tmp_path_factory: pytest.TempPathFactory, saved: dict[str, dict[str, bytes]], kind: str, name: str, share: float
) -> None:
    content = saved[kind][name]
    check(saved[kind] | {name: content[: int(share * len(content))]}, kind, tmp_path_factory.mktemp("fuzz"))


@settings(FAST, max_examples=200)
@given(st.sampled_from([*KINDS]), st.sampled_from(["schema", "kind", "options", "scalars", "tuples", ""]), json_values)
def test_a_description_of_anything_is_refused_or_right(
    tmp_path_factory: pytest.TempPathFactory, saved: dict[str, dict[str, bytes]], kind: str, key: str, value: Any
) -> None:
    text = json.loads(saved[kind]["model.json"])
    written = json.dumps(value if not key else text | {key: value}).encode()
    check(saved[kind] | {"model.json": written}, kind, tmp_path_factory.mktemp("fuzz"))


@settings(FAST, max_examples=100)
@given(st.sampled_from([*KINDS]), st.data())
def test_arrays_that_do_not_fit_are_refused(
    tmp_path_factory: pytest.TempPathFactory, saved: dict[str, dict[str, bytes]], kind: str, data: st.DataObject
) -> None:
    """An array is lost, cut, or of another type: what loads must be what was saved."""
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
    check(saved[kind] | {"arrays.npz": packed.getvalue()}, kind, tmp_path_factory.mktemp("fuzz"))


def test_arrays_larger_than_memory_are_refused_even_with_a_right_checksum(
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
