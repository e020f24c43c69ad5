"""Charts of a search: its history, the effect of each option, and the importance of the options."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from statistics import median
from typing import TYPE_CHECKING, Any

from recbench.report.collect import Search
from recbench.report.svg import INK, MARKERS, MUTED, PAGE, SERIES, Chart, Pen, log_scale, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from optuna.distributions import BaseDistribution

MAX_SLICES = 12
MAX_LINE = 10  # values of an option that are connected by a line
MIN_CANDIDATES = 8  # with fewer, importances are guesses
DECADE = 8.0  # largest over smallest value from which the scale is logarithmic
REACH = 4.0  # the range of a chart, in distances between the best and the median candidate


def search_charts(pen: Pen, search: Search) -> list[Chart]:
    """Draw the optimization history, the importances, and a slice per option that varied."""
    better = "higher" if search.greater_is_better else "lower"
    note = f"{search.metric.upper()} on the validation set, {better} is better; filled: the winner."
    charts = [pen.draw(f"{search.model}: score by candidate", partial(_paint_history, search), note=note)]
    names = search.varied[:MAX_SLICES]
    if len(names) > 1 and len(search.candidates) >= MIN_CANDIDATES:
        weights = importances(search)
        paint = partial(_paint_importances, weights)
        height = max(1.8, 0.75 + 0.28 * len(weights))
        note = "Share of the variance between candidates, by Optuna's functional ANOVA; not a significance test."
        charts.append(pen.draw(f"{search.model}: importance of the options", paint, height=height, note=note))
    slices = [pen.draw(f"{search.model}: {name}", partial(_paint_slice, search, name)) for name in names]
    return charts + slices


def importances(search: Search) -> dict[str, float]:
    """Return the share of the variance that each varied option explains, the largest first.

    Source: Hutter, Hoos & Leyton-Brown (2014), "An efficient approach for assessing hyperparameter importance", ICML.
    """
    import optuna

    optuna.logging.disable_default_handler()
    spaces = {name: _distribution(search, name) for name in search.varied}
    study = optuna.create_study(direction="maximize" if search.greater_is_better else "minimize")
    for each in search.candidates:
        params = {name: _plain(each.options.get(name)) for name in spaces}
        study.add_trial(optuna.create_trial(params=params, distributions=spaces, value=each.score))
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    return optuna.importance.get_param_importances(study, evaluator=evaluator)


def _distribution(search: Search, name: str) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    numbers = _numbers(search, name)
    if numbers is None:
        return CategoricalDistribution(
            list(dict.fromkeys(_plain(each.options.get(name)) for each in search.candidates))
        )
    return FloatDistribution(min(numbers), max(numbers), log=_is_log(search, name, numbers))


def _paint_history(search: Search, axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    scores = _heights(search)
    numbers = range(1, len(scores) + 1)
    axes.step(
        numbers,
        list(accumulate(scores, max if search.greater_is_better else min)),
        where="post",
        color=SERIES[0],
        label="best so far",
    )
    _scatter(search, axes, list(numbers))
    axes.set_xlabel("candidate")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.figure.legend(loc="outside upper left", labelcolor=INK)


def _paint_slice(search: Search, name: str, axes: Axes) -> None:
    numbers = _numbers(search, name)
    axes.set_xlabel(name)
    if numbers is None:
        texts = [shortened(str(each.options.get(name)), 14) for each in search.candidates]
        labels = list(dict.fromkeys(texts))
        axes.set_xticks(range(len(labels)), labels)
        axes.margins(x=0.2)
        _scatter(search, axes, [labels.index(text) for text in texts])
        return
    if _is_log(search, name, numbers):
        log_scale(axes, numbers)
    reached = _best_by_value(search, numbers)
    if name not in search.ranges and len(reached) <= MAX_LINE:
        axes.set_xticks(list(reached), [f"{value:g}" for value in reached])
        axes.plot(list(reached), list(reached.values()), color=SERIES[0])
    _scatter(search, axes, numbers)


def _best_by_value(search: Search, values: Sequence[float]) -> dict[float, float]:
    """Return the best score of each value, over all values of the other options."""
    pick = max if search.greater_is_better else min
    scores: dict[float, list[float]] = {value: [] for value in sorted(set(values))}
    for value, height in zip(values, _heights(search), strict=True):
        scores[value].append(height)
    return {value: pick(each) for value, each in scores.items()}


def _scatter(search: Search, axes: Axes, places: Sequence[float]) -> None:
    """Draw the candidates, hollow except for the winner."""
    heights = _heights(search)
    axes.plot(places, heights, MARKERS[0], color=MUTED, markerfacecolor=PAGE, markersize=4.5)
    axes.plot(places[search.best], heights[search.best], MARKERS[0], color=SERIES[1], markersize=7)
    axes.set_ylabel(f"validation {search.metric.upper()}")


def _heights(search: Search) -> list[float]:
    """Return the scores, those out of range moved to the edge of the chart."""
    scores = [each.score for each in search.candidates]
    best = scores[search.best]
    edge = best + REACH * (median(scores) - best)
    pull = max if search.greater_is_better else min
    return [pull(score, edge) for score in scores] if edge != best else scores


def _paint_importances(weights: dict[str, float], axes: Axes) -> None:
    axes.barh([shortened(name) for name in weights], list(weights.values()), color=SERIES[0], height=0.6)
    for line, weight in enumerate(weights.values()):
        axes.annotate(f"{weight:.0%}", (weight, line), (4, 0), textcoords="offset points", va="center", color=INK)
    axes.set_xlim(0, 1.12 * max(weights.values()))
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.grid(visible=False)


def _is_log(search: Search, name: str, values: Sequence[float]) -> bool:
    low, high = min(values), max(values)
    return low > 0 and (search.ranges[name][2] if name in search.ranges else high / low >= DECADE)


def _numbers(search: Search, name: str) -> list[float] | None:
    """Return the option's values; None if one of them is not a number."""
    values = [each.options.get(name) for each in search.candidates]
    numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return numbers if len(numbers) == len(values) else None


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
