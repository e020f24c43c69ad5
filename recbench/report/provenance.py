"""Provenance: the protocol of a comparison and the environment it ran in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from recbench.report.collect import Comparison
from recbench.results.records import Record
from recbench.results.rows import openings
from recbench.tuning.baselines import is_baseline

BY_USERS = "paired bootstrap of the RMSE over users, at least 2,000 resamples; Holm-adjusted p-values, 0.05"
BY_FOLDS = "t-test of the folds' differences, corrected for the training ratings they share (Nadeau & Bengio 2003)"


def protocol(comparison: Comparison) -> list[tuple[str, str]]:
    """Return the facts of the protocol: (name, value) pairs."""
    known = next((row.record for row in comparison.rows if row.ok), comparison.rows[0].record)
    lines = [
        ("dataset", known.job.dataset),
        ("data digest", str(known.provenance.data.get("digest", ""))[:16]),
        ("rating scale", " to ".join(f"{end:g}" for end in known.provenance.data.get("rating_scale", ()))),
        ("split", known.job.split),
        ("split digest", known.provenance.split_digest[:16]),
        ("folds", str(known.outcome.n_folds or "")),
        ("seeds of the models", _listed(record.job.seed for record in comparison.records if not is_baseline(record))),
        ("metrics", ", ".join(known.job.config.get("metrics", known.outcome.scores))),
        (
            "validation set",
            f"{known.job.config['valid_size']:.0%} of the training set" if "valid_size" in known.job.config else "",
        ),
        ("test set", _opened(comparison)),
        ("differences", BY_USERS),
        ("over folds", BY_FOLDS if any(row.p_value_folds is not None for row in comparison.rows) else ""),
    ]
    return [(name, value) for name, value in lines if value]


def _opened(comparison: Comparison) -> str:
    """Return whether the test set was sealed, and how often it was opened."""
    times = openings(comparison.rows)
    if not any(row.scores for row in comparison.rows):
        return "not opened"
    sealed = all(record.job.config.get("sealed", True) for record in comparison.records)
    counts = ", ".join(f"{count}× for {model}" for (*_, model), count in times.items()) or "for baselines only"
    return f"{'sealed' if sealed else 'not sealed (sealed=false)'}; opened {counts}"


def environment(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Return versions and times as (name, value) pairs; several versions of one package are all listed."""
    names = dict.fromkeys(name for record in records for name in record.provenance.versions)
    versions = [(name, _listed(record.provenance.versions.get(name) for record in records)) for name in names]
    created = sorted(record.provenance.created for record in records if record.provenance.created)
    threads = _listed(record.job.config.get("threads") for record in records)
    ends = dict.fromkeys(f"{at[:16].replace('T', ' ')} UTC" for at in (*created[:1], *created[-1:]))
    times = [("computed", " to ".join(ends))] if ends else []
    return versions + times + ([("threads per job", threads)] if threads else [])


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values if value is not None))
