"""Choose the display of progress: the terminal if stderr is one, else lines in the log."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from jobs.progress.lines import ProgressLines
from jobs.progress.run_progress import View


def view_for(stderr: TextIO | None = None) -> View:
    """Return the view for the stream, by default this process's stderr."""
    stream = stderr or sys.stderr
    if not stream.isatty() or os.environ.get("TERM") in {None, "", "dumb", "unknown"}:
        return ProgressLines()
    from rich.console import Console  # noqa: PLC0415 - a cluster's driver, with no terminal, need not load it

    from jobs.progress.screen import ProgressScreen  # noqa: PLC0415 - as above

    return ProgressScreen(Console(file=stream))
