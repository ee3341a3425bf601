"""Write a verdict into a local folder: `validation.json` and Data Docs.

Data Docs are Great Expectations' own page, made self-contained: the original loads scripts, styles and
pictures from a dozen hosts, which would see who opens which run, and fails without Internet access. They
are removed, a small style sheet replaces them, and a Content-Security-Policy keeps the browser from loading
anything.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from expectations.verdict import Verdict

_POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)

_STYLE = """<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
th, td { border: 1px solid #dee2e6; padding: .4rem .6rem; text-align: left; vertical-align: top; }
.badge { background: #e9ecef; border-radius: .25rem; padding: .1rem .3rem; font-family: monospace; }
.text-success { color: #1e7e34; } .text-danger { color: #bd2130; } .text-warning { color: #b8860b; }
.fa-check-circle::before { content: "\\2714"; } .fa-times::before { content: "\\2718"; }
.fa-exclamation-triangle::before { content: "\\26A0"; }
.modal, .navbar, nav, footer, .cta-footer, button { display: none; }
</style>"""

_LOADS_FROM_ELSEWHERE = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<img\b[^>]*>|<footer\b.*?</footer>|url\('https?:[^)]*\)",
    re.IGNORECASE | re.DOTALL,
)


def write_validation(verdict: Verdict, folder: Path) -> None:
    """Write `validation.json` and `data_docs/index.html` below `folder`, which is created if it does not exist.

    `validation.json` is Great Expectations' validation result as `to_json_dict` gives it.
    """
    docs = folder / "data_docs"
    docs.mkdir(parents=True, exist_ok=True)
    document = verdict.document.to_json_dict()
    (folder / "validation.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    (docs / "index.html").write_text(self_contained(_page(verdict)), encoding="utf-8")


def self_contained(page: str) -> str:
    """Return the page without anything that a browser would fetch, with its own styles."""
    bare = _LOADS_FROM_ELSEWHERE.sub("", page)
    return bare.replace("<head>", f"<head>{_POLICY}", 1).replace("</head>", f"{_STYLE}</head>", 1)


def _page(verdict: Verdict) -> str:
    from great_expectations.render.renderer import ValidationResultsPageRenderer  # noqa: PLC0415 - see library
    from great_expectations.render.view import DefaultJinjaPageView  # noqa: PLC0415 - see library

    page: str = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(verdict.document))
    return page
