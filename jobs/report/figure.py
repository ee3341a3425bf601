"""A figure of the report: a picture, the sentence that says the same, and the table of its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.report.drawing import Picture


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure. `sentence` is the text for a screen reader in place of the picture.

    `columns`: the table's headings, the first of text, the others of numbers; `rows`: its rows, as shown.
    """

    name: str
    picture: Picture
    sentence: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
