"""Charts of a comparison: the distance from the best row, accuracy and cost, the breakdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from recbench.report.collect import names_of
from recbench.report.svg import INK, MARKERS, MUTED, PAGE, SERIES, Chart, Pen, label_points, log_scale, shortened
from recbench.results.breakdown import BreakdownRow
from recbench.results.columns import latency_ms
from recbench.results.first_metric import first_metric, first_score, loss
from recbench.results.rows import Row
from recbench.results.significance import Difference

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_ROWS = 25  # in one chart
REACH = 2.0  # the range of a chart, in distances between the best row and the bias baseline
COSTS: tuple[tuple[str, str, Callable[[Row], float | None], float], ...] = (
    ("Accuracy and fit time", "CPU seconds to fit", lambda row: row.fit_seconds, 0.01),
    ("Accuracy and prediction time", "CPU milliseconds per 1,000 predictions", latency_ms, 0.1),
    ("Accuracy and memory", "MB of memory", lambda row: row.peak_memory_mb, 1.0),
)

Point = tuple[float, float, str]  # cost, score, name


def distance_chart(pen: Pen, rows: Sequence[Row]) -> Chart | None:
    """Draw each row's difference to the best row with its interval; None if fewer than two rows were compared."""
    tested = [row for row in rows if row.scores]
    named = list(zip(tested, names_of(tested), strict=True))
    known = [(row, row.vs_best, name) for row, name in named if row.vs_best is not None][:MAX_ROWS]
    if len(known) < 2:
        return None
    note = "Δ RMSE vs best with its 95 % CI; hollow: not significantly worse; gray: a baseline."
    return pen.draw(
        "Distance from the best row",
        partial(_paint_distances, known),
        height=max(2.6, 0.75 + 0.25 * len(known)),
        note=note,
    )


def cost_charts(pen: Pen, rows: Sequence[Row]) -> list[Chart]:
    """Draw the first metric over each cost, with the Pareto front: the rows that no other beats in both."""
    tested = [row for row in rows if row.scores and math.isfinite(first_metric(row.scores)[1].mean)]
    if len(tested) < 2:
        return []
    metric, score = first_metric(tested[0].scores)
    near, beyond = _in_range(tested, names_of(tested))
    note = "Line: the Pareto front, where less error costs more." + (f" Outside the chart: {beyond}." if beyond else "")
    charts = []
    for title, label, cost, least in COSTS:
        points = [
            (max(round(value / least) * least, least), row.scores[metric].mean, name)
            for row, name in near
            if (value := cost(row)) is not None
        ]
        if len(points) > 1:
            paint = partial(_paint_cost, points, label, metric.upper(), score.greater_is_better)
            smallest = f" Values up to {least:g} are drawn at {least:g}." if any(x == least for x, *_ in points) else ""
            charts.append(pen.draw(title, paint, note=note + smallest))
    return charts


def front(points: Sequence[Point], *, greater_is_better: bool = False) -> list[Point]:
    """Return the Pareto front: the points that no other beats in both cost and score, by cost."""
    best, kept = math.inf, []
    for point in sorted(points, key=lambda each: (each[0], -each[1] if greater_is_better else each[1])):
        height = -point[1] if greater_is_better else point[1]
        if height < best:
            best = height
            kept.append(point)
    return kept


def breakdown_charts(pen: Pen, breakdowns: Mapping[str, Sequence[BreakdownRow]]) -> list[Chart]:
    """Draw one chart per group of the breakdown: RMSE per class, one line per row of the comparison."""
    names = list(breakdowns)  # the bias baseline is the last
    shown = names if len(names) <= len(SERIES) else [*names[: len(SERIES) - 1], names[-1]]
    charts = []
    for group in dict.fromkeys(each.group for each in breakdowns[shown[0]]) if shown else ():
        labels = [each.label for each in breakdowns[shown[0]] if each.group == group]
        lines = {name: [each.rmse for each in breakdowns[name] if each.group == group] for name in shown}
        if len(labels) > 1:
            charts.append(pen.draw(f"RMSE by {group}", partial(_paint_breakdown, labels, lines)))
    return charts


def _paint_distances(known: Sequence[tuple[Row, Difference, str]], axes: Axes) -> None:
    limit = _limit([gap.difference for _, gap, _ in known], _bias([row for row, *_ in known]))
    seen = [gap.high for _, gap, _ in known if gap.difference <= limit and math.isfinite(gap.high)]
    limit = 1.05 * max([*seen, limit / REACH]) or 1.0
    axes.axvline(0, color=INK, linewidth=1)
    for line, (row, gap, _) in enumerate(known):
        if gap.difference > limit:
            axes.annotate(f"{gap.difference:+.3f} →", (limit, line), ha="right", va="center", color=MUTED)
            continue
        color = MUTED if row.is_baseline else SERIES[0]
        axes.plot([max(gap.low, -limit), min(gap.high, limit)], [line, line], color=color, linewidth=1.6)
        axes.plot(gap.difference, line, MARKERS[0], color=color, markerfacecolor=PAGE if row.tied_with_best else color)
    lowest = min(gap.low for _, gap, _ in known)
    axes.set_xlim(min(-0.03 * limit, 1.1 * max(lowest, -limit)), limit)
    axes.set_ylim(len(known) - 0.5, -0.5)
    axes.set_yticks(range(len(known)), [shortened(name) for *_, name in known])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.grid(visible=False, axis="y")


def _paint_cost(points: Sequence[Point], label: str, metric: str, greater_is_better: bool, axes: Axes) -> None:
    best = front(points, greater_is_better=greater_is_better)
    log_scale(axes, [x for x, *_ in points])
    axes.step([x for x, *_ in best], [y for _, y, _ in best], where="post", color=SERIES[0], linewidth=1.2)
    for x, y, _ in points:
        axes.plot(x, y, MARKERS[0], color=MUTED, markerfacecolor=PAGE)
    for x, y, _ in best:
        axes.plot(x, y, MARKERS[0], color=SERIES[0])
    axes.set_xlabel(label)
    axes.set_ylabel(f"{metric} ({'higher' if greater_is_better else 'lower'} is better)")
    axes.margins(x=0.18, y=0.12)
    label_points(axes, [(x, y, shortened(name, 20)) for x, y, name in (points if len(points) <= MAX_ROWS else best)])


def _paint_breakdown(labels: Sequence[str], lines: Mapping[str, Sequence[float]], axes: Axes) -> None:
    for (name, errors), color, marker in zip(lines.items(), SERIES, MARKERS, strict=False):
        axes.plot(range(len(labels)), errors, f"{marker}-", color=color, label=shortened(name, 20), markersize=4.5)
    axes.set_xticks(range(len(labels)), [_wrapped(label) for label in labels])
    axes.set_ylabel("RMSE")
    axes.margins(y=0.1)
    axes.figure.legend(loc="outside upper left", ncols=2, labelcolor=INK)


def _wrapped(label: str) -> str:
    """Return the label broken into short lines, so that neighbors do not overlap."""
    return label.replace(" and ", "\nand ").replace(" to ", " to\n").replace("below ", "below\n")


def _in_range(rows: Sequence[Row], names: Sequence[str]) -> tuple[list[tuple[Row, str]], str]:
    """Return the rows within the range of a chart, and the names of the others."""
    losses = [loss(first_score(row.scores)) for row in rows]
    limit = _limit(losses, _bias(rows))
    named = list(zip(rows, names, strict=True))
    near = [pair for pair, loss in zip(named, losses, strict=True) if loss <= limit]
    return near, ", ".join(name for (_, name), loss in zip(named, losses, strict=True) if loss > limit)


def _bias(rows: Sequence[Row]) -> int | None:
    """Return the position of the bias baseline, None if there is none."""
    return next((number for number, row in enumerate(rows) if row.is_baseline and row.record.job.kind == "bias"), None)


def _limit(losses: Sequence[float], bias: int | None) -> float:
    """Return the end of a chart's range: beyond the bias baseline, or else beyond the median row."""
    best = min(losses)
    reach = losses[bias] - best if bias is not None else 0.0
    return best + REACH * (reach or median(losses) - best)
