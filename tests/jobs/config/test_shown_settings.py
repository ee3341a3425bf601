"""What is shown of the settings names columns and files, never a value that could be a user's or a secret."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from jobs.config.configuration import parse_settings
from jobs.config.shown_settings import HIDDEN, shown_settings, without_literals


def settings(**blocks: object) -> dict[str, Any]:
    document = {
        "source": {"path": "logs"},
        "schema": "interactions.avsc",
        "mapping": {"eventType": "EVENT_TYPE", "sentAt": {"expr": "TIMESTAMP", "unit": "seconds"}},
        "personalize": {"tracking_id": "tracker"},
        "output": {"path": "out"},
        **blocks,
    }
    return shown_settings(parse_settings(yaml.safe_dump(document), "job.yaml"))


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("USER_ID != 'bob'", f"USER_ID != {HIDDEN}"),
        ('USER_ID != "bob"', f"USER_ID != {HIDDEN}"),
        ("user in (4711, 0.5e3, .5)", f"user in ({HIDDEN}, {HIDDEN}, {HIDDEN})"),
        ("`it's` = 'bob' and x > 1", f"`it's` = {HIDDEN} and x > {HIDDEN}"),
        (r"a = r'\' or USER_ID = 'bob'", f"a = {HIDDEN} or USER_ID = {HIDDEN}"),
        (r"a = 'it\'s bob'", f"a = {HIDDEN}"),
        ("a = 'it''s bob'", f"a = {HIDDEN}{HIDDEN}"),
        ("day >= DATE'2026-01-01' and X'B0B' = h", f"day >= {HIDDEN} and {HIDDEN} = h"),
        ("a -- it's\n= 'bob'", f"a {HIDDEN}"),
        ("a /* /* */ ' */ = 'bob'", f"a {HIDDEN}"),
        ("a = 'bob", f"a = {HIDDEN}"),
        ("a = 'bob\\", f"a = {HIDDEN}"),
        ("e.col_2 + explode(events) as e", "e.col_2 + explode(events) as e"),
        ("r = 'bob' and year = yr", f"r = {HIDDEN} and year = yr"),
    ],
)
def test_an_expression_keeps_its_names_and_loses_its_literals(expression: str, shown: str) -> None:
    assert without_literals(expression) == shown


def test_every_expression_of_the_mapping_and_of_the_source_loses_its_literals() -> None:
    shown = settings(
        source={"path": "logs", "filter": "u <> 'personal'", "select": ["'personal' as u", "e"]},
        mapping={
            "userId": "concat('personal', u)",
            "eventType": "'personal'",
            "sentAt": {"expr": "if(u = 'personal', a, b)", "unit": "milliseconds"},
            "properties": {"DISCOUNT": "'personal'", "COLOUR": {"expr": "'personal'", "key": "color"}},
        },
    )
    assert "personal'" not in json.dumps(shown)
    assert shown["source.select"] == [f"{HIDDEN} as u", "e"]
    assert shown["mapping.sentAt.unit"] == "milliseconds"
    assert shown["mapping.properties.COLOUR.key"] == "color"


def test_a_password_in_a_url_is_left_out() -> None:
    shown = settings(
        output={"path": "s3://key:secret@bucket/out"}, source={"path": "s3a://key:secret@in/a-1"}
    )
    assert shown["output.path"] == "s3://bucket/out"
    assert shown["source.path"] == ["s3a://in/a-1"]


def test_defaults_are_shown_under_the_keys_that_set_takes() -> None:
    shown = settings()
    assert shown["delivery.max_requests_per_second"] == 500
    assert shown["schema"] == "interactions.avsc"
