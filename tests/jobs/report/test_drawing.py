"""Drawing costs nothing before it is asked for, and leaves matplotlib's settings as they were."""

from __future__ import annotations

import subprocess
import sys

import matplotlib as mpl

from jobs.report.drawing import picture


def test_a_job_that_starts_imports_no_matplotlib() -> None:
    asked = "import sys, jobs.run; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False, timeout=120).returncode == 0


def test_a_picture_has_the_page_s_colours_and_no_font_of_its_own() -> None:
    before = dict(mpl.rcParams)
    drawn = picture("some", 100, lambda axes, _: axes.set_title("Title"))
    assert drawn.wide.startswith('<svg viewBox="0 0 760 100"')
    assert "var(--ink)" in drawn.wide
    assert "font-family" not in drawn.wide + drawn.narrow
    assert dict(mpl.rcParams) == before
