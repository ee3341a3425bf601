"""`make docs` builds the site, and fails where a link leads nowhere or a page is left out of the navigation."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.blocks import ROOT


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run what the Makefile runs, in a copy of the project's documentation."""
    options = re.findall(r"mkdocs (build.*)", (ROOT / "Makefile").read_text())
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", *options[0].split()],
        cwd=folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    return tmp_path


def test_the_documentation_builds_with_every_page_in_its_place(project: Path) -> None:
    built = build(project)
    assert built.returncode == 0, built.stderr
    assert (project / "site" / "runbook" / "index.html").is_file()


@pytest.mark.parametrize(
    ("page", "text"),
    [("index.md", "[a](nowhere.md)"), ("index.md", "[a](runbook.md#nowhere)"), ("left-out.md", "# Left out")],
)
def test_a_link_that_leads_nowhere_and_a_page_left_out_fail_the_build(
    project: Path, page: str, text: str
) -> None:
    with (project / "docs" / page).open("a") as file:
        file.write(f"\n{text}\n")
    assert build(project).returncode != 0


def test_the_overview_links_every_other_page_of_the_navigation() -> None:
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (ROOT / "docs" / "index.md").read_text()))
    assert set(pages_of(navigation)) - linked == {"index.md"}


def pages_of(entry: str | list[Any] | dict[str, Any]) -> list[str]:
    """The pages of an entry of the navigation: a page, a list of entries or titles with their entries."""
    if isinstance(entry, str):
        return [entry]
    inner = entry.values() if isinstance(entry, dict) else entry
    return [page for each in inner for page in pages_of(each)]
