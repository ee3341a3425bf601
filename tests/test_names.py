"""One name for one thing: no two classes of the product share one, and names that say too little don't come back."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("bulk", "core", "delivery", "expectations", "jobs", "sources", "transforms")
AROUND = ("benchmarks", "bundle", "dags", "demo", "standin", "tests")

VAGUE = {
    "most": "max_…, and what of",
    "least": "min_…, and what of",
}
VAGUE_IN_PRODUCT = VAGUE | {
    "look": "what it does: describe, read, find",
    "watch": "what it does: poll, refresh, observe",
    "watched": "what it does: poll, refresh, observe",
    "place": "index, position, path",
    "settle": "finish, record, complete: settled is said of events",
}
"""What to say in their place."""

_LEASE = re.compile(r"(?<![a-z])lease", re.IGNORECASE)


def modules(package: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def names(tree: ast.Module) -> Iterator[str]:
    """The names that a module gives: to functions, parameters, variables and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


@pytest.mark.parametrize("package", [*PRODUCT, *AROUND])
def test_no_name_is_vague(package: str) -> None:
    vague = VAGUE_IN_PRODUCT if package in PRODUCT else VAGUE
    found = {
        (module, name): vague[name.lower()]
        for module, tree in modules(package)
        for name in names(tree)
        if name.lower() in vague
    }
    assert found == {}


def test_a_lease_is_the_lock_of_a_run_and_pacing_has_none() -> None:
    found = [
        (module, name) for module, tree in modules("delivery") for name in names(tree) if _LEASE.search(name)
    ]
    assert found == []


def test_no_two_classes_of_the_product_have_the_same_name() -> None:
    """A protocol may be called as what implements it."""
    classes: dict[str, list[str]] = defaultdict(list)
    for package in PRODUCT:
        for module, tree in modules(package):
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and "Protocol" not in map(ast.unparse, node.bases):
                    classes[node.name].append(module)
    assert {name: where for name, where in classes.items() if len(where) > 1} == {}
