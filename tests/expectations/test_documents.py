from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expectations.compiler import compile_suites
from expectations.documents import self_contained, write_validation
from expectations.judge import judge
from expectations.service import service_suite
from expectations.suite import Suite

if TYPE_CHECKING:
    from tests.expectations.conftest import Events, Tally


def test_a_page_keeps_its_text_and_loses_all_that_a_browser_would_fetch() -> None:
    page = (
        "<html><head><link rel=stylesheet href='https://x.example/a.css'><script src='https://x.example/a.js'>"
        "</script></head><body>kept<img src='https://x.example/a.png'></body></html>"
    )
    bare = self_contained(page)
    assert "kept" in bare
    assert "x.example" not in bare
    assert "default-src 'none'" in bare


@pytest.mark.spark
def test_the_verdict_is_written_as_a_result_and_a_page_of_its_own(
    events: Events, tally: Tally, tmp_path: Path
) -> None:
    frame = events({}, {"eventType": None})
    rules = compile_suites(frame, service_suite())
    write_validation(judge(rules, tally(rules, frame)[1], frame), tmp_path / "new")
    document = json.loads((tmp_path / "new" / "validation.json").read_text())
    page = (tmp_path / "new" / "data_docs" / "index.html").read_text()
    assert document["statistics"]["unsuccessful_expectations"] == 1
    assert "eventType is required." in page
    assert not re.search(r"<script|<link|src=|url\(", page)
    write_validation(
        judge(rules, tally(rules, frame)[1], frame), tmp_path / "new"
    )  # a second time replaces it


@pytest.mark.spark
@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("expect_table_columns_to_match_ordered_list", "column_list"),
        ("expect_table_columns_to_match_set", "column_set"),
    ],
)
def test_a_rule_on_the_names_of_columns_can_be_shown(
    events: Events, tally: Tally, tmp_path: Path, kind: str, names: str
) -> None:
    frame = events({})
    rules = compile_suites(frame, Suite("mine", "user", ({"type": kind, "kwargs": {names: ["userId"]}},)))
    write_validation(judge(rules, tally(rules, frame)[1], frame), tmp_path)
    [result] = json.loads((tmp_path / "validation.json").read_text())["results"]
    assert not result["success"]
    assert set(result["result"]) == {"observed_value"}
    assert {"userId", "impression", "price"} < set(result["result"]["observed_value"])
    assert "impression" in (tmp_path / "data_docs" / "index.html").read_text()
