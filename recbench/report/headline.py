"""The headline: which model won, by how much, and whether that is real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recbench.report.collect import names_of
from recbench.results.columns import latency_ms
from recbench.results.first_metric import first_metric
from recbench.results.records import Score
from recbench.results.rows import Row, openings

MAX_NAMED = 3  # rows that a sentence lists


@dataclass(frozen=True)
class Headline:
    """What a reader of ten seconds takes along."""

    title: str
    verdict: str = ""  # in two or three words
    sure: bool = False  # whether the verdict is that the difference is real
    told: Sequence[str] = ()  # sentences


def headline(rows: Sequence[Row]) -> Headline:
    """What these rows of one data set and split, best first, come to."""
    tested = [row for row in rows if row.scores]
    if not tested:
        return _untested(rows)
    names = dict(zip(map(id, tested), names_of(tested), strict=True))
    best, baselines = tested[0], [row for row in tested if row.is_baseline]
    rivals = [row for row in tested[1:] if not row.is_baseline] or ([] if best.is_baseline else baselines)
    metric, score = first_metric(best.scores)
    beaten = best.is_baseline and any(not row.is_baseline for row in rivals)
    title = f"No model beats {names[id(best)]}, a baseline" if beaten else f"{names[id(best)]} predicts best"
    told = [f"{metric.upper()} {score.mean:.4f}{_spread(score)} on the test part{_over_bias(best, baselines)}."]
    verdict, sure = "not tested", False
    if rivals:
        verdict, sure, sentence = _verdict(best, rivals, names)
        told.append(sentence)
    else:
        verdict = "nothing to compare"
    if any(times > 1 for times in openings(rows).values()):
        verdict, sure = "tuned on test", False
        told.append("Several candidates of one model met the test part: picking the best of them is tuning on test.")
    told += [*_costs(best), *_unfinished(rows)]
    return Headline(title, verdict, sure, told)


def _untested(rows: Sequence[Row]) -> Headline:
    """No row was scored on the test part."""
    validated = next((row for row in rows if row.valid), None)
    if validated is None or validated.valid is None:
        return Headline("Nothing finished", "failed", told=[*_unfinished(rows), "The table has the causes."])
    best = f"{validated.record.job.model} {validated.label()}".strip()
    sentence = f"{best} is best on the validation part, with {validated.valid.mean:.4f}. The test part stayed sealed."
    return Headline("No test result yet", "unfinished", told=[sentence, *_unfinished(rows)])


def _verdict(best: Row, rivals: Sequence[Row], names: dict[int, str]) -> tuple[str, bool, str]:
    """Two words, whether the lead is real, and a sentence."""
    second = rivals[0]
    if best.vs_best is None or second.vs_best is None:
        ahead = abs(first_metric(second.scores)[1].mean - first_metric(best.scores)[1].mean)
        return "not tested", False, f"{names[id(second)]} is next, {ahead:.4f} behind; there is no interval for that."
    if not best.is_best:
        return "not tested", False, "Intervals are those of the RMSE over all rows, in which another row leads."
    if tied := [names[id(row)] for row in rivals if row.tied_with_best]:
        more = f" and {len(tied) - MAX_NAMED} more" if len(tied) > MAX_NAMED else ""
        return "a tie", False, f"It can't be told from {', '.join(tied[:MAX_NAMED])}{more}: the lead may be chance."
    behind = f"{second.vs_best.difference:.4f} of RMSE behind"
    interval = f"95 % interval {second.vs_best.low:.4f} to {second.vs_best.high:.4f}"
    told = f"{names[id(second)]} is next, {behind} ({interval}), which chance does not explain."
    return "a real difference", True, told


def _over_bias(best: Row, baselines: Sequence[Row]) -> str:
    """How much better than the baseline that matters."""
    bias = next((row for row in baselines if row.record.job.kind == "bias"), None)
    metric, score = first_metric(best.scores)
    if bias is None or bias is best or score.greater_is_better or metric not in bias.scores:
        return ""
    share = 1 - score.mean / bias.scores[metric].mean
    return f", {share:.1%} below the bias baseline" if share > 0 else ""


def _costs(best: Row) -> list[str]:
    """What the best row costs, as far as that can be measured."""
    known = [
        (best.fit_seconds, "{:.2f} CPU s to fit"),
        (latency_ms(best), "{:.2f} ms for 1,000 predictions"),
        (best.peak_memory_mb, "{:.0f} MB of memory"),
    ]
    told = [text.format(value) for value, text in known if value is not None and round(value, 2) > 0]
    return [f"It takes {', '.join(told)}."] if told else []


def _unfinished(rows: Sequence[Row]) -> list[str]:
    """How many came to nothing, and whether something went wrong or a search had seen enough."""
    n_failed = sum(row.failed for row in rows)
    n_stopped = sum(not row.ok and not row.failed for row in rows)
    told = [f"{n_failed} of {len(rows)} jobs failed."] if n_failed else []
    return told + ([f"{n_stopped} candidates were stopped early on validation."] if n_stopped else [])


def _spread(score: Score) -> str:
    return f" ± {score.std:.4f}" if len(score.folds) > 1 else ""
