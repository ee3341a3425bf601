from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import InputError
from transforms.interactions_schema import InteractionsSchema
from transforms.mapping import MappingSettings
from transforms.properties_plan import Property, plan_properties

REQUIRED = {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long"}


def plan(properties: dict[str, Any], fields: dict[str, Any], **mapping: object) -> tuple[Property, ...]:
    minimum = {"userId": "u", "itemId": "i", "eventType": "'click'", "sentAt": "ts", "properties": properties}
    mapped = {key: value for key, value in {**minimum, **mapping}.items() if value is not None}
    listed = [{"name": name, "type": type_} for name, type_ in {**REQUIRED, **fields}.items()]
    schema = InteractionsSchema.parse(json.dumps({"type": "record", "fields": listed}), "x.avsc")
    return plan_properties(MappingSettings.model_validate(mapped), schema)


def test_properties_come_in_the_schemas_order_with_their_types() -> None:
    fields = {"NUMBER_OF_RATINGS": ["null", "int"], "DISCOUNT": "string"}
    planned = plan({"DISCOUNT": "d", "NUMBER_OF_RATINGS": {"expr": "n", "key": "ratings"}}, fields)
    assert planned == (
        Property("NUMBER_OF_RATINGS", "ratings", "n", "int", nullable=True, categorical=False),
        Property("DISCOUNT", "discount", "d", "string", nullable=False, categorical=False),
    )


def test_a_nullable_field_may_stay_unmapped() -> None:
    assert plan({}, {"DISCOUNT": ["null", "string"], "EVENT_VALUE": ["null", "float"]}) == ()


def test_a_property_that_the_schema_lacks_is_named_with_its_neighbours() -> None:
    with pytest.raises(
        InputError, match=r"properties\.DISCOUNTS: the schema has no such field; .* is DISCOUNT"
    ):
        plan({"DISCOUNTS": "d"}, {"DISCOUNT": ["null", "string"]})


@pytest.mark.parametrize(
    ("field", "key"), [("EVENT_TYPE", "eventType"), ("USER_ID", "userId"), ("TIMESTAMP", "sentAt")]
)
def test_a_reserved_field_is_not_a_property(field: str, key: str) -> None:
    with pytest.raises(InputError, match=f"properties.{field}: not a property. Map it as mapping.{key}"):
        plan({field: "x"}, {"EVENT_TYPE": "string"})


@pytest.mark.parametrize(
    "key", ["TimeStamp", "userid", "SESSIONID", "impression", "eventValue", "sentat", "item_id"]
)
def test_a_reserved_key_is_refused_in_any_case(key: str) -> None:
    with pytest.raises(InputError, match="is reserved, in any case"):
        plan({"DISCOUNT": {"expr": "d", "key": key}}, {"DISCOUNT": "string"})


def test_a_field_whose_usual_key_is_reserved_needs_another() -> None:
    with pytest.raises(InputError, match="the key sessionId is reserved"):
        plan({"SESSION_ID": "s"}, {"SESSION_ID": "string"})
    assert plan({"SESSION_ID": {"expr": "s", "key": "visit"}}, {"SESSION_ID": "string"})[0].key == "visit"


@pytest.mark.parametrize("key", ["_x", "a b", "a.b", "1a", 'a"b', "é", "a-b", "a__b", "a_"])
def test_a_key_is_a_plain_identifier(key: str) -> None:
    with pytest.raises(InputError, match=r"takes no such key\. Use a letter"):
        plan({"DISCOUNT": {"expr": "d", "key": key}}, {"DISCOUNT": "string"})


@pytest.mark.parametrize("key", ["discount", "DISCOUNT", "dis_count"])
def test_two_properties_never_share_a_key(key: str) -> None:
    with pytest.raises(InputError, match=r"properties\.PRICE: has the same key as DISCOUNT"):
        plan({"DISCOUNT": "d", "PRICE": {"expr": "p", "key": key}}, {"DISCOUNT": "string", "PRICE": "float"})


@pytest.mark.parametrize(
    ("field", "todo"),
    [
        ("DISCOUNT", "mapping.properties.DISCOUNT"),
        ("EVENT_VALUE", "mapping.eventValue"),
        ("IMPRESSION", "mapping.impression"),
        ("RECOMMENDATION_ID", "mapping.recommendationId"),
        ("EVENT_ATTRIBUTION_SOURCE", "mapping.eventAttributionSource"),
    ],
)
def test_a_required_field_that_nothing_maps_says_what_to_map(field: str, todo: str) -> None:
    with pytest.raises(InputError, match=f"^{todo}: missing"):
        plan({}, {field: "float" if field == "EVENT_VALUE" else "string"})


def test_an_item_is_required_unless_the_schema_lets_it_be_null() -> None:
    with pytest.raises(InputError, match=r"^mapping\.itemId: missing"):
        plan({}, {}, itemId=None)
    assert plan({}, {"ITEM_ID": ["null", "string"]}, itemId=None) == ()


def test_a_session_alone_makes_anonymous_events_and_one_of_the_two_must_be_mapped() -> None:
    assert plan({}, {}, userId=None, sessionId="s") == ()
    with pytest.raises(InputError, match="neither userId nor sessionId"):
        plan({}, {}, userId=None)
