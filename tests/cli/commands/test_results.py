"""`results`, `table` and `reproduce`: list and filter the store, merge sweeps, and repeat a result."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from recbench.results.records import PARTS, Record
from tests.support.command import SMALL, recbench, records_in, write_plugin

DRIFTING = """
import os
from dataclasses import dataclass
import numpy as np
from recbench import RatingModel, hookimpl

@dataclass
class Drifting(RatingModel):
    def fit(self, train, valid=None):
        self.drift_ = float(os.environ.get("DRIFT", "0"))
        return self

    def predict(self, user_idx, item_idx):
        return 3.0 + self.drift_ * np.where((user_idx + item_idx) % 2, 1.0, -1.0)

@hookimpl
def register_models():
    return {"drifting": Drifting}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two finished sweeps: one over models, one over an option."""
    folder = tmp_path_factory.mktemp("runs")
    assert recbench("-m", "model=bias,slope_one", *SMALL, cwd=folder).returncode == 0
    assert recbench("-m", "model=mf", "model.n_factors=2,4", *SMALL, cwd=folder).returncode == 0
    return folder


def test_results_lists_the_store(folder: Path) -> None:
    lines = recbench("results", cwd=folder).stdout.splitlines()
    assert lines[-1] == "6 of 6 results in outputs/store"
    assert sorted(line.split()[2] for line in lines[1:-1]) == ["test"] * 4 + ["valid"] * 2


@pytest.mark.parametrize(
    ("filters", "n_found"),
    [
        (["model=mf"], 3),
        (["model=mf", "part=valid"], 2),
        (["model.n_factors=2"], 1),
        (["dataset=synth*", "model=*o*"], 2),
        (["dataset=movielens"], 0),
    ],
    ids=str,
)
def test_results_are_filtered(filters: list[str], n_found: int, folder: Path) -> None:
    found = int(recbench("results", *filters, cwd=folder).stdout.splitlines()[-1].split()[0])
    # the number of results with two factors depends on which of two candidates was scored on the test set
    assert found in (n_found, n_found + 1) if filters == ["model.n_factors=2"] else found == n_found


def test_a_corrupt_result_is_counted_and_left_out(folder: Path, tmp_path: Path) -> None:
    recbench("model=bias", *SMALL, cwd=tmp_path)
    (path,) = (tmp_path / "outputs" / "store").glob("*.json")
    path.write_text(path.read_text()[:-50])
    assert recbench("results", cwd=tmp_path).stdout.splitlines()[-1] == (
        "0 of 1 results in outputs/store, 1 corrupt; will be recomputed"
    )


def test_a_result_of_an_older_version_is_counted_and_cannot_be_reproduced(tmp_path: Path) -> None:
    store = tmp_path / "outputs" / "store"
    store.mkdir(parents=True)
    (store / "abc.json").write_text(json.dumps({"record": {"schema": 1}, "predictions": None, "checksum": ""}))
    assert recbench("results", cwd=tmp_path).stdout.splitlines()[-1] == (
        "0 of 1 results in outputs/store, 1 written by an older version; will be recomputed"
    )
    run = recbench("reproduce", "abc", cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr == (
        "error: result 'abc' in outputs/store was written by an older version of recbench; run its job again\n"
    )


def test_the_old_name_of_a_filter_works_with_a_note(folder: Path) -> None:
    old, new = (recbench("results", f"{name}=valid", cwd=folder) for name in ("part", "scored_on"))
    assert old.stdout == new.stdout
    assert old.stderr == "the filter part= is now scored_on=; the old name works for one release\n"


def test_sweeps_are_merged_into_one_table(folder: Path) -> None:
    sweeps = [str(path.parent) for path in sorted(folder.glob("outputs/*/*/sweep.json"))]
    run = recbench("table", *sweeps, "--format", "csv", cwd=folder)
    rows = list(csv.DictReader(run.stdout.splitlines()))
    assert sorted(row["model"] for row in rows) == ["bias", "global_mean", "mf", "mf", "slope_one"]
    text = recbench("table", *sweeps, cwd=folder).stdout
    assert text.count("synthetic · 60 users") == 1
    assert text.count("  best  ") == 1


def test_a_table_of_stored_results(folder: Path) -> None:
    run = recbench("table", "model=bias", "--format", "markdown", cwd=folder)
    assert run.stdout.splitlines()[-1].startswith("| bias | 0.")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["results", "mf"], "'mf' is not a valid filter; write name=value"),
        (["table", "nowhere"], "no folder nowhere; name a sweep's folder, or filters like model=mf"),
        (["table", "model=none"], "no record matches; `recbench results` lists"),
        (["table", "--format", "pdf"], "invalid choice: 'pdf'"),
        (["results", "--store", "s3://bucket"], "unknown store 's3://bucket'; give a folder or a URL that starts with"),
        (["model=bias", "store=s3://bucket"], "unknown store 's3://bucket'"),
        (["-m", "model=bias,mf", "store=s3://bucket"], "unknown store 's3://bucket'"),
        (["reproduce"], "the following arguments are required: KEY|RECORD.json"),
        (["reproduce", "zz"], "no result in outputs/store with a key that starts with 'zz'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_explained_in_one_line(args: list[str], message: str, folder: Path) -> None:
    run = recbench(*args, cwd=folder)
    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert message in run.stderr


def test_a_result_is_reproduced_by_its_key_and_by_its_file(folder: Path) -> None:
    record = next(r for r in records_in(folder) if r.job.model == "slope_one")
    by_key = recbench("reproduce", record.provenance.key[:12], cwd=folder)
    assert by_key.stdout.splitlines()[0].startswith("same: slope_one on synthetic, holdout")
    path = next(
        p for p in folder.glob("outputs/*/*/*/record.json") if json.loads(p.read_text())["job"]["model"] == "mf"
    )
    assert recbench("reproduce", str(path.relative_to(folder)), cwd=folder).stdout.startswith("same: mf")


def test_reproduce_reports_a_different_processor(folder: Path, tmp_path: Path) -> None:
    record = next(r for r in records_in(folder) if r.job.model == "slope_one")
    here = record.provenance.versions["processor"]
    path = _with_versions(record, {"processor": "a slide rule"}, tmp_path)
    lines = recbench("reproduce", str(path), cwd=folder).stdout.splitlines()
    assert lines[0].startswith("same: slope_one")
    assert lines[-1] == f"  changed since: processor, a slide rule then and {here} now"


def test_reproduce_accepts_a_record_that_names_no_processor(folder: Path, tmp_path: Path) -> None:
    record = next(r for r in records_in(folder) if r.job.model == "slope_one")
    run = recbench("reproduce", str(_with_versions(record, {}, tmp_path)), cwd=folder)
    assert run.stdout.startswith("same: slope_one")
    assert "changed since" not in run.stdout


def test_a_record_with_unknown_keys_in_its_configuration_is_reproduced(folder: Path, tmp_path: Path) -> None:
    record = next(r for r in records_in(folder) if r.job.model == "slope_one")
    path = _with_config(record, {**record.job.config, "color": "red"}, tmp_path)
    run = recbench("reproduce", str(path), cwd=folder)
    assert (run.returncode, run.stdout.splitlines()[0]) == (0, f"same: slope_one on synthetic, {record.job.split}")


def test_reproduce_names_what_the_configuration_of_a_record_lacks(folder: Path, tmp_path: Path) -> None:
    record = next(r for r in records_in(folder) if r.job.model == "slope_one")
    config = {name: value for name, value in record.job.config.items() if name != "dataset"}
    run = recbench("reproduce", str(_with_config(record, config, tmp_path)), cwd=folder)
    assert (run.returncode, run.stderr.count("\n")) == (2, 1)
    assert run.stderr.startswith("error: this result can't be run again: the configuration has no dataset; a job needs")


def _with_config(record: Record, config: Mapping[str, Any], folder: Path) -> Path:
    """Write the record with another configuration to a file."""
    path = folder / "record.json"
    path.write_text(replace(record, job=replace(record.job, config=config)).to_json())
    return path


def _with_versions(record: Record, changed: dict[str, str], folder: Path) -> Path:
    """Write the record with another processor, or without one, to a file."""
    versions = {name: value for name, value in record.provenance.versions.items() if name != "processor"}
    provenance = replace(record.provenance, versions=versions | changed)
    path = folder / "record.json"
    path.write_text(replace(record, provenance=provenance).to_json())
    return path


@pytest.mark.parametrize(("drift", "verdict"), [("0", "same"), ("0.0001", "within noise"), ("1.5", "different")])
def test_changes_since_the_result_are_listed(drift: str, verdict: str, tmp_path: Path) -> None:
    write_plugin(tmp_path / "site", "acme-drifting", DRIFTING)
    environment = {"PYTHONPATH": str(tmp_path / "site")}
    recbench("model=drifting", *SMALL, cwd=tmp_path, **environment)
    module = tmp_path / "site" / "acme_drifting.py"
    module.write_text(module.read_text() + "# edited\n")
    key = _stored(tmp_path).provenance.key
    said = recbench("reproduce", key, cwd=tmp_path, **environment, DRIFT=drift).stdout
    assert said.startswith(verdict)
    assert "changed since: version or sources of acme-drifting" in said
    assert "changed since: data" not in said


def _stored(folder: Path) -> Record:
    (record,) = records_in(folder)
    return record


def test_every_field_of_a_record_is_documented(tmp_path: Path) -> None:
    ran = recbench("results", "--fields", cwd=tmp_path)
    meaning_of = {line.split()[0]: line.split(maxsplit=1)[1] for line in ran.stdout.splitlines()[1:-1]}
    assert list(meaning_of) == [f"{name}.{each.name}" for name, part in PARTS.items() for each in fields(part)]
    assert "of the scored rows" in meaning_of["outcome.cold_share"]
    assert ran.stdout.splitlines()[-1].startswith("schema 2")


def test_a_misspelled_filter_gets_a_suggestion_and_the_list(tmp_path: Path) -> None:
    ran = recbench("results", "statuss=ok", cwd=tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: unknown filter 'statuss'; did you mean 'status'? (filters: dataset, split, ")
