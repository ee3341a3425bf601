"""The account drawn as a flow: one band from the rows read to each end that is not empty, as thick as it has rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.plurals import counted
from jobs.report.drawing import BAD, BAR, INK, SOFT, WARN, WIDTHS, Picture, picture, ribbon
from jobs.report.flow import FlowPart
from jobs.report.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {
    "rows_rejected": BAD,
    "duplicates_dropped": SOFT,
    "already_delivered": BAR,
    "events_delivered": BAR,
    "events_dead_lettered": WARN,
    "events_not_attempted": WARN,
    "rows_written": BAR,
    "rows_not_importable": WARN,
}
# In CSS pixels: the thickness of all rows together and of the thinnest band, a line of text, the title, a node's width.
_THICKNESS, _THINNEST, _LINE, _TOP, _NODE = 120.0, 2.0, 24.0, 26.0, 10.0


def draw_account(parts: list[FlowPart]) -> Picture:
    """Draw the flow of `parts`, at least one of which is not empty."""
    full = [part for part in parts if part.rows]
    thick = [max(_THINNEST, part.share * _THICKNESS) for part in full]
    slots = [max(_LINE, each) + _LINE / 4 for each in thick]
    height = _TOP + sum(slots)
    return picture("account", height, lambda axes, width: _draw(axes, width, full, thick, slots))


def _draw(axes: Axes, width: int, full: list[FlowPart], thick: list[float], slots: list[float]) -> None:
    total = _TOP + sum(slots)
    axes.set_position((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(total, 0))
    on_a_phone = width == min(WIDTHS)
    near, far = _NODE, width * (0.25 if on_a_phone else 0.6)
    read = sum(part.rows for part in full)
    axes.text(0, _TOP / 2, f"{counted(read, 'row')} read", va="center", weight="bold", color=INK)
    left = _TOP + (sum(slots) - sum(thick)) / 2
    axes.fill_between([0, near], left, left + sum(thick), color=INK, linewidth=0)
    top = _TOP
    for part, size, slot in zip(full, thick, slots, strict=True):
        right, colour = top + (slot - size) / 2, _COLOURS[part.key]
        band = ribbon(axes, (left, left + size), (right, right + size), (near, far))
        band.set(facecolor=colour, alpha=0.35)
        axes.fill_between([far, far + _NODE], right, right + size, color=colour, linewidth=0)
        says = f"{part.rows:,} {part.name}" + ("" if on_a_phone else f" · {percent(part.share)}")
        axes.text(far + 1.8 * _NODE, top + slot / 2, says, va="center", color=INK)
        left, top = left + size, top + slot
