from __future__ import annotations

from core.columns import EVENT_COLUMNS
from expectations.columns import near_misses, visible


def test_a_suite_sees_no_helper_column_and_not_the_source_row() -> None:
    assert visible(["userId", "_body_bytes", "_source", "source"]) == ("userId", "source")


def test_a_misspelled_column_is_answered_with_what_it_resembles() -> None:
    assert near_misses("UserID", EVENT_COLUMNS).startswith(" (did you mean userId")


def test_a_name_like_no_other_gets_no_suggestion() -> None:
    assert near_misses("zzz", EVENT_COLUMNS) == ""
