"""The table as text, Markdown and CSV, compared as a whole."""

from __future__ import annotations

import csv
import io
import json

from recbench.results.records import Score
from recbench.results.render import as_csv, as_markdown, as_text, headers
from recbench.results.rows import rows_of
from tests.support.made_records import changed, record_of

MF = record_of(
    dataset="Toy",
    split="holdout test_size=0.2",
    model="mf",
    kind="mf",
    options={"k": 8, "loss": "a|b"},
    user_options=("k", "loss"),
    scores={"rmse": Score.over([0.87654321]), "mae": Score.over([0.6])},
    n_folds=1,
    n_scored=2000,
    cold_share=0.0375,
    fallback_share=0.0712,
    fit_seconds=12.345,
    predict_seconds=0.5,
    peak_memory_mb=181.6,
    data={"n_users": 1000, "n_items": 50, "n_ratings": 10_000, "digest": "d"},
)
BIAS = changed(
    MF,
    model="bias",
    kind="bias",
    options={},
    user_options=(),
    scores={"rmse": Score.over([0.9]), "mae": Score.over([0.7])},
    fallback_share=0.0,
    fit_seconds=0.004,
    predict_seconds=0.0,
    peak_memory_mb=None,
)
BROKEN = record_of(
    status="failed", cause='no "x", sorry', dataset="Toy", split="holdout test_size=0.2", model="ncf", kind="ncf"
)
ROWS = rows_of([BIAS, BROKEN, MF], lambda record: record.job.kind == "bias")
FOLDED = changed(BIAS, scores={"rmse": Score.over([0.9, 1.0, 1.1])}, split="k_fold n_folds=3")


def test_the_text_for_a_terminal() -> None:
    assert as_text(ROWS).split("\n") == [
        "Toy · 1,000 users × 50 items, 10,000 ratings · holdout test_size=0.2 · 2,000 test ratings, 3.8% cold",
        "model  options         RMSE     MAE  fallback  fit s  predict s  memory MB  notes",
        "mf     k=8 loss=a|b  0.8765  0.6000      7.1%  12.35       0.50        182",
        "bias                 0.9000  0.7000      0.0%   0.00       0.00          –  baseline",
        'ncf                       –       –         –      –          –          –  failed: no "x", sorry',
    ]


def test_the_markdown() -> None:
    assert as_markdown(ROWS) == (
        "Toy · 1,000 users × 50 items, 10,000 ratings · holdout test_size=0.2 · 2,000 test ratings, 3.8% cold\n"
        "\n"
        "| model | options | RMSE | MAE | fallback | fit s | predict s | memory MB | notes |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n"
        "| mf | k=8 loss=a\\|b | 0.8765 | 0.6000 | 7.1% | 12.35 | 0.50 | 182 |  |\n"
        "| bias |  | 0.9000 | 0.7000 | 0.0% | 0.00 | 0.00 | – | baseline |\n"
        '| ncf |  | – | – | – | – | – | – | failed: no "x", sorry |\n'
    )


def test_the_csv() -> None:
    assert as_csv(ROWS) == (
        "dataset,split,model,options,rmse,mae,fit_seconds,predict_seconds,peak_memory_mb,fallback_share,status,cause\n"
        'Toy,holdout test_size=0.2,mf,"{""k"": 8, ""loss"": ""a|b""}",0.87654321,0.6,12.345,0.5,181.6,0.0712,ok,\n'
        "Toy,holdout test_size=0.2,bias,{},0.9,0.7,0.004,0.0,,0.0,ok,\n"
        'Toy,holdout test_size=0.2,ncf,{},,,,,,,failed,"no ""x"", sorry"\n'
    )


def test_the_csv_reads_back() -> None:
    mf, bias, broken = csv.DictReader(io.StringIO(as_csv(ROWS)))
    assert float(mf["rmse"]) == 0.87654321
    assert json.loads(mf["options"]) == {"k": 8, "loss": "a|b"}
    assert (bias["peak_memory_mb"], broken["rmse"], broken["cause"]) == ("", "", 'no "x", sorry')


def test_folds_show_their_deviation() -> None:
    assert as_text(rows_of([FOLDED])).split("\n")[1:] == [
        "model             RMSE  fallback  fit s  predict s  memory MB",
        "bias   1.0000 ± 0.1000      0.0%   0.00       0.00          –",
    ]


def test_empty_option_and_note_columns_are_left_out() -> None:
    assert as_markdown(rows_of([BIAS])).split("\n")[2] == (
        "| model | RMSE | MAE | fallback | fit s | predict s | memory MB |"
    )


def test_the_heads_of_seconds_say_that_they_are_sums_over_folds() -> None:
    head = as_text(rows_of([changed(FOLDED, n_folds=3)])).split("\n")[1]
    assert "fit s, all folds  predict s, all folds  memory MB" in head


def test_different_splits_are_a_column_and_have_a_header_each() -> None:
    text = as_text(rows_of([BIAS, FOLDED])).split("\n")
    assert " · holdout test_size=0.2 · " in text[0]
    assert " · k_fold n_folds=3 · " in text[1]
    assert text[2].split()[:3] == ["split", "model", "RMSE"]
    assert text[3].startswith("holdout test_size=0.2  bias")


def test_different_datasets_are_a_column() -> None:
    text = as_text(rows_of([BIAS, changed(BIAS, dataset="Other")])).split("\n")
    assert text[2].split()[:2] == ["dataset", "model"]
    assert [line.split()[0] for line in text[3:]] == ["Other", "Toy"]


def test_a_metric_missing_in_one_row_is_an_empty_cell() -> None:
    both = as_csv(rows_of([MF, FOLDED])).split("\n")
    assert both[0].startswith("dataset,split,model,options,rmse,mae,")
    assert both[2].startswith("Toy,k_fold n_folds=3,bias,{},1.0,,")


def test_the_header_says_which_set_was_scored() -> None:
    assert headers(rows_of([changed(BIAS, scored_on="valid")]))[0].endswith("2,000 validation ratings, 3.8% cold")


def test_footnotes_come_below_the_markdown() -> None:
    worse = changed(MF, scores={"rmse": Score.over([1.5])})
    last = as_markdown(rows_of([BIAS, worse], lambda record: record.job.kind == "bias")).split("\n\n")[-1]
    assert last == "does not beat bias: worse than the baseline of user and item biases\n"


def test_a_table_of_failures_only_has_no_header_line() -> None:
    assert as_text(rows_of([BROKEN])).split("\n") == [
        "model  fallback  fit s  predict s  memory MB  notes",
        'ncf           –      –          –          –  failed: no "x", sorry',
    ]
