"""The headline: which model won, by how much, and whether the difference is significant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recbench.report.collect import names_of
from recbench.results.columns import latency_ms
from recbench.results.first_metric import first_metric
from recbench.results.records import Score
from recbench.results.rows import Row, openings

MAX_NAMED = 3  # rows that a sentence lists
TUNED_ON_TEST = (
    "Several candidates of one model were scored on the test set: choosing the best of them is tuning on the test set."
)


@dataclass(frozen=True)
class Headline:
    """The result of a comparison for someone who reads for ten seconds."""

    title: str
    verdict: str = ""  # in two or three words
    sure: bool = False  # whether the verdict is a significant difference
    sentences: Sequence[str] = ()


def headline(rows: Sequence[Row]) -> Headline:
    """Return the headline of the rows, best first, of one dataset and split."""
    tested = [row for row in rows if row.scores]
    if not tested:
        return _untested(rows)
    names = dict(zip(map(id, tested), names_of(tested), strict=True))
    best = tested[0]
    baselines = [row for row in tested if row.is_baseline]
    rivals = [row for row in tested[1:] if not row.is_baseline] or ([] if best.is_baseline else baselines)
    metric, score = first_metric(best.scores)
    beaten = best.is_baseline and any(not row.is_baseline for row in rivals)
    title = f"No model beats {names[id(best)]}, a baseline" if beaten else f"{names[id(best)]} predicts best"
    sentences = [f"{metric.upper()} {score.mean:.4f}{_spread(score)} on the test set{_over_bias(best, baselines)}."]
    verdict = "nothing to compare"
    sure = False
    if rivals:
        verdict, sure, sentence = _verdict(best, rivals, names)
        sentences.append(sentence)
    if any(times > 1 for times in openings(rows).values()):
        verdict = "tuned on test"
        sure = False
        sentences.append(TUNED_ON_TEST)
    sentences += [*_costs(best), *_unfinished(rows)]
    return Headline(title, verdict, sure, sentences)


def _untested(rows: Sequence[Row]) -> Headline:
    """Return the headline of rows of which none was scored on the test set."""
    validated = next((row for row in rows if row.valid), None)
    if validated is None or validated.valid is None:
        return Headline("Nothing finished", "failed", sentences=[*_unfinished(rows), "The table lists the causes."])
    best = f"{validated.record.job.model} {validated.label()}".strip()
    sentence = f"{best} is best on the validation set, with {validated.valid.mean:.4f}. The test set was not opened."
    return Headline("No test result yet", "unfinished", sentences=[sentence, *_unfinished(rows)])


def _verdict(best: Row, rivals: Sequence[Row], names: dict[int, str]) -> tuple[str, bool, str]:
    """Return the verdict in a few words, whether it is a significant difference, and a sentence."""
    second = rivals[0]
    if best.vs_best is None or second.vs_best is None:
        ahead = abs(first_metric(second.scores)[1].mean - first_metric(best.scores)[1].mean)
        return (
            "not tested",
            False,
            f"{names[id(second)]} is next, {ahead:.4f} behind; there is no interval for the difference.",
        )
    if not best.is_best:
        return "not tested", False, "Intervals compare the RMSE over all test ratings, where another row is best."
    if tied := [names[id(row)] for row in rivals if row.tied_with_best]:
        more = f" and {len(tied) - MAX_NAMED} more" if len(tied) > MAX_NAMED else ""
        others = ", ".join(tied[:MAX_NAMED]) + more
        return "no significant difference", False, f"It is not significantly better than {others}."
    behind = f"with an RMSE {second.vs_best.difference:.4f} higher"
    interval = f"95 % CI {second.vs_best.low:.4f} to {second.vs_best.high:.4f}"
    return "a significant difference", True, f"{names[id(second)]} is next, {behind} ({interval})."


def _over_bias(best: Row, baselines: Sequence[Row]) -> str:
    """Return how much lower the error is than that of bias, the baseline to beat."""
    bias = next((row for row in baselines if row.record.job.kind == "bias"), None)
    metric, score = first_metric(best.scores)
    if bias is None or bias is best or score.greater_is_better or metric not in bias.scores:
        return ""
    share = 1 - score.mean / bias.scores[metric].mean
    return f", {share:.1%} below the bias baseline" if share > 0 else ""


def _costs(best: Row) -> list[str]:
    """Return those costs of the best row that were measured."""
    known = [
        (best.fit_seconds, "{:.2f} CPU s to fit"),
        (latency_ms(best), "{:.2f} ms per 1,000 predictions"),
        (best.peak_memory_mb, "{:.0f} MB of memory"),
    ]
    costs = [text.format(value) for value, text in known if value is not None and round(value, 2) > 0]
    return [f"It takes {', '.join(costs)}."] if costs else []


def _unfinished(rows: Sequence[Row]) -> list[str]:
    """Return how many jobs failed, and how many candidates a search stopped early."""
    n_failed = sum(row.failed for row in rows)
    n_stopped = sum(not row.ok and not row.failed for row in rows)
    failed = [f"{n_failed} of {len(rows)} jobs failed."] if n_failed else []
    stopped = [f"{n_stopped} candidates were stopped early on validation."] if n_stopped else []
    return failed + stopped


def _spread(score: Score) -> str:
    return f" ± {score.std:.4f}" if len(score.folds) > 1 else ""
