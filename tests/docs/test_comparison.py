"""The comparison claims nothing of others without a source, and lists no source for nothing."""

from __future__ import annotations

import re

from tests.docs.blocks import ROOT


def test_every_source_is_cited_and_every_citation_has_a_source() -> None:
    text, sources = (ROOT / "docs" / "comparison.md").read_text().split("\n## Sources\n")
    listed = re.findall(r"^(\d+)\. ", sources, flags=re.MULTILINE)
    assert listed == [str(number) for number in range(1, len(listed) + 1)]
    assert set(re.findall(r"\[(\d+)\]", text)) == set(listed)
