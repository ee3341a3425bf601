"""The security page's tables are those of the code."""

from __future__ import annotations

import json
import re

import pytest

from jobs.leases.lease_files import _FOLDER
from jobs.runs.run_folder import RunFolder
from tests.docs.blocks import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()
PERSONAL = {"stage", "rejected", "dead_letters"}


def row(place: str) -> str:
    """The row of the table of places that names `place`."""
    return next((line for line in PAGE.splitlines() if line.startswith("|") and f"`{place}`" in line), "")


@pytest.mark.parametrize("place", ["stage", "rejected", "dead_letters", "ledger"])
def test_every_place_of_a_run_is_named_with_what_is_personal_in_it(place: str) -> None:
    url = getattr(RunFolder("", "<run_id>"), place).lstrip("/")
    assert ("**yes**" in row(f"{url}/")) == (place in PERSONAL)
    assert row(f"{url}/")


def test_the_places_of_the_leases_are_named() -> None:
    assert row(f"{_FOLDER}/")


def test_the_rights_named_are_those_of_the_policy_to_copy() -> None:
    policy = json.loads((ROOT / "conf" / "emr" / "iam-job.json").read_text())
    granted = [statement["Action"] for statement in policy["Statement"]]
    flat = {action for each in granted for action in ([each] if isinstance(each, str) else each)}
    named = set(
        re.findall(r"`((?:personalize|s3):\w+)`", PAGE.split("\n## Least rights\n")[1].split("\n## ")[0])
    )
    assert named == flat
