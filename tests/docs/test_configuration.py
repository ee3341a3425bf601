"""What the page on the configuration says in numbers is what the code does."""

from __future__ import annotations

from jobs.prepare.control_plane import SECONDS_BETWEEN_CALLS
from jobs.prepare.new_plane import CAN_GO_ON, MUST_KNOW
from tests.docs.blocks import ROOT

PAGE = " ".join((ROOT / "docs" / "configuration.md").read_text().split())


def test_the_waiting_of_the_preflight_is_the_jobs_own() -> None:
    assert f"{MUST_KNOW.faults:.0f} seconds in all for `required` and `schema: personalize`" in PAGE
    assert f"{CAN_GO_ON.faults:.0f} for `auto`" in PAGE
    assert {30: "network and half a minute allow"}[CAN_GO_ON.total] in PAGE
    assert {1: "one request a second of each kind"}[SECONDS_BETWEEN_CALLS] in PAGE
