"""Drawing costs nothing before it is asked for, and leaves matplotlib's settings as they were."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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


REMARKS = """
import logging, sys
logging.basicConfig(level=logging.INFO)
sys.modules["mpl_toolkits.mplot3d"] = None  # as where a second matplotlib is in the way of the first one's toolkits
from jobs.report.drawing import picture
picture("some", 100, lambda axes, _: axes.set_title("\\u65e5\\u672c"))
"""


def test_what_matplotlib_remarks_is_not_in_the_log(tmp_path: Path) -> None:
    """In a home that can't be written, without a list of fonts, with characters that its font lacks."""
    environ = {key: value for key, value in os.environ.items() if key != "MPLCONFIGDIR"}
    environ |= {"HOME": "/proc/none", "TMPDIR": str(tmp_path), "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": ""}
    ended = subprocess.run(
        [sys.executable, "-c", REMARKS], env=environ, capture_output=True, text=True, check=True, timeout=300
    )
    assert (ended.stdout, ended.stderr) == ("", "")
