"""The page on summary.json names every key that a summary has, and no other."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from jobs.account.closed_account import Account, Sent, Staged
from jobs.account.exit_status import Status
from jobs.account.summary import Ending, summary_of
from tests.docs.blocks import ROOT

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_page_names_every_key_of_a_summary_and_no_other() -> None:
    rows = re.findall(r"^\| (`.*?`) \|", (ROOT / "docs" / "summary.md").read_text(), flags=re.MULTILINE)
    named = [key for row in rows for key in re.findall(r"`(\w+)`", row)]
    account = Account(Staged(), Sent())
    ending = Ending("run", "tracker", Status.DELIVERED, None, account, 10.0, NOW, NOW, None, {})
    assert sorted(named) == sorted(summary_of(ending))


def test_the_page_names_every_status_with_its_exit_code() -> None:
    page = (ROOT / "docs" / "summary.md").read_text()
    assert [
        f"`{status}` {status.exit_code}" for status in Status if f"`{status}` {status.exit_code}" not in page
    ] == []
