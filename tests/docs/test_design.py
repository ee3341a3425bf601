"""Each decision says what forced it, what it is and what it costs."""

from __future__ import annotations

import re

from tests.docs.blocks import ROOT


def test_each_decision_has_its_context_and_its_cost() -> None:
    decisions = re.split(r"^## (\d+)\. ", (ROOT / "docs" / "design.md").read_text(), flags=re.MULTILINE)[1:]
    numbers, texts = decisions[::2], decisions[1::2]
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    for text in texts:
        assert re.findall(r"^\*\*(\w+)\.\*\*", text, flags=re.MULTILINE) == ["Context", "Decision", "Cost"], (
            text
        )
