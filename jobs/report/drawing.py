"""The report's pictures: numbers in, inline SVG out, its text as text and its colours the page's own.

The only module that uses matplotlib, which is imported when something is drawn: not before a run has ended.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobs.report.wording import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTHS = (760, 340)
"""The widths in CSS pixels that each picture is drawn in: for a screen or paper, and for a phone."""

# Placeholders for the page's CSS variables, so that one picture fits light, dark and paper.
INK, SOFT, LINE, BAR, BAD, WARN, PALE = (f"#00000{digit}" for digit in "1234567")
_VARIABLES = {INK: "ink", SOFT: "soft", LINE: "line", BAR: "bar", BAD: "bad", WARN: "warn", PALE: "pale"}

_POINTS_PER_INCH = 72
_STYLE = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 13,
    "hatch.linewidth": 1.0,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "grid.color": LINE,
    "legend.frameon": False,
}
_CHARACTER = 9
"""The maximum width of a label's character, in CSS pixels."""
_DATE = 90
"""The same for a date, with the space next to it."""
_COLUMNS = 8
"""Fewer columns than these leave space at the sides, or a single column would fill the width."""
_HEADROOM = 1.08
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in the two `WIDTHS`, each an `<svg>` element."""

    wide: str
    narrow: str


def picture(name: str, height: float, draw: Callable[[Axes, int], None]) -> Picture:
    """Have `draw(axes, width)` fill both widths; `name` makes the elements' ids differ from other pictures'."""
    wide, narrow = (_svg(f"{name}-{width}", width, height, draw) for width in WIDTHS)
    return Picture(wide, narrow)


def _svg(name: str, width: int, height: float, draw: Callable[[Axes, int], None]) -> str:
    with _unheard(), _canvas(name, width, height) as figure:
        axes = figure.add_subplot()
        draw(axes, width)
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata=_NO_METADATA, transparent=True)
    return _inline(written.getvalue(), width, height)


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep matplotlib's messages, from its import on, out of a run's log: none of them changes the report.

    They are about a home that can't be written, the list of fonts that it makes, a second matplotlib in the
    way ("Unable to import Axes3D"), and characters of the data that its font lacks.
    """
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@contextmanager
def _canvas(name: str, width: int, height: float) -> Iterator[Figure]:
    """Yield a new figure, without matplotlib's global state, under our style alone."""
    import matplotlib as mpl  # noqa: PLC0415 - see the module's docstring
    from matplotlib.figure import Figure  # noqa: PLC0415

    # Ignore any matplotlibrc; a figure without a window needs no backend.
    style: dict[Any, Any] = {key: value for key, value in mpl.rcParamsDefault.items() if key != "backend"}
    style.update(_STYLE)
    with mpl.rc_context({**style, "svg.hashsalt": name}):
        size = (width / _POINTS_PER_INCH, height / _POINTS_PER_INCH)
        yield Figure(figsize=size, dpi=_POINTS_PER_INCH, layout="constrained")


def _inline(document: str, width: int, height: float) -> str:
    """Return the `<svg>` of a document as a part of a page: no namespaces, no unused ids, no fonts."""
    body = document[document.index("<svg") :].split(">", 1)[1]
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r'<(g|text) id="[^"]*"', r"<\1", body)
    body = re.sub(r" font-family: [^;]*;", "", body)
    body = re.sub(r' transform="rotate\(-0 [^"]*"', "", body)
    body = re.sub(r"\n\s*", " ", body)
    for colour, variable in _VARIABLES.items():
        body = body.replace(f": {colour}", f": var(--{variable})")
    return f'<svg viewBox="0 0 {width} {height:g}" aria-hidden="true" focusable="false">{body.strip()}'


def number_axis(axes: Axes, name: str, top: float) -> None:
    """Draw a vertical axis from 0 to `top` with light lines, and its name above it, horizontal."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415 - see the module's docstring

    axes.set_ylim(0, top or 1)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value, top)))
    axes.grid(axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.set_title(name, loc="left", fontsize=13, color=SOFT)


def columns(
    axes: Axes, width: int, labels: Sequence[str], counts: Sequence[float], names: tuple[str, str]
) -> None:
    """Draw a column for each label; if the labels would touch, only every second, third, … is shown.

    `names`: of the labels and of the counts.
    """
    axes.bar(range(len(labels)), counts, color=BAR, width=0.8)
    margin = max(0, _COLUMNS - len(labels)) / 2
    axes.set_xlim(-0.6 - margin, len(labels) - 0.4 + margin)
    characters = sum(len(label) + 2 for label in labels)
    every = max(1, -(-characters * _CHARACTER // width))
    shown = range(0, len(labels), every)
    axes.set_xticks(shown, [labels[index] for index in shown])
    axes.tick_params(axis="x", length=0)
    axes.set_xlabel(names[0])
    number_axis(axes, names[1], max(counts) * _HEADROOM)


def calendar(
    axes: Axes, width: int, spans: Sequence[tuple[float, float]], counts: Sequence[float], name: str
) -> None:
    """Draw a step over time for each of `spans` (from and to, in days since 1970), at nothing between them."""
    from matplotlib import dates  # noqa: PLC0415 - see the module's docstring

    edges, heights = [spans[0][0]], list[float]()
    for (start, end), count in zip(spans, counts, strict=True):
        if start > edges[-1]:
            edges, heights = [*edges, start], [*heights, 0.0]
        edges, heights = [*edges, end], [*heights, count]
    # The line keeps a day visible that is narrower than a pixel.
    axes.stairs(heights, edges, fill=True, color=BAR, linewidth=0.8)
    locator: Any = dates.AutoDateLocator(minticks=2, maxticks=width // _DATE)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_xlim(edges[0], edges[-1])
    number_axis(axes, name, max(heights) * _HEADROOM)


def ribbon(axes: Axes, left: tuple[float, float], right: tuple[float, float], x: tuple[float, float]) -> Any:  # noqa: ANN401 - matplotlib's PathPatch, whose type is not at hand before it is imported
    """Draw a band from `left` (its top and bottom at `x[0]`) to `right` (the same at `x[1]`)."""
    from matplotlib.patches import PathPatch  # noqa: PLC0415 - see the module's docstring
    from matplotlib.path import Path  # noqa: PLC0415

    middle, (near, far) = sum(x) / 2, x
    points = [(near, left[0]), (middle, left[0]), (middle, right[0]), (far, right[0])]
    points += [(far, right[1]), (middle, right[1]), (middle, left[1]), (near, left[1]), (near, left[0])]
    curve = [Path.CURVE4] * 3
    codes = [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY]
    return axes.add_patch(PathPatch(Path(points, codes), linewidth=0))
