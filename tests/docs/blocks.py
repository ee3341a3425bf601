"""What the README and docs/ show as code: fenced blocks and inline code, each with its place.

Read by markdown-it-py, the CommonMark parser that rich brings along anyway. sybil and pytest-examples find the blocks
of the languages that they run and pass over the rest, which must not happen here. It judges no block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
_NOT_RUN = re.compile(r"<!-- not run: (.+\S) *-->")
_MARKDOWN = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Block:
    """One fenced block; `not_run` is the reason that a comment above it gives for not running it."""

    place: str
    language: str
    text: str
    not_run: str | None


def fenced_blocks() -> list[Block]:
    """Every fenced or indented block of every page."""
    return [block for page in PAGES for block in blocks_of(page.read_text(), str(page.relative_to(ROOT)))]


def inline_codes() -> list[tuple[str, str]]:
    """Every `inline code` of every page, with its place."""
    return [
        (_place(str(page.relative_to(ROOT)), token.map), child.content)
        for page in PAGES
        for token in _MARKDOWN.parse(page.read_text())
        for child in token.children or ()
        if child.type == "code_inline"
    ]


def blocks_of(text: str, page: str) -> Iterator[Block]:
    """Every block of one page, whose name its place begins with."""
    before = ""
    for token in _MARKDOWN.parse(text):
        if token.type in ("fence", "code_block"):
            mark = _NOT_RUN.fullmatch(before.strip())
            language = token.info.split()[0] if token.info.strip() else ""
            yield Block(_place(page, token.map), language, token.content, mark and mark[1])
        before = token.content if token.type == "html_block" else ""


def _place(page: str, lines: list[int] | None) -> str:
    return f"{page}:{lines[0] + 1 if lines else 1}"
