"""The report: its contents, that it loads nothing from elsewhere, and that no name in it is executed."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from recbench.config.job_config import JobConfig
from recbench.jobs.job import Job
from recbench.jobs.run import run
from recbench.report import write_report
from recbench.report.charts import front
from recbench.report.collect import Candidate, Search
from recbench.report.page import page
from recbench.report.search_charts import importances
from recbench.results.records import write_record
from recbench.results.store import open_store
from recbench.runtime.process_state import reset
from recbench.usage import UsageError
from tests.support.command import SMALL, recbench
from tests.support.reports import Seen, made

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "$\\frac{$",
    'url(#x) id="y" &lt;',
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the reports of two sweeps: `models.html` and `options.html`."""
    folder = tmp_path_factory.mktemp("runs")
    for name, args in (("models", ["model=mf,item_mean"]), ("options", ["model=mf", "model.n_factors=2,3,4"])):
        assert recbench("-m", *args, *SMALL, cwd=folder).returncode == 0
        sweep = max(folder.glob("outputs/*/*/sweep.json")).parent
        run = recbench("report", str(sweep), "--output", f"{name}.html", cwd=folder)
        assert run.stdout == f"{name}.html: open it in a browser; it needs no network and no other file\n", run.stderr
    return folder


def test_every_row_of_the_sweep_is_in_the_table(folder: Path) -> None:
    html = (folder / "models.html").read_text()
    heads = re.findall(r'<th scope=row data-value="(\w+)">', html.partition("The protocol")[0])
    assert heads[:4] == ["mf", "bias", "item_mean", "global_mean"]
    assert "does not beat bias" in html


def test_the_headline_names_the_winner(folder: Path) -> None:
    text = Seen((folder / "models.html").read_text()).text
    assert "mf predicts best" in text
    assert re.search(r"RMSE 0\.\d{4} on the test set, \d+\.\d% below the bias baseline\.", text)


@pytest.mark.parametrize("part", ["user activity", "item popularity", "rating value"])
def test_the_breakdown_is_a_chart_and_a_table(part: str, folder: Path) -> None:
    html = (folder / "models.html").read_text()
    assert f"<figcaption>RMSE by {part}</figcaption>" in html
    assert f"<caption>RMSE by {part}</caption>" in html


def test_a_sweep_over_an_option_shows_its_candidates(folder: Path) -> None:
    text = Seen((folder / "options.html").read_text()).text
    assert "All 3 candidates, on the validation set" in text
    assert "mf: n_factors" in text
    assert "mf: score by candidate" in text
    assert "sealed; opened 1× for mf" in text


def test_the_command_is_shown_as_typed(folder: Path) -> None:
    html = (folder / "options.html").read_text()
    assert f"recbench -m model=mf model.n_factors=2,3,4 {' '.join(SMALL)}</pre>" in html


@pytest.mark.parametrize("name", ["models", "options"])
def test_the_page_loads_nothing_from_elsewhere(name: str, folder: Path) -> None:
    html = (folder / f"{name}.html").read_text()
    seen = Seen(html)
    assert "http" not in html
    assert "@import" not in html
    assert set(seen.tags).isdisjoint({"link", "img", "iframe", "object", "base"})
    loading = {name: value for name, value in seen.attributes if name in ("src", "srcset", "action", "data")}
    assert loading == {}
    assert all(value.startswith("#") for name, value in seen.attributes if name.endswith("href"))


@pytest.mark.parametrize("name", ["models", "options"])
def test_ids_are_unique_and_references_exist(name: str, folder: Path) -> None:
    html = (folder / f"{name}.html").read_text()
    seen = Seen(html)
    ids = [value for name, value in seen.attributes if name == "id"]
    assert len(ids) == len(set(ids)) > 100
    assert set(re.findall(r"url\(#([^)]*)\)", html)) | {v[1:] for n, v in seen.attributes if n == "href"} <= set(ids)


def test_colors_follow_the_page(folder: Path) -> None:
    drawn = "".join(re.findall(r"<svg.*?</svg>", (folder / "options.html").read_text(), re.DOTALL))
    assert "var(--series-0)" in drawn
    assert re.findall(r'style="[^"]*#[0-9a-f]{6}', drawn) == []


def test_the_same_sweep_gives_the_same_page(folder: Path) -> None:
    sweep = max(folder.glob("outputs/*/*/sweep.json")).parent
    assert recbench("report", str(sweep), cwd=folder).returncode == 0
    again = (sweep / "report.html").read_text()
    assert again == (folder / "options.html").read_text()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_and_never_executed(name: str, tmp_path: Path) -> None:
    about: dict[str, Any] = {"dataset": name, "split": name, "versions": {name: name}}
    options = [{"way": name, "size": 1}, {"way": "plain", "size": 2}]
    records = [made(name, 0.9, **about), made("other", 0.8, **about)]
    records += [made("m", 0.7, scored_on="valid", options=each, **about) for each in options]
    records.append(made("lost", 1.0, status="failed", cause=name, **about))
    html = page(records, open_store(tmp_path), Path("outputs"))
    seen = Seen(html)
    assert seen.tags.count("script") == 1
    assert "img" not in seen.tags
    assert [attribute for attribute, _ in seen.attributes if attribute.startswith("on")] == []
    assert seen.text.count(name) > 5
    figures = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    assert name[:12] in Seen(figures).text


def test_characters_missing_from_the_font_are_left_to_the_browser(tmp_path: Path) -> None:
    html = page([made("映画推薦", 0.9), made("other", 0.8)], open_store(tmp_path), Path("outputs"))
    assert html.count("映画推薦") > 4


@pytest.mark.parametrize(
    ("greater_is_better", "kept"), [(False, ["cheap", "middle", "best"]), (True, ["cheap", "waste"])]
)
def test_the_pareto_front_has_the_points_that_no_other_beats_in_both(greater_is_better: bool, kept: list[str]) -> None:
    points = [(4.0, 0.7, "best"), (1.0, 0.9, "cheap"), (3.0, 0.95, "waste"), (2.0, 0.8, "middle"), (2.0, 0.85, "same")]
    assert [name for *_, name in front(points, greater_is_better=greater_is_better)] == kept


def test_the_option_that_moves_the_score_matters_most() -> None:
    candidates = [Candidate({"a": a, "b": b, "c": c}, a + b / 100) for a in (1, 2, 3) for b in (1, 2, 3) for c in "xy"]
    weights = importances(Search("m", "rmse", False, candidates, {}))
    assert next(iter(weights)) == "a"
    assert weights["a"] > 0.9
    assert sum(weights.values()) == pytest.approx(1)


def test_the_p_value_over_folds_is_next_to_the_difference(tmp_path: Path) -> None:
    run = recbench("-m", "model=bias,global_mean", *SMALL, "split=k_fold", "split.n_folds=4", cwd=tmp_path)
    (sweep,) = tmp_path.glob("outputs/2*/*")
    assert recbench("report", str(sweep), cwd=tmp_path).returncode == 0
    html = (sweep / "report.html").read_text()
    p_value = re.search(r"global_mean .*\] *(\d\.\d{3}) ", run.stdout)
    assert p_value is not None
    heads = [name.strip() for name in Seen(html).text.split("\n")]
    assert heads.index("p over folds") == heads.index("Δ RMSE vs best [95 % CI]") + 1
    assert p_value[1] in Seen(html).text
    assert "corrected for the training ratings they share" in html


def test_one_fold_has_no_p_value_over_folds(folder: Path) -> None:
    assert "over folds" not in (folder / "models.html").read_text()


def test_without_the_ratings_there_is_still_a_table(tmp_path: Path) -> None:
    _ran_on_file(tmp_path).unlink()
    assert "no intervals and no breakdown: the ratings can't be read again" in Seen(_reported(tmp_path)).text


def test_changed_ratings_are_not_broken_down(tmp_path: Path) -> None:
    path = _ran_on_file(tmp_path)
    path.write_text(path.read_text().replace("u0,i1,2", "u0,i1,5"))
    assert "the dataset or its split has changed" in _reported(tmp_path)


def test_a_run_without_stored_predictions_says_so(tmp_path: Path) -> None:
    _ran_on_file(tmp_path, keep_predictions=False)
    assert "no predictions are in the store" in _reported(tmp_path)


def test_a_hostile_file_name_is_shown_and_never_executed(tmp_path: Path) -> None:
    _ran_on_file(tmp_path, "<img src=x onerror=alert(1)>")
    html = _reported(tmp_path)
    assert "img" not in Seen(html).tags
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("nowhere", "no folder nowhere; name a sweep's folder"),
        (".", "no record in . or below"),
    ],
    ids=str,
)
def test_a_folder_without_records_is_an_error(
    folder: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        write_report(Path(folder))


@pytest.mark.parametrize("package", ["matplotlib", "jinja2"])
def test_a_missing_package_is_named_with_its_remedy(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (1, 2):
        write_record(made("a", 0.9, scored_on="valid", options={"size": size}), tmp_path / str(size))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=rf"needs {package}, .* install it: pip install 'recbench\[report\]'"):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def _ran_on_file(folder: Path, name: str = "ratings", *, keep_predictions: bool = True) -> Path:
    """Run a model on a file of ratings; return the file."""
    lines = [f"u{user},i{item},{1 + (user * item + item) % 5}" for user in range(12) for item in range(9)]
    path = folder / f"{name}.csv"
    path.write_text("\n".join(["user,item,rating", *lines]) + "\n")
    config = {
        "dataset": {"kind": "ratings_file", "path": str(path)},
        "split": {"kind": "holdout", "test_size": 0.2, "seed": 42},
        "model": {"kind": "bias"},
        "metrics": ["rmse"],
        "seed": 0,
        "valid_size": 0.1,
        "keep_predictions": keep_predictions,
    }
    record = run(Job(JobConfig.from_plain(config), "bias", store=folder / "store"))
    assert record.outcome.status == "ok", record.outcome.cause
    write_record(record, folder / "run")
    return path


def _reported(folder: Path) -> str:
    reset()  # the user's next command is another process
    write_report(folder / "run", store=folder / "store")
    return (folder / "run" / "report.html").read_text()
