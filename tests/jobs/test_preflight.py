"""What `preflight:` asks, when it does not, and what comes of the answer."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from jobs.aws_account import Service
from jobs.configuration import parse_settings
from jobs.errors import UsageError
from jobs.event_tracker import Unasked
from jobs.preflight import Preflight, preflight
from jobs.settings import Settings
from tests.moto_server import MotoServer
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


def says(text: str) -> Callable[[], str]:
    return lambda: text


def never() -> str:
    pytest.fail("the service was asked")


def can_not() -> str:
    raise Unasked("the permission personalize:DescribeSchema is lacking")


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
def test_auto_skips_an_endpoint_of_the_users_own_unless_the_control_plane_is_named_too(
    service: Service, personalize: dict[str, str], environ: dict[str, str], *, skipped: bool
) -> None:
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


def test_a_control_plane_that_nobody_answers_at_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: a connection is refused
        monkeypatch.setenv("AWS_ENDPOINT_URL_PERSONALIZE", f"http://127.0.0.1:{closed.getsockname()[1]}")
        preflight(settings(), AWS, _session(), {}).check(MINE)
    assert len(caplog.records) == 1
    assert "EndpointConnectionError" in caplog.text


@pytest.mark.s3
def test_a_control_plane_that_knows_no_such_call_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with MotoServer() as server:  # it has Personalize's schemas, and neither trackers nor datasets
        monkeypatch.setenv("AWS_ENDPOINT_URL_PERSONALIZE", server.url)
        preflight(settings(), AWS, _session(), {}).check(MINE)
    assert [record.levelname for record in caplog.records if record.name == "put_events"] == ["WARNING"]
    assert "going on without it" in caplog.text
