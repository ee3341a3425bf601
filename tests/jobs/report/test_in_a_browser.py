"""The page in a real browser: it shows something in light and dark, and fits a phone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from jobs.account.summary import Summary
from jobs.report.page import render_report
from tests.jobs.report.examples import RULES
from tests.jobs.report.test_page import RUNS

_CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium on this machine"),
]

PHONE = 360
# The page itself allows no script: it is measured from around it.
FRAME = """<!doctype html><body style="margin:0"><iframe id="page" width="{width}" height="4000"
style="border:0" srcdoc="{page}"></iframe><pre id="found"></pre><script>
const frame = document.getElementById("page");
frame.addEventListener("load", () => {{
  const inner = frame.contentDocument;
  const right = [...inner.querySelectorAll("svg text, h1, td, th, dd, code")]
    .filter(each => !each.closest("details") && each.getClientRects().length)
    .map(each => each.getBoundingClientRect().right);
  document.getElementById("found").textContent = JSON.stringify(
    {{scroll: inner.documentElement.scrollWidth, right: Math.max(...right), texts: right.length,
      heading: inner.querySelector("h1").innerText}});
}});
</script>"""


def chromium(profile: Path, *options: str) -> str:
    """Start it without a window or anything that looks for a network; its output."""
    assert _CHROMIUM is not None
    command = [
        _CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
        f"--user-data-dir={profile}", *options,
    ]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def measured(tmp_path: Path, run: Summary, width: int) -> dict[str, Any]:
    """What the browser makes of the page at `width` CSS pixels."""
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(width=width, page=escape(render_report(run, RULES))), encoding="utf-8")
    dom = chromium(tmp_path / "profile", "--virtual-time-budget=10000", "--dump-dom", frame.as_uri())
    found = re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)
    assert found is not None
    measures: dict[str, Any] = json.loads(unescape(found[1]))
    return measures


@pytest.mark.parametrize("name", ["delivered", "ten million", "all rejected", "planned"])
def test_nothing_hangs_over_the_edge_of_a_phone(tmp_path: Path, name: str) -> None:
    found = measured(tmp_path, RUNS[name], PHONE)
    assert found["texts"] > 0
    assert found["scroll"] <= PHONE
    assert found["right"] <= PHONE


@pytest.mark.parametrize(
    ("scheme", "paper"), [(1, (255, 255, 255)), (0, (15, 20, 26))], ids=["light", "dark"]
)
def test_the_page_is_drawn_on_the_scheme_s_paper(
    tmp_path: Path, scheme: int, paper: tuple[int, int, int]
) -> None:
    page, picture = tmp_path / "report.html", tmp_path / "report.png"
    page.write_text(render_report(RUNS["delivered"], RULES), encoding="utf-8")
    chromium(
        tmp_path / "profile",
        f"--blink-settings=preferredColorScheme={scheme}",
        "--window-size=900,3000",
        f"--screenshot={picture}",
        page.as_uri(),
    )
    shown = Image.open(picture).convert("RGB")
    assert shown.getpixel((3, 3)) == paper
    # Not blank: text and pictures leave far more colours than paper and ink.
    assert len(shown.getcolors(maxcolors=1 << 24) or []) > 100
    bands = [shown.crop((0, top, 900, top + 500)) for top in range(0, 2000, 500)]
    assert all(len(band.getcolors(maxcolors=1 << 24) or []) > 10 for band in bands)
