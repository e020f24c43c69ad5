"""SVG: one chart -> SVG embedded in the page, with the page's colors and font."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recbench.usage import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 4.3  # inches: about the width of a phone, so that letters are legible there
# these become CSS variables of the page, which has a light and a dark theme
INK, MUTED, RULE, PAGE = "#101010", "#707070", "#d0d0d0", "#fefefe"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#aa5599")
COLORS = {INK: "ink", MUTED: "muted", RULE: "rule", PAGE: "page"} | {
    color: f"series-{number}" for number, color in enumerate(SERIES)
}
LINE = 11  # points between two names
RAISED = 6  # points by which a name is above its point, because the front continues at the point's height
MARKERS = ("o", "s", "^", "D")
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "recbench",  # the same chart is the same file
    "text.parse_math": False,  # a name may have dollar signs
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": RULE,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.5,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.4,
}


@dataclass(frozen=True)
class Chart:
    """A figure of the report."""

    title: str
    svg: str
    note: str = ""


@dataclass
class Pen:
    """Draws the charts of one page, each with its own prefix for the ids in its SVG."""

    n_drawn: int = 0

    def draw(self, title: str, paint: Callable[[Axes], None], *, height: float = 2.9, note: str = "") -> Chart:
        """Return the chart that `paint` draws on empty axes."""
        matplotlib = _matplotlib()
        from matplotlib.figure import Figure

        self.n_drawn += 1
        text = io.StringIO()
        with matplotlib.rc_context(STYLE), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # the browser renders the text with its own fonts
            figure = Figure(figsize=(WIDTH, height), layout="constrained")
            paint(figure.add_subplot())
            nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
            figure.savefig(text, format="svg", transparent=True, metadata=nothing)
        return Chart(title, _inline(text.getvalue(), f"chart-{self.n_drawn}-"), note)


def log_scale(axes: Axes, values: Sequence[float]) -> None:
    """Make the x axis logarithmic, labeled with plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    short = max(values) < 100 * min(values)
    axes.set_xscale("log")
    if max(values) == min(values):
        axes.set_xlim(values[0] / 3, values[0] * 3)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if short else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def label_points(axes: Axes, points: Sequence[tuple[float, float, str]]) -> None:
    """Write a name beside each point, moved down where two would overlap."""
    left, right = axes.transAxes.transform([(0, 0), (1, 0)])[:, 0]
    placed: list[tuple[float, float, float]] = []  # start, end and height of each name, in pixels
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
    scale = axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr]
    for x, y, name in sorted(points, key=lambda point: -point[1]):
        across, up = axes.transData.transform((x, y))
        width = 6 * scale * len(name)
        on_left = across + width > right and across - width > left
        start = across - width - 6 if on_left else across + 6
        height = up + RAISED * scale
        while any(
            start < end and begin < start + width and abs(height - at) < LINE * scale for begin, end, at in placed
        ):
            height -= 1
        placed.append((start, start + width, height))
        offset = (-6 if on_left else 6, (height - up) / scale)
        axes.annotate(name, (x, y), offset, textcoords="offset points", ha="right" if on_left else "left", va="center")


def shortened(name: str, length: int = 26) -> str:
    """Return the name, cut at `length` characters."""
    return name if len(name) <= length else name[: length - 1] + "…"


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise UsageError(
            "a report needs matplotlib, which is not installed; install it: pip install 'recbench[report]'"
        ) from error
    return matplotlib


def _inline(svg: str, prefix: str) -> str:
    """Return the SVG for use inside HTML: without prologue and style sheet, ids with the prefix."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r"<svg [^>]*?(viewBox=\"[^\"]*\")[^>]*>", r"<svg \1>", svg, count=1)
    # text has no bare < or >, so this changes only tags
    return re.sub(r"<[^<>]+>", lambda tag: _in_page(tag[0], prefix), svg)


def _in_page(tag: str, prefix: str) -> str:
    tag = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}", tag.replace("xlink:href", "href"))
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
    return re.sub(r"#[0-9a-f]{6}\b", lambda color: _variable(color[0]), tag)


def _variable(color: str) -> str:
    return f"var(--{COLORS[color]})" if color in COLORS else color
