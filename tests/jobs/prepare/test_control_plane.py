"""The control plane is asked at its own pace, and a fault that may pass is waited out within bounds."""

from __future__ import annotations

import logging
from collections import Counter
from itertools import pairwise

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    SSLError,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import is_passing
from jobs.prepare.control_plane import CallPacer, ControlPlane, ControlPlaneError, Patience
from jobs.prepare.event_tracker import interactions_schema_of
from tests.jobs.personalize_account import THROTTLED, Account, Refusal, Tracker

URL = "https://personalize.eu-west-1.amazonaws.com"
PATIENT = Patience(faults=60.0)


def ask(account: Account, patience: Patience = PATIENT, random: float = 1.0) -> str:
    plane = ControlPlane(account.client(), patience, account.clock.timing(lambda: random))
    return interactions_schema_of(plane, "mine", "eu-west-1")


def failing(fault: Refusal | Exception, *, times: int) -> Account:
    return Account([Tracker("one", "mine")], faults=lambda _, before: fault if before < times else None)


CUT_OFF = SSLError(endpoint_url=URL, error="[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation")
PASSING = [
    THROTTLED,
    Refusal("TooManyRequestsException", 429),
    Refusal("LimitExceededException"),
    Refusal("Busy", 429),
    Refusal("InternalServerError", 500),
    Refusal("ServiceUnavailableException", 503),
    Refusal("Unnamed", 502),
    ConnectTimeoutError(endpoint_url=URL),
    EndpointConnectionError(endpoint_url=URL),
    ReadTimeoutError(endpoint_url=URL),
    CUT_OFF,
]
LASTING = [
    SSLError(endpoint_url=URL, error="self-signed certificate"),
    NoCredentialsError(),
    Refusal("ExpiredTokenException"),
    Refusal("ValidationException"),
    AttributeError("'list' object has no attribute 'get'"),  # botocore's, for `[]` in place of an object
]
FaultOf = Refusal | Exception


def named(fault: FaultOf) -> str:
    return fault.code if isinstance(fault, Refusal) else type(fault).__name__


SAID = {
    "ConnectTimeoutError": "it can't be reached",
    "EndpointConnectionError": "it can't be reached",
    "ReadTimeoutError": "it does not answer",
    "SSLError": "its certificate is not trusted",
    "NoCredentialsError": "there are no AWS credentials",
    "AttributeError": "what answered is not Personalize",
}
"""In place of Python's names, and without a remedy: the sentence around it has one."""


def said(fault: FaultOf) -> str:
    if fault is CUT_OFF:
        return r"\(it can't be reached\)"
    return fault.code if isinstance(fault, Refusal) else rf"\({SAID[type(fault).__name__]}\)"


@pytest.mark.parametrize("fault", PASSING, ids=named)
def test_a_fault_that_passes_is_waited_out(fault: FaultOf) -> None:
    account = failing(fault, times=3)
    assert ask(account) == "{the schema}"
    assert set(Counter(operation for operation, _ in account.calls).values()) == {4}


@pytest.mark.parametrize("fault", PASSING, ids=named)
def test_a_fault_that_lasts_ends_the_patience_and_is_named(fault: FaultOf) -> None:
    account = failing(fault, times=10_000)
    began = account.clock.now
    with pytest.raises(ControlPlaneError, match=f"{said(fault)}.* for 60 seconds") as caught:
        ask(account)
    assert is_passing(caught.value) == isinstance(fault, Refusal), "without an answer, a setting may be wrong"
    assert 60 <= account.clock.now - began < 61


def test_being_throttled_to_the_end_is_said() -> None:
    with pytest.raises(ControlPlaneError, match=r"throttled ListEventTrackers \(ThrottlingException\)"):
        ask(failing(THROTTLED, times=10_000))


@pytest.mark.parametrize("fault", LASTING, ids=named)
def test_what_waiting_does_not_change_is_said_at_once(fault: FaultOf) -> None:
    account = failing(fault, times=10_000)
    with pytest.raises(ControlPlaneError, match=said(fault)):
        ask(account)
    assert len(account.calls) == 1


def test_credentials_that_expired_are_looked_up_again_once() -> None:
    """An import is polled for hours; who signs in again, or writes new keys, goes on."""
    expired = failing(Refusal("ExpiredTokenException"), times=10_000)
    fresh = Account([Tracker("one", "mine")], clock=expired.clock)
    plane = ControlPlane(expired.client(), PATIENT, expired.clock.timing(), fresh.client)
    assert interactions_schema_of(plane, "mine", "eu-west-1") == "{the schema}"
    assert len(expired.calls) == 1
    plane = ControlPlane(expired.client(), PATIENT, expired.clock.timing(), expired.client)
    with pytest.raises(ControlPlaneError, match="credentials have expired and none newer were found"):
        interactions_schema_of(plane, "mine", "eu-west-1")
    assert len(expired.calls) == 3


def test_an_error_that_the_model_lists_is_about_what_was_asked() -> None:
    """CreateDatasetImportJob's LimitExceededException means five jobs under way, not too many requests."""
    account = Account([], faults=lambda *_: Refusal("LimitExceededException"))
    plane = ControlPlane(account.client(), PATIENT, account.clock.timing())
    client = plane.client
    with pytest.raises(client.exceptions.LimitExceededException):
        plane.call(
            client.create_dataset_import_job, jobName="j", datasetArn="arn:aws:personalize:::d", dataSource={}
        )
    assert len(account.calls) == 1


def test_planes_that_share_a_pacer_share_the_rate() -> None:
    """A job that was just made was described twice within a second, each time by a plane of its own: throttled."""
    account, pacer = Account([Tracker("one", "mine")]), CallPacer()
    for _ in range(2):
        plane = ControlPlane(account.client(), PATIENT, account.clock.timing(), pacer=pacer)
        interactions_schema_of(plane, "mine", "eu-west-1")
    for operation in {name for name, _ in account.calls}:
        first, second = (at for name, at in account.calls if name == operation)
        assert second - first >= 1


def test_pauses_grow() -> None:
    account = Account(
        [Tracker("one", "mine")],
        faults=lambda operation, before: (
            THROTTLED if operation == "ListEventTrackers" and before < 5 else None
        ),
    )
    ask(account)
    pauses = [later - sooner for sooner, later in pairwise(account.starts("ListEventTrackers"))]
    assert [round(pause) for pause in pauses] == [1, 2, 4, 8, 16]


def test_the_patience_is_one_for_all_operations() -> None:
    account = failing(THROTTLED, times=5)
    with pytest.raises(ControlPlaneError, match="throttled"):
        ask(account, Patience(faults=40.0))


def test_waiting_is_reported_once_it_takes_long(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        ask(failing(THROTTLED, times=2))
    assert (
        caplog.messages[0] == "Personalize throttled ListEventTrackers (ThrottlingException); asking again."
    )


@settings(max_examples=60, deadline=None)
@given(
    trackers=st.integers(1, 30),
    page=st.integers(1, 7),
    took=st.lists(st.floats(0, 3), min_size=1, max_size=8),
    random=st.floats(0, 1, exclude_max=True),
    faults=st.dictionaries(st.integers(0, 40), st.sampled_from(PASSING), max_size=8),
)
def test_no_operation_is_called_twice_within_a_second(
    trackers: int, page: int, took: list[float], random: float, faults: dict[int, FaultOf]
) -> None:
    """For calls of any duration and result: so the service never throttles us for our own pace."""
    durations = iter(took * 1000)
    account = Account(
        [Tracker(f"t{n}", "mine" if n == 0 else "other", created=n) for n in range(trackers)],
        page=page,
        takes=lambda: next(durations),
    )
    account.faults = lambda *_: faults.get(len(account.calls))
    assert ask(account, Patience(faults=10_000.0), random) == "{the schema}"
    assert account.throttled == 0
    for operation in dict(account.calls):
        starts = account.starts(operation)
        assert all(later >= sooner + 1.0 for sooner, later in pairwise(starts))
