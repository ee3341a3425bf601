"""What `preflight:` asks, when it does not, and what comes of the answer."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from jobs.config.configuration import parse_settings
from jobs.config.settings import Settings
from jobs.errors import UsageError
from jobs.prepare.aws_account import Service
from jobs.prepare.control_plane import ControlPlaneError, Patience
from jobs.prepare.new_plane import CAN_GO_ON, MUST_KNOW
from jobs.prepare.preflight import Preflight, preflight
from tests.aws.moto_server import MotoServer
from tests.jobs.personalize_account import THROTTLED, Account, Clock, Tracker
from transforms.interactions_schema import InteractionsSchema

AWS = Service("eu-west-1", "https://personalize-events.eu-west-1.amazonaws.com")
LOCAL = Service("eu-west-1", "http://127.0.0.1:9")
FIELDS = {
    "USER_ID": "string",
    "ITEM_ID": "string",
    "TIMESTAMP": "long",
    "DISCOUNT": ["null", "string"],
}


def settings(mode: str = "auto", **personalize: str) -> Settings:
    text = {
        "source": {"path": "/logs"},
        "schema": "conf/mine.avsc",
        "mapping": {"userId": "u", "eventType": "'view'", "itemId": "i", "sentAt": "t"},
        "personalize": {"tracking_id": "tracker", **personalize},
        "output": {"path": "/out"},
    }
    return parse_settings(json.dumps(text), "job.yaml", [f"preflight={mode}"])


def avro(**changes: Any) -> str:  # noqa: ANN401 - an Avro type, or None for a field left out
    fields = {name: kind for name, kind in {**FIELDS, **changes}.items() if kind is not None}
    return json.dumps(
        {"type": "record", "fields": [{"name": name, "type": kind} for name, kind in fields.items()]}
    )


MINE = InteractionsSchema.parse(avro(), "conf/mine.avsc")


def says(text: str) -> Callable[[Patience], str]:
    return lambda _: text


def never(_: Patience) -> str:
    pytest.fail("the service was asked")


def can_not(_: Patience) -> str:
    raise ControlPlaneError("the permission personalize:DescribeSchema is missing")


class OfAccount(boto3.Session):
    """A session whose Personalize is `account`."""

    def __init__(self, account: Account) -> None:
        super().__init__(region_name="eu-west-1")
        self.account = account

    def client(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - boto3's clients are made at run time
        return self.account.client()


def throttled(times: int) -> Account:
    return Account(
        [Tracker("one", "tracker")],
        schema=avro(),
        faults=lambda operation, before: (
            THROTTLED if operation == "ListEventTrackers" and before < times else None
        ),
    )


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


def flight(account: Account, mode: str) -> Preflight:
    return preflight(settings(mode), AWS, OfAccount(account), {}, account.clock.timing())


@pytest.mark.parametrize("mode", ["auto", "required"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"DISCOUNT": "string"}, "DISCOUNT is string or null in conf/mine.avsc and string in Personalize"),
        ({"DISCOUNT": ["null", "int"]}, "DISCOUNT is string or null in conf/mine.avsc and int or null"),
        ({"DISCOUNT": None}, "DISCOUNT is string or null in conf/mine.avsc and missing in Personalize"),
        ({"DEVICE": "string"}, "DEVICE is missing in conf/mine.avsc and string in Personalize"),
    ],
)
def test_a_field_that_differs_is_refused_with_both_sides(
    mode: str, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        Preflight(settings(mode), says(avro(**change)), elsewhere=False).check(MINE)


def test_the_same_fields_in_another_order_agree() -> None:
    turned = json.loads(avro())
    turned["fields"].reverse()
    Preflight(settings("required"), says(json.dumps(turned)), elsewhere=False).check(MINE)


def test_auto_goes_on_with_a_warning_that_names_the_lacking_permission(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        Preflight(settings("auto"), can_not, elsewhere=False).check(MINE)
    assert "personalize:DescribeSchema" in caplog.text


def test_required_does_not_go_on_without_an_answer() -> None:
    with pytest.raises(UsageError, match=r"preflight: required.*personalize:DescribeSchema"):
        Preflight(settings("required"), can_not, elsewhere=True).check(MINE)


def test_required_waits_out_being_throttled() -> None:
    """Another program's calls must not fail a run: they use up the same rate."""
    account = throttled(times=5)
    flight(account, "required").check(MINE)
    assert account.clock.asleep > 30


def test_required_says_throttled_when_a_minute_was_not_enough() -> None:
    account = throttled(times=10_000)
    words = r"preflight: required, but Personalize throttled ListEventTrackers \(ThrottlingException\) for 60 seconds"
    with pytest.raises(UsageError, match=words):
        flight(account, "required").check(MINE)


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_the_schema_of_the_service_is_waited_for_in_every_mode(mode: str) -> None:
    assert flight(throttled(times=5), mode).schema_of_service() == InteractionsSchema.parse(avro(), "")


def test_the_schema_of_the_service_says_throttled_when_a_minute_was_not_enough() -> None:
    with pytest.raises(UsageError, match=r"schema: personalize .*throttled ListEventTrackers .*60 seconds"):
        flight(throttled(times=10_000), "auto").schema_of_service()


def test_auto_waits_ten_seconds_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    account = throttled(times=10_000)
    with caplog.at_level(logging.WARNING):
        flight(account, "auto").check(MINE)
    assert (
        "throttled ListEventTrackers (ThrottlingException) for 10 seconds; going on without it" in caplog.text
    )
    assert account.clock.asleep < 11


def test_auto_looks_among_many_trackers_for_half_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    account = Account([Tracker(f"t{n}", "other") for n in range(100)])
    with caplog.at_level(logging.WARNING):
        flight(account, "auto").check(MINE)
    assert "30 seconds were not enough; going on without it" in caplog.text


def test_required_looks_among_as_many_trackers_as_there_are() -> None:
    account = Account([Tracker(f"t{n}", "other") for n in range(100)])
    with pytest.raises(UsageError, match="no event tracker of this account"):
        flight(account, "required").check(MINE)
    assert len(account.described) == 100


def test_patience_is_longer_where_the_answer_is_needed() -> None:
    assert CAN_GO_ON.faults < MUST_KNOW.faults
    assert CAN_GO_ON.total < MUST_KNOW.total


@pytest.mark.parametrize("mode", ["off", "'off'"])
def test_off_asks_nothing(mode: str) -> None:
    Preflight(settings(mode), never, elsewhere=False).check(MINE)


@pytest.mark.parametrize(
    ("service", "personalize", "environ", "skipped"),
    [
        (AWS, {}, {}, False),
        (LOCAL, {"endpoint_url": LOCAL.endpoint_url}, {}, True),
        (LOCAL, {}, {"AWS_ENDPOINT_URL": LOCAL.endpoint_url}, True),
        (
            LOCAL,
            {"endpoint_url": LOCAL.endpoint_url},
            {"AWS_ENDPOINT_URL_PERSONALIZE": LOCAL.endpoint_url},
            False,
        ),
    ],
)
def test_auto_skips_an_endpoint_of_the_users_own(
    service: Service, personalize: dict[str, str], environ: dict[str, str], *, skipped: bool
) -> None:
    """Unless the control plane's endpoint is named too."""
    made = preflight(settings("auto", **personalize), service, boto3.Session(), environ)
    assert made.elsewhere is skipped
    if skipped:
        Preflight(made.settings, never, made.elsewhere).check(MINE)


def test_the_schema_of_the_service_is_taken_whole() -> None:
    taken = Preflight(settings(), says(avro(DEVICE="string")), elsewhere=True).schema_of_service()
    assert [field.name for field in taken.fields] == [*FIELDS, "DEVICE"]


def test_the_schema_of_the_service_needs_its_permissions_and_a_preflight() -> None:
    with pytest.raises(UsageError, match=r"schema: personalize.*personalize:DescribeSchema"):
        Preflight(settings("auto"), can_not, elsewhere=False).schema_of_service()
    with pytest.raises(UsageError, match="preflight is off"):
        Preflight(settings("off"), never, elsewhere=False).schema_of_service()


def _session() -> boto3.Session:
    return boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-west-1")


def test_a_control_plane_that_does_not_answer_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: a connection is refused
        monkeypatch.setenv("AWS_ENDPOINT_URL_PERSONALIZE", f"http://127.0.0.1:{closed.getsockname()[1]}")
        preflight(settings(), AWS, _session(), {}, Clock().timing()).check(MINE)
    assert len(warnings_of(caplog)) == 1
    assert "could not be asked (it can't be reached)" in warnings_of(caplog)[0]


@pytest.mark.s3
def test_a_control_plane_that_knows_no_such_call_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with MotoServer() as server:  # it has Personalize's schemas, and neither trackers nor datasets
        monkeypatch.setenv("AWS_ENDPOINT_URL_PERSONALIZE", server.url)
        preflight(settings(), AWS, _session(), {}, Clock().timing()).check(MINE)
    assert len(warnings_of(caplog)) == 1
    assert "going on without it" in warnings_of(caplog)[0]
