"""The tree stays one that a reader finds their way in: short modules, short folders, short names of tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TREE = (
    "benchmarks",
    "bulk",
    "bundle",
    "core",
    "dags",
    "delivery",
    "demo",
    "expectations",
    "jobs",
    "sources",
    "standin",
    "tests",
    "transforms",
)
MAX_LINES, MAX_ENTRIES, MAX_NAME = 300, 20, 80
_NO_ENTRY = {"__init__.py", "__pycache__"}


def modules(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from (ROOT / package).rglob("*.py")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - _NO_ENTRY


def test_no_module_is_longer_than_a_reader_takes_in() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules(*TREE)}
    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


def test_no_folder_lists_more_than_a_screen() -> None:
    folders = {path.parent for path in modules(*TREE)}
    entries = {str(folder.relative_to(ROOT)): len(names(folder)) for folder in folders}
    assert {folder: count for folder, count in entries.items() if count > MAX_ENTRIES} == {}


def test_the_name_of_a_test_fits_in_a_line() -> None:
    """The why goes into its docstring."""
    found = [
        node.name
        for path in modules("tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    assert [name for name in found if len(name) > MAX_NAME] == []
