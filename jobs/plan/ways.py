"""The two ways to load the events of a plan, put side by side in figures. Pure arithmetic.

Effect and undo: AWS developer guide, "How new data influences real-time recommendations" and "Importing bulk data".
"""

from __future__ import annotations

from dataclasses import dataclass

RUN, IMPORT = "run", "import"
_EFFECT = {
    RUN: "has effect at once where recipe and item allow, else at the next training",
    IMPORT: "has effect at the next training",
}
_UNDO = {
    RUN: "nothing takes it back",
    IMPORT: "the next full import replaces it",
}


@dataclass(frozen=True, slots=True)
class Files:
    """The files that an import would write: rows and bytes of CSV, and the events that bulk data can't hold."""

    rows: int
    bytes: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Way:
    """A way: how many events it takes and leaves out, in how many seconds, requests and bytes.

    `seconds` is None if it is not documented.
    """

    name: str
    events: int
    left_out: int
    seconds: float | None
    requests: int
    bytes: int

    @property
    def effect(self) -> str:
        """Return when it shows in recommendations."""
        return _EFFECT[self.name]

    @property
    def undo(self) -> str:
        """Return how it can be undone."""
        return _UNDO[self.name]


def ways(events: int, seconds: float, requests: int, sent_bytes: int, files: Files) -> tuple[Way, Way]:
    """Compare sending and importing the same events."""
    return (
        Way(RUN, events, 0, seconds, requests, sent_bytes),
        Way(IMPORT, files.rows, files.left_out, None, 0, files.bytes),
    )
