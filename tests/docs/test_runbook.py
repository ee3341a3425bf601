"""The runbook quotes the job's own words, and has an answer for every way in which a run can stop."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from bundle.__main__ import PACKAGES
from delivery.service import faults
from delivery.service.answer import Answer
from jobs.account.exit_status import UNEXPECTED_EXIT_CODE, Status
from jobs.errors import UsageError
from tests.docs.blocks import ROOT

PAGE = (ROOT / "docs" / "runbook.md").read_text()
QUOTED = re.compile(r"(?<!\*)\*([^*\n]+)\*(?!\*)")
OWN_EMPHASIS = {"Italics", "in addition to", "on the executors"}


def words_of(file: Path) -> list[str]:
    """Every text in a module; what an f-string fills in is its source, in braces."""
    return [
        "".join(
            part.value if isinstance(part, ast.Constant) else f"{{{ast.unparse(part.value)}}}"
            for part in parts
        )
        for node in ast.walk(ast.parse(file.read_text()))
        if (parts := _parts(node))
    ]


def _parts(node: ast.AST) -> list[ast.Constant | ast.FormattedValue]:
    if isinstance(node, ast.JoinedStr):
        return [part for part in node.values if isinstance(part, ast.Constant | ast.FormattedValue)]
    return [node] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def section(heading: str) -> str:
    return PAGE.split(f"\n### {heading}")[1].split("\n### ")[0].split("\n## ")[0]


def test_what_the_runbook_quotes_is_what_the_job_says() -> None:
    said = "\n".join(
        text for package in PACKAGES for file in (ROOT / package).rglob("*.py") for text in words_of(file)
    )
    quoted = {quote for quote in QUOTED.findall(PAGE) if quote not in OWN_EMPHASIS}
    assert len(quoted) > 30
    assert sorted(quote for quote in quoted if quote not in said) == []


def warnings_of(file: Path) -> list[str]:
    """The texts of a module that are logged as warnings, but for those that are a value alone."""
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    texts = [
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "warning"
        and isinstance(call.args[0], ast.Constant)
    ]
    return [text for text in texts if text != "%s"]


def test_every_warning_has_an_answer() -> None:
    warned = [
        text for package in PACKAGES for file in (ROOT / package).rglob("*.py") for text in warnings_of(file)
    ]
    answered = QUOTED.findall(section("It warns and goes on"))
    assert len(warned) > 5
    assert [text for text in warned if not any(quote in text for quote in answered)] == []


def test_every_exit_code_has_its_section() -> None:
    codes = {UsageError.exit_code, UNEXPECTED_EXIT_CODE, *(status.exit_code for status in Status)}
    for code in codes - {0}:
        assert re.search(rf"^### {code}: ", PAGE, flags=re.MULTILINE), code
        assert re.search(rf"^\| {code} \| .*\(#{code}-", PAGE, flags=re.MULTILINE), code


@pytest.mark.parametrize(
    "code", sorted(faults.EXPIRED_CODES | faults.CREDENTIAL_CODES | faults.CLOCK_CODES | faults.UNKNOWN_CODES)
)
def test_every_refusal_that_stops_a_run_has_an_answer(code: str) -> None:
    reason = faults.explain(Answer(400, code))
    assert any(quote in reason for quote in QUOTED.findall(section("5: ")))
