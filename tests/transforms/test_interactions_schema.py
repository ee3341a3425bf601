from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from transforms.interactions_schema import Field, InteractionsSchema

REQUIRED: tuple[tuple[str, Any], ...] = (("USER_ID", "string"), ("ITEM_ID", "string"), ("TIMESTAMP", "long"))


def parse(*fields: tuple[str, Any], **more: object) -> InteractionsSchema:
    record = {"type": "record", "name": "Interactions", "namespace": "com.amazonaws.personalize.schema"}
    listed = [{"name": name, "type": type_} for name, type_ in fields]
    return InteractionsSchema.parse(
        json.dumps({**record, "fields": listed, "version": "1.0", **more}), "x.avsc"
    )


def test_fields_keep_their_order_type_and_flags() -> None:
    text = json.dumps(
        {
            "type": "record",
            "fields": [
                {"name": "USER_ID", "type": "string"},
                {"name": "ITEM_ID", "type": ["null", "string"]},
                {"name": "TIMESTAMP", "type": "long"},
                {"name": "EVENT_VALUE", "type": ["float", "null"]},
                {"name": "GENRE", "type": ["null", "string"], "categorical": True},
            ],
        }
    )
    schema = InteractionsSchema.parse(text, "x.avsc")
    assert schema.get("ITEM_ID") == Field("ITEM_ID", "string", nullable=True, categorical=False)
    assert schema.get("EVENT_VALUE") == Field("EVENT_VALUE", "float", nullable=True, categorical=False)
    assert schema.metadata == (Field("GENRE", "string", nullable=True, categorical=True),)
    assert schema.get("NOPE") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        '{"type": "record"}',
        '{"type": "enum", "fields": []}',
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_what_is_not_an_avro_record_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(InputError, match=r"^x\.avsc: not "):
        InteractionsSchema.parse(text, "x.avsc")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["type", "fields", "name"]), inner),
)


@given(JSON)
def test_any_json_is_read_or_refused(value: object) -> None:
    with pytest.raises(InputError):
        InteractionsSchema.parse(json.dumps({"type": "record", "fields": [value]}), "x.avsc")


@pytest.mark.parametrize("name", ["USER_ID", "ITEM_ID", "TIMESTAMP"])
def test_the_three_required_fields_must_be_there(name: str) -> None:
    with pytest.raises(InputError, match=f"the field {name} is missing"):
        parse(*(field for field in REQUIRED if field[0] != name))


def test_a_misspelt_required_field_is_recognised() -> None:
    with pytest.raises(InputError, match=r"USER_ID is missing.*the nearest is UserId"):
        parse(("UserId", "string"), *REQUIRED[1:])


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("USER_ID", "long"),
        ("ITEM_ID", "int"),
        ("TIMESTAMP", "string"),
        ("TIMESTAMP", "int"),
        ("EVENT_TYPE", "int"),
        ("EVENT_VALUE", "string"),
        ("IMPRESSION", "long"),
        ("RECOMMENDATION_ID", "int"),
    ],
)
def test_required_and_reserved_fields_have_their_types(name: str, type_: str) -> None:
    with pytest.raises(InputError, match=f"field {name} is {type_}. Make it .*, as Personalize requires"):
        parse(*(field for field in REQUIRED if field[0] != name), (name, type_))


@pytest.mark.parametrize(
    "type_", ["bytes", "null", ["null"], ["int", "string"], {"type": "array", "items": "string"}, None, []]
)
def test_other_types_are_refused(type_: object) -> None:
    with pytest.raises(InputError, match=r"GENRE: its type is none of Personalize's\. Use one of"):
        parse(*REQUIRED, ("GENRE", type_))


def test_five_metadata_fields_are_the_most_and_reserved_ones_do_not_count() -> None:
    five = [(f"M{number}", "string") for number in range(5)]
    assert len(parse(*REQUIRED, ("EVENT_TYPE", "string"), ("EVENT_VALUE", "float"), *five).metadata) == 5
    with pytest.raises(InputError, match="allows 5 metadata fields, this schema has 6: M0, M1"):
        parse(*REQUIRED, *five, ("M5", "string"))


@pytest.mark.parametrize(("one", "other"), [("GENRES_FIELD_1", "GENRESFIELD1"), ("A_B", "a_b"), ("X", "X")])
def test_names_stay_distinct_without_underscores_and_case(one: str, other: str) -> None:
    with pytest.raises(InputError, match=f"{one} and {other} are one name|{other} and {one} are one name"):
        parse(*REQUIRED, (one, "string"), (other, "string"))


def test_categorical_is_a_boolean() -> None:
    field = {"name": "GENRE", "type": "string", "categorical": "yes"}
    required = [{"name": name, "type": type_} for name, type_ in REQUIRED]
    with pytest.raises(InputError, match="categorical"):
        parse(fields=[*required, field])


def test_the_name_and_version_of_a_schema_are_not_metadata() -> None:
    assert parse(*REQUIRED, name="interactions", version="2").metadata == ()
