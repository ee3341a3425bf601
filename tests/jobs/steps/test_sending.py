"""What a run's sending is made of, before Spark has any part in it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

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


@pytest.mark.parametrize(("first", "known"), [(None, 2), (5, 0), (20, 2)])
def test_how_many_requests_a_trial_takes_is_not_known(first: int | None, known: int) -> None:
    """Its sessions may fill no request, so that a time left by the bound would be over long before the trial."""
    prepared = cast("Prepared", SimpleNamespace(first=first))
    staged = Staged(rows_read=20, to_send=20, minimum_requests=2)
    assert Sending.of(prepared, (StagedFile("a", "send", 20),), "x1", staged).known_requests == known


@pytest.mark.parametrize(("first", "is_trial"), [(1, True), (19, True), (20, False), (10_000, False)])
def test_a_trial_with_room_for_all_is_none(first: int, *, is_trial: bool) -> None:
    """Nothing is left for another run, so nothing is stopped."""
    prepared = cast("Prepared", SimpleNamespace(first=first))
    staged = Staged(rows_read=20, to_send=20, minimum_requests=2)
    files = (StagedFile("a", "send", 15), StagedFile("b", "send", 5))
    sending = Sending.of(prepared, files, "x1", staged)
    assert (sending.is_trial, sum(file.rows for file in sending.files)) == (is_trial, min(first, 20))
