"""People at a terminal get a picture, everyone else lines."""

from __future__ import annotations

import io

import pytest

from jobs.progress.lines import ProgressLines
from jobs.progress.screen import ProgressScreen
from jobs.progress.view import view_for


class Stream(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("terminal", "kind", "view"),
    [(True, "xterm", ProgressScreen), (True, "dumb", ProgressLines), (False, "xterm", ProgressLines)],
)
def test_only_a_terminal_that_can_be_drawn_on_gets_a_picture(
    terminal: bool,  # noqa: FBT001
    kind: str,
    view: type,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", kind)
    assert isinstance(view_for(Stream(terminal=terminal)), view)
