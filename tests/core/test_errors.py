"""What the project raises on purpose has one root, an exit code, and a text without line breaks that is whole."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle.__main__ import PACKAGES
from core.errors import BackfillError
from jobs.account.exit_status import Status

ROOT = Path(__file__).resolve().parents[2]
OTHERS = {
    "ExpiredKeysError",
    "PassingError",
    "RunInterruptedError",
    "S3DeniedError",
    "S3Error",
    "S3ExpiredError",
    "S3PassingError",
}
"""An error of botocore's kind, as what calls botocore expects; a cause of errors; a KeyboardInterrupt, that no handler
of errors takes it for one; and OSErrors, as pyarrow expects of a file system."""


def modules() -> Iterator[str]:
    for name in PACKAGES:
        package = importlib.import_module(name)
        yield from (found.name for found in pkgutil.walk_packages(package.__path__, f"{name}."))


def own_errors() -> set[type[BaseException]]:
    return {
        value
        for name in modules()
        for _, value in inspect.getmembers(importlib.import_module(name), inspect.isclass)
        if issubclass(value, BaseException) and value.__module__.split(".")[0] in PACKAGES
    }


def test_every_error_of_ours_has_the_root_and_an_exit_code() -> None:
    errors = {error for error in own_errors() if error.__name__ not in OTHERS}
    assert len(errors) > 15
    assert [error for error in errors if not issubclass(error, BackfillError)] == []
    codes = {error.exit_code for error in errors if issubclass(error, BackfillError)}
    assert codes == {BackfillError.exit_code, Status.STOPPED.exit_code}


def texts() -> Iterator[tuple[str, str]]:
    """Where one of our errors is raised with a text that is written there, and that text."""
    names = {error.__name__ for error in own_errors()}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                text = _text(node, names)
                if text:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", text  # type: ignore[attr-defined]


def _text(node: ast.AST, names: set[str]) -> str:
    match node:
        case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(text)), *_])):
            return text if name in names else ""
        case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=[ast.JoinedStr(values=parts), *_])):
            whole = "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in parts)
            return whole if name in names else ""
    return ""


def test_every_text_is_of_one_line_and_no_shout() -> None:
    found = list(texts())
    assert len(found) > 80
    assert [place for place, text in found if "\n" in text or "!" in text or text != text.strip()] == []


@pytest.mark.parametrize("word", ["Traceback", "Exception", "stack trace"])
def test_no_text_speaks_of_python(word: str) -> None:
    assert [place for place, text in texts() if word in text] == []
