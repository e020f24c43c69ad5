"""Tuning warnings: reasons to doubt how the models of a table were tuned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from recbench.registry.search_space import Between
from recbench.results.rows import Row, comparison_key
from recbench.results.search_trial import searched_ranges

RowsByModel = Mapping[str, Sequence[Row]]  # best first
MIN_VALUES = 3  # with fewer candidates, or fewer values of an option, every value is at an edge


def tuning_warnings(rows: Sequence[Row]) -> list[str]:
    """Return one line per doubt: a best value at the edge of its range, a choice by chance, unequal tuning."""
    groups: dict[tuple[str, ...], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.valid or not row.is_baseline:
            groups[comparison_key(row.record)][row.record.job.model].append(row)
    models = [tuned for by_model in groups.values() for tuned in by_model.values()]
    lines = [line for warn in (_at_edge, _nothing_searched, _equivalent) for tuned in models for line in warn(tuned)]
    lines += [line for by_model in groups.values() for line in _unequal(by_model)]
    return list(dict.fromkeys(lines))


def _at_edge(candidates: Sequence[Row]) -> Iterator[str]:
    """Warn of each option of one model whose best value is the lowest or highest that was tried or searched."""
    started = [row for row in candidates if not row.failed]
    scored = [row for row in candidates if row.ok]
    if len(scored) < MIN_VALUES:
        return
    best = next((row for row in scored if row.scores and not row.is_baseline), scored[0])
    ranges = searched_ranges(best.record.job.config)
    for name in best.options:
        chosen = sorted({each[name] for each in _options_per_fold(best) if _is_number(each.get(name))})
        tried = {each[name] for row in started for each in _options_per_fold(row) if _is_number(each.get(name))}
        if len(tried) < MIN_VALUES:
            continue
        low, high, log = ranges.get(name, (min(tried), max(tried), False))
        at_edge = Between(low, high, log).on_edge if name in ranges else (low, high).__contains__
        for value in filter(at_edge, chosen):
            best_value = f"best {name}={value} of {best.record.job.model}"
            yield f"{best_value} is at the edge of the searched range {low:g}…{high:g}; widen it"


def _nothing_searched(candidates: Sequence[Row]) -> Iterator[str]:
    """Warn if a search could vary no option of the model."""
    tuned = [row for row in candidates if row.valid]
    config = tuned[0].record.job.config if len(tuned) == 1 else {}
    if config.get("search") and not searched_ranges(config):
        yield f"nothing to search for {tuned[0].record.job.model}: it has no free option with a search space"


def _equivalent(candidates: Sequence[Row]) -> Iterator[str]:
    """Warn of a choice between candidates that differ by less than the noise of their validation scores."""
    for row in candidates:
        if row.n_equivalent_candidates:
            same = f"{row.n_equivalent_candidates + 1} candidates of {row.record.job.model}"
            yield f"{same} do not differ significantly on validation; the choice between them is arbitrary"


def _unequal(models: RowsByModel) -> Iterator[str]:
    """Warn if some models had more candidates than others, with the CPU seconds that each model's took."""
    candidates = {
        model: [row for row in rows if row.valid or (not row.ok and row.record.job.scored_on == "valid")]
        for model, rows in models.items()
    }
    if len({len(rows) for rows in candidates.values()}) > 1:
        most_first = sorted(candidates.items(), key=lambda each: -len(each[1]))
        tuned = ", ".join(f"{model} {len(rows)} ({_cpu_seconds(rows):.1f} CPU s)" for model, rows in most_first)
        yield f"unequal numbers of candidates: {tuned}; more trials, more chances to get lucky"


def _cpu_seconds(rows: Sequence[Row]) -> float:
    return sum((row.fit_seconds or 0) + (row.predict_seconds or 0) for row in rows)


def _options_per_fold(row: Row) -> Sequence[Mapping[str, Any]]:
    """Return the options of each fold, or the one set that all folds share."""
    return row.record.job.fold_options


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
