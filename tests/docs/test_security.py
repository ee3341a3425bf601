"""The security page's tables are those of the code."""

from __future__ import annotations

import json
import re

import pytest

from core.contested_file import CONTROL_FOLDER
from delivery.receipts.ledger import whole_ledger
from jobs.leases.lease_files import _FOLDER
from jobs.runs.run_folder import RunFolder
from tests.docs.blocks import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()


def row(folder: str) -> str:
    """The row of the table of folders that names this one."""
    return next((line for line in PAGE.splitlines() if line.startswith("|") and f"`{folder}`" in line), "")


@pytest.mark.parametrize("folder", ["stage", "rejected", "dead_letters"])
def test_every_folder_of_a_run_is_named_as_personal(folder: str) -> None:
    url = getattr(RunFolder("", "<run_id>"), folder).lstrip("/")
    assert "**yes**" in row(f"{url}/")


@pytest.mark.parametrize("folder", [whole_ledger("").url.lstrip("/"), _FOLDER, CONTROL_FOLDER])
def test_every_folder_of_all_runs_is_named_as_not_personal(folder: str) -> None:
    assert row(f"{folder}/")
    assert "**yes**" not in row(f"{folder}/")


def test_the_rights_named_are_those_of_the_policy_to_copy() -> None:
    policy = json.loads((ROOT / "conf" / "emr" / "iam-job.json").read_text())
    granted = [statement["Action"] for statement in policy["Statement"]]
    flat = {action for each in granted for action in ([each] if isinstance(each, str) else each)}
    named = set(
        re.findall(r"`((?:personalize|s3):\w+)`", PAGE.split("\n## Least rights\n")[1].split("\n## ")[0])
    )
    assert named == flat
