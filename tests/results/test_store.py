"""The results store never returns a corrupt result and never loses a finished one."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recbench.results.records import Score
from recbench.results.store import absolute_store, content_key, open_store, sources_digest
from recbench.results.stores.file import FolderStore
from recbench.usage import UsageError
from tests.support.made_records import record_of

RECORD = record_of(dataset="Toy", model="mf", scores={"rmse": Score.over([0.5, 0.75])}, n_folds=2)
PREDICTIONS = [np.array([1.5, 2.5], np.float32), np.array([3.5], np.float32)]
KEY = content_key({"a": 1})


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path / "store")
    store.save(KEY, RECORD, PREDICTIONS)
    return store


def test_a_stored_result_is_read_back(store: FolderStore) -> None:
    assert store.record(KEY) == RECORD
    predictions = store.predictions(KEY)
    assert predictions is not None
    assert [part.tolist() for part in predictions] == [[1.5, 2.5], [3.5]]
    assert list(store) == [KEY]


def test_a_missing_result_is_none(store: FolderStore) -> None:
    assert (store.record("other"), store.predictions("other")) == (None, None)
    assert list(FolderStore(store.folder / "nowhere")) == []


def test_a_record_without_predictions_has_none(store: FolderStore) -> None:
    store.save("bare", RECORD)
    assert (store.record("bare"), store.predictions("bare")) == (RECORD, None)


@pytest.mark.parametrize("n_bytes", [0, 1, 200, -1])
def test_a_truncated_record_is_not_a_result(n_bytes: int, store: FolderStore) -> None:
    path = store.folder / f"{KEY}.json"
    path.write_bytes(path.read_bytes()[:n_bytes])
    # without its last byte, a line feed, the record is still complete
    assert (store.record(KEY) is None) == (n_bytes != -1)


def test_a_tampered_record_is_not_a_result(store: FolderStore) -> None:
    path = store.folder / f"{KEY}.json"
    content = json.loads(path.read_text())
    content["record"]["outcome"]["scores"]["rmse"]["folds"][0] = 0.1
    path.write_text(json.dumps(content))
    assert store.record(KEY) is None


def test_invalid_predictions_are_none_and_the_record_remains(store: FolderStore) -> None:
    path = store.folder / f"{KEY}.npz"
    whole = path.read_bytes()
    for damaged in (whole[:-10], whole[:100] + b"x" + whole[101:], b""):
        path.write_bytes(damaged)
        assert store.predictions(KEY) is None
    path.unlink()
    assert store.predictions(KEY) is None
    assert store.record(KEY) == RECORD


def test_a_record_with_keys_of_another_version_is_read(store: FolderStore) -> None:
    content = {"record": json.loads(RECORD.to_json()) | {"of_the_future": 1}, "predictions": None}
    content["checksum"] = content_key(content)
    (store.folder / "new.json").write_text(json.dumps(content))
    assert store.record("new") == replace(RECORD, unknown={"of_the_future": 1})


def test_a_record_of_an_older_version_is_outdated_and_not_a_result(store: FolderStore) -> None:
    content: dict[str, object] = {"record": {"schema": 1, "model": "mf"}, "predictions": None}
    content["checksum"] = content_key(content)
    (store.folder / "old.json").write_text(json.dumps(content))
    (store.folder / "damaged.json").write_text("{")
    assert store.record("old") is None
    assert [store.is_old(key) for key in ("old", "damaged", KEY, "missing")] == [True, False, False, False]


def test_concurrent_writers_of_one_key_leave_one_complete_result(store: FolderStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.save(KEY, RECORD, PREDICTIONS), range(40)))
    assert store.record(KEY) == RECORD
    assert store.predictions(KEY) is not None
    assert sorted(path.suffix for path in store.folder.iterdir()) == [".json", ".npz"]


def test_a_failed_write_leaves_the_old_result_and_no_temporary_files(store: FolderStore) -> None:
    with pytest.raises(TypeError):
        store.save(KEY, record_of(config={"a": object()}), [np.zeros(3, np.float32)])
    assert store.record(KEY) == RECORD
    assert len(list(store.folder.iterdir())) == 2


def test_keys_depend_on_content_and_not_on_its_order() -> None:
    assert content_key({"a": 1, "b": [2, {"c": 3}]}) == content_key({"b": [2, {"c": 3}], "a": 1})
    assert content_key({"a": 1}) != content_key({"a": 2})


def test_an_edited_source_changes_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    digests = []
    for text in ("A = 1\n", "A = 2\n"):
        (tmp_path / "acme_edited.py").write_text(text)
        sources_digest.cache_clear()
        digests.append(sources_digest("acme_edited"))
    assert digests[0] != digests[1]
    assert sources_digest("no_such_package_of_acme") == ""


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_path_and_a_file_url_open_the_store_in_that_folder(form: str, store: FolderStore) -> None:
    assert open_store(form.format(store.folder)).record(KEY) == RECORD


def test_an_unknown_scheme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        open_store("s3://bucket/results")
    advice = "give a folder or a URL that starts with file://"
    assert str(caught.value).startswith(f"unknown store 's3://bucket/results'; {advice}")


def test_a_relative_store_is_below_the_working_directory(tmp_path: Path) -> None:
    assert absolute_store("outputs/store", tmp_path) == str(tmp_path / "outputs" / "store")
    assert absolute_store("/data/store", tmp_path) == "/data/store"
    assert absolute_store("file:///data/store", tmp_path) == "file:///data/store"
