"""Hygiene: what is doubtful about how the rows of a table were tuned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from recbench.registry.search_space import Between
from recbench.results.rows import Row, comparison_key

Models = Mapping[str, Sequence[Row]]  # rows by model, best first


def tuning_warnings(rows: Sequence[Row]) -> list[str]:
    """A line for every best value on the edge of what was tried, and for models that were tuned unequally."""
    groups: dict[tuple[str, ...], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.valid or not row.is_baseline:
            groups[comparison_key(row.record)][row.record.model].append(row)
    lines = [line for models in groups.values() for tuned in models.values() for line in _edges(tuned)]
    lines += [line for models in groups.values() for tuned in models.values() for line in _unsearched(tuned)]
    lines += [line for models in groups.values() for tuned in models.values() for line in _tied(tuned)]
    lines += [line for models in groups.values() for line in _unequal(models)]
    return list(dict.fromkeys(lines))


def _edges(candidates: Sequence[Row]) -> Iterator[str]:
    """The options of one model whose best value lies at an end of what was tried, or of what was searched."""
    started, scored = [row for row in candidates if not row.failed], [row for row in candidates if row.ok]
    if len(scored) < 3:
        return
    best = next((row for row in scored if row.scores and not row.is_baseline), scored[0])
    ranges = (best.record.config.get("search") or {}).get("ranges", {})
    for name in best.options:
        chosen = sorted({each[name] for each in _nodes(best) if _is_number(each.get(name))})
        tried = {each[name] for row in started for each in _nodes(row) if _is_number(each.get(name))}
        if len(tried) < 3:
            continue
        low, high, log = ranges.get(name, (min(tried), max(tried), False))
        near = Between(low, high, log).on_edge if name in ranges else (low, high).__contains__
        for value in filter(near, chosen):
            yield f"best {name}={value} of {best.record.model} lies on the edge of {low:g}...{high:g}: try beyond it"


def _tied(candidates: Sequence[Row]) -> Iterator[str]:
    """A choice between candidates that differ by less than the noise of their validation scores."""
    for row in candidates:
        if row.n_equivalent_candidates:
            told = (
                f"{row.n_equivalent_candidates + 1} candidates of {row.record.model} can't be told apart on validation"
            )
            yield f"{told}: which of them was chosen is chance"


def _unequal(models: Models) -> Iterator[str]:
    """Where models were tuned: that some had more candidates than others, and what those cost."""
    candidates = {
        model: [row for row in rows if row.valid or (not row.ok and row.record.part == "valid")]
        for model, rows in models.items()
    }
    counts = {model: len(rows) for model, rows in candidates.items()}
    if len(set(counts.values())) > 1:
        spent = {
            model: sum((row.fit_seconds or 0) + (row.predict_seconds or 0) for row in rows)
            for model, rows in candidates.items()
        }
        ranked = sorted(counts, key=lambda each: -counts[each])
        told = ", ".join(f"{model} {counts[model]} ({spent[model]:.1f} CPU s)" for model in ranked)
        yield f"unequal numbers of candidates: {told}; who tries more finds more"


def _unsearched(candidates: Sequence[Row]) -> Iterator[str]:
    """In a search, a model of which nothing could be varied."""
    tuned = [row for row in candidates if row.valid]
    search = tuned[0].record.config.get("search") if len(tuned) == 1 else None
    if search and not search.get("ranges"):
        yield f"nothing of {tuned[0].record.model} was searched: none of its options is free and declares a space"


def _nodes(row: Row) -> Sequence[Mapping[str, Any]]:
    """The options of each fold, or the one set that all share."""
    return row.record.by_fold or [row.record.options]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
