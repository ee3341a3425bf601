"""A run holds the lease of its folder, and of its tracking ID if it sends; a refused run holds none."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from jobs.ending.run_leases import held_leases
from jobs.errors import UsageError
from jobs.leases.lease_files import run_folder_lease, tracking_id_lease
from jobs.leases.lease_keeper import LeaseKeeper
from jobs.leases.lease_record import LeaseRecord
from jobs.leases.process_identity import this_process
from jobs.leases.run_lease import STALE_SECONDS
from jobs.runs.run_folder import RunFolder


class Time:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def held(
    output: str,
    run_id: str,
    time: Time | None = None,
    *,
    tracking_id: str = "tracker",
    plan: bool = False,
    reads_run: str | None = None,
) -> AbstractContextManager[LeaseKeeper]:
    time = time or Time()
    prepared: Any = SimpleNamespace(
        run=RunFolder(output, run_id),
        plan_only=plan,
        settings=SimpleNamespace(personalize=SimpleNamespace(tracking_id=tracking_id)),
    )
    execution = uuid4().hex
    return held_leases(prepared, execution, pytest.fail, time.clock, time.sleep, reads_run=reads_run)


def test_a_second_run_is_refused_by_name_while_the_first_lasts(output: str) -> None:
    """And holds nothing then."""
    with held(output, "one") as folder:
        with pytest.raises(UsageError, match=r"run one \(on .* is sending to the same tracking ID"):
            held(output, "two").__enter__()
        assert run_folder_lease(output, "two").read() is None
        with pytest.raises(UsageError, match=r"run one .* is working in the same run's folder"):
            held(output, "one", plan=True).__enter__()
        with held(output, "two", plan=True), held(output, "three", tracking_id="other"):
            assert folder.is_ours()
    with held(output, "two"):
        pass
    assert run_folder_lease(output, "two").read() is None
    assert tracking_id_lease(output, "tracker").read() is None


def test_a_run_is_not_replaced_while_replayed_nor_replayed_while_under_way(
    tmp_path: Path,
) -> None:
    output = str(tmp_path)
    with held(output, "replay", reads_run="first") as folder:
        with pytest.raises(UsageError, match=r"run replay .* is working in the same run's folder"):
            held(output, "first", plan=True).__enter__()
        assert folder.is_ours()
    with (
        held(output, "first", plan=True),
        pytest.raises(UsageError, match=r"run first .* is working in the same run's folder"),
    ):
        held(output, "replay", reads_run="first").__enter__()
    assert run_folder_lease(output, "first").read() is None


def test_a_holder_that_died_elsewhere_is_waited_for_once_and_not_once_for_each_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="put_events")
    dead = LeaseRecord("one", "before", "other-host", None, "2026-01-31T02:00:00+00:00", "later")
    output, time = str(tmp_path), Time()
    for place in (run_folder_lease(output, "one"), tracking_id_lease(output, "tracker")):
        place.create(dead.to_bytes())
    with held(output, "one", time):
        assert STALE_SECONDS <= time.now <= STALE_SECONDS + 1
    assert caplog.text.count("waiting up to 45 seconds for the lease of run one (on other-host, since") == 1


def test_a_holder_that_died_on_this_machine_is_not_waited_for(tmp_path: Path) -> None:
    us, time = this_process(), Time()
    if us is None:
        pytest.skip("Linux's /proc only")
    gone = replace(us, started=us.started - 1)
    dead = LeaseRecord("one", "before", "this-host", gone, "since", "later")
    tracking_id_lease(str(tmp_path), "tracker").create(dead.to_bytes())
    with held(str(tmp_path), "two", time):
        assert time.now == 0
