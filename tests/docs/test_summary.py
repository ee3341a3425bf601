"""The page on summary.json names every key that a summary has, and no other."""

from __future__ import annotations

import re

from jobs.account.exit_status import Status
from jobs.account.summary import Summary
from tests.docs.blocks import ROOT


def test_the_page_names_every_key_of_a_summary_and_no_other() -> None:
    rows = re.findall(r"^\| (`.*?`) \|", (ROOT / "docs" / "summary.md").read_text(), flags=re.MULTILINE)
    named = [key for row in rows for key in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(field.alias or name for name, field in Summary.model_fields.items())


def test_the_page_names_every_status_with_its_exit_code() -> None:
    page = (ROOT / "docs" / "summary.md").read_text()
    assert [
        f"`{status}` {status.exit_code}" for status in Status if f"`{status}` {status.exit_code}" not in page
    ] == []
