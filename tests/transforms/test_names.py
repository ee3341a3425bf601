from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.columns import EVENT_COLUMNS
from core.suggestions import flat
from transforms.names import RESERVED_KEYS, camel_case, is_taken, suggestion

AVRO_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]*", fullmatch=True)


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("NUMBER_OF_RATINGS", "numberOfRatings"),
        ("DISCOUNT", "discount"),
        ("GENRES_FIELD_1", "genresField1"),
        ("L2_CATEGORY", "l2Category"),
        ("CATEGORY_L2", "categoryL2"),
        ("A_B_C", "aBC"),
        ("_LEADING__DOUBLE_", "leadingDouble"),
        ("discount_pct", "discountPct"),
        ("DiscountPct", "discountPct"),
        ("__", ""),
    ],
)
def test_a_field_has_the_camel_case_key_that_one_would_write(field: str, key: str) -> None:
    assert camel_case(field) == key


@given(st.text())
def test_any_text_has_a_key_and_no_key_has_an_underscore(name: str) -> None:
    assert "_" not in camel_case(name)


@given(AVRO_NAMES)
def test_a_key_is_the_field_again_once_underscores_and_case_are_gone(name: str) -> None:
    assert flat(camel_case(name)) == flat(name)


@given(AVRO_NAMES)
def test_a_key_starts_small_and_is_its_own_key(name: str) -> None:
    key = camel_case(name)
    assert key[:1].islower()
    assert camel_case(key) == key


@pytest.mark.parametrize("key", [*RESERVED_KEYS, *EVENT_COLUMNS, "TIMESTAMP", "Session_Id", "eventvalue"])
def test_reserved_keys_and_event_columns_are_taken_in_any_case(key: str) -> None:
    assert is_taken(key)


def test_other_keys_are_free() -> None:
    assert not is_taken("discount")
    assert not is_taken("userIdHash")


def test_a_near_miss_is_named_in_any_case_and_with_any_underscores() -> None:
    assert suggestion("ratings_number", ["NUMBER_RATINGS", "RATINGSNUMBER"]).startswith("; the nearest")
    assert suggestion("userid", ["USER_ID", "ITEM"]) == "; the nearest is USER_ID"
    assert suggestion("zzz", ["USER_ID"]) == ""
