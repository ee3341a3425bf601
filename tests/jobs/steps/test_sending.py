"""What a run's sending is made of, before Spark has any part in it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from delivery.pacing.driver.progress import Progress
from jobs.account.closed_account import Staged
from jobs.prepare.preparation import Prepared
from jobs.steps.sending import Sending
from jobs.steps.staged_files import StagedFile


@pytest.mark.parametrize("first", [None, 5])
@pytest.mark.parametrize(("before", "accepts"), [(0, False), (3, True)])
def test_it_knows_whether_earlier_runs_delivered(first: int | None, before: int, *, accepts: bool) -> None:
    """Where they did, bad events that are left do not pass for a service that refuses everything."""
    prepared = cast("Prepared", SimpleNamespace(first=first))
    staged = Staged(rows_read=20 + before, already_delivered=before, to_send=20, minimum_requests=2)
    sending = Sending.of(prepared, (StagedFile("a", "send", 20),), "x1", staged)
    assert (sending.accepts, sending.is_trial) == (accepts, first is not None)
    assert sending.minimum_requests == (2 if first is None else 1)


@pytest.mark.parametrize(("first", "seconds_left"), [(None, 10.0), (10, 40.0), (20, 10.0)])
def test_the_time_left_is_that_of_the_requests_and_of_a_trial_that_of_the_events(
    first: int | None, seconds_left: float
) -> None:
    """How many requests a trial takes is not known: its sessions may fill none, and the bound would be met too soon."""
    prepared = cast("Prepared", SimpleNamespace(first=first))
    staged = Staged(rows_read=20, to_send=20, minimum_requests=4)
    sending = Sending.of(prepared, (StagedFile("a", "send", 20),), "x1", staged)
    figures = sending.meter(lambda: Progress(2, requests_delivered=2, events_delivered=2, rate=2), 2)(10)
    assert (figures.seconds_left, figures.events_to_send) == (seconds_left, first or 20)


@pytest.mark.parametrize(("first", "is_trial"), [(1, True), (19, True), (20, False), (10_000, False)])
def test_a_trial_with_room_for_all_is_none(first: int, *, is_trial: bool) -> None:
    """Nothing is left for another run, so nothing is stopped."""
    prepared = cast("Prepared", SimpleNamespace(first=first))
    staged = Staged(rows_read=20, to_send=20, minimum_requests=2)
    files = (StagedFile("a", "send", 15), StagedFile("b", "send", 5))
    sending = Sending.of(prepared, files, "x1", staged)
    assert (sending.is_trial, sum(file.rows for file in sending.files)) == (is_trial, min(first, 20))
