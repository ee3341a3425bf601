"""Code and documentation are written in plain, current English."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT

FOLDERS = (
    "jobs",
    "sources",
    "core",
    "transforms",
    "expectations",
    "delivery",
    "bulk",
    "standin",
    "demo",
    "bundle",
    "dags",
    "conf",
    "docs",
    "benchmarks",
    "tests",
)
ENDINGS = {".py", ".md", ".html", ".yaml", ".json"}
DATED = re.compile(
    r"(?<![a-z])"
    r"(stands|lies|whatever|whoever|nobody|anew|meanwhile|mend|mended|mends|told|untold|beside|a person)"
    r"(?![a-z])",
    re.IGNORECASE,
)
"""In names, too, where an underscore ends a word."""

OURSELVES = Path(__file__)


def files(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*"))
    return [path for path in found if path.suffix in ENDINGS and path != OURSELVES]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_dated_word_is_in_a_folder(folder: str) -> None:
    found = {str(path.relative_to(ROOT)): DATED.findall(path.read_text()) for path in files(folder)}
    assert {path: words for path, words in found.items() if words} == {}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "Makefile"])
def test_no_dated_word_is_on_a_page(page: str) -> None:
    assert DATED.findall((ROOT / page).read_text()) == []
