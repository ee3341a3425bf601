"""The form of every error text: `<what failed>: <why>. <what to do>.`

The texts are read from the source: each call of one of our error classes, with `{}` for what its f-string
fills in. A text that a function of ours composes is read there; one that a library gives is a `{}`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, product
from pathlib import Path

import pytest

from bundle.__main__ import PACKAGES
from tests.core.test_errors import ROOT, own_errors

PARTS = {
    "AnswerOverdueError": "ends a worker process, which Spark starts again; read in an executor's log alone",
    "ControlPlaneBusyError": "as ControlPlaneError",
    "ControlPlaneError": "why Personalize gave no answer, within a sentence of preflight, import or verify",
    "CoordinatorLostError": "a partition goes on by itself and logs why",
    "CredentialsError": "why nothing can be signed, within a sentence of the sender",
    "LeaseHeldError": "the holder, within a sentence of jobs.ending.run_leases",
    "LeaseLostError": "the holder, within the run's stop reason",
    "NotMadeError": "a refusal on its way to the import's result",
    "RunInterruptedError": "why the run stops, within a sentence of jobs.command_line.program_exit",
    "S3Error": "cause and remedy, the end of a sentence of core.storage",
    "S3ExpiredError": "as S3Error",
    "S3PassingError": "as S3Error",
    "StoppedWaitingError": "why nothing waits any more, within the reason of an import",
    "UnknownFormatError": "what an export lacks, within a line of verify",
    "UnmeteredError": "what CloudWatch left out, within a line of verify",
    "WorkerEndedError": "ends a task, which Spark starts again; read in an executor's log alone",
    "_ExportFailedError": "Personalize's own reason, within a line of verify",
}
"""The errors whose text is a part of another sentence, or that a program handles."""

PASSED_ON = {
    "jobs/prepare/import_target.py: str(error)",
    "sources/executors.py: task.problem",
}
"""Texts of another error of ours, which are whole."""

_DEPTH = 8
WITH_REMEDY = {"explain", "explain_setting", "cause_and_remedy"}
"""Functions of `core.aws.s3_errors` and `core.storage` that return a cause and its remedy, as tests below hold."""

NAMES = ("AWS", "HTTPS_PROXY", "Java", "Personalize", "S3", "Spark", "{}")
"""What a text may begin with, in its own letters; all else begins in lower case, as a key and a path do."""

REMEDY = (
    "Add|Allow|Ask|Cast|Check|Choose|Compact|Complete|Correct|Create|Delete|Export|Fix|Give|Grant|Install|"
    "Leave|Let|Look|Make|Map|Move|Name|Pick|Quote|Read|Remove|Rename|Renew|Replay|Restore|Rewrite|Run|See|"
    "Set|Start|Take|Try|Turn|Use|Verify|Wait|Write"
)
"""What a sentence begins with that tells what to do."""


@dataclass(frozen=True)
class Module:
    """A module of the product, with what its names mean."""

    path: str
    tree: ast.Module
    constants: dict[str, ast.expr] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> Module:
        module = cls(str(path.relative_to(ROOT)), ast.parse(path.read_text()))
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef):
                module.functions[node.name] = node
            elif isinstance(node, ast.ImportFrom) and node.module:
                module.imports.update({each.name: node.module for each in node.names})
        for node in module.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                module.constants[node.targets[0].id] = node.value
        return module


@cache
def modules() -> dict[str, Module]:
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): Module.of(path)
        for path in paths
    }


@dataclass(frozen=True)
class Scope:
    """Where an expression is: a module, and the function around it."""

    module: Module
    function: ast.FunctionDef | None = None
    depth: int = 0

    def texts(self, node: ast.expr | None) -> list[str]:
        """Return what an expression can be, `{}` for what only a run knows."""
        if node is None or self.depth > _DEPTH:
            return ["{}"]
        match node:
            case ast.Constant(value=text):
                return [text] if isinstance(text, str) else []
            case ast.JoinedStr() | ast.BinOp(op=ast.Add()):
                return self._joined(node)
            case ast.Name(id=name):
                return self._named(name)
            case ast.Call():
                return self._called(node)
        inner = _alternatives(node)
        return [text for each in inner for text in self.texts(each)] if inner else ["{}"]

    def _joined(self, node: ast.JoinedStr | ast.BinOp) -> list[str]:
        parts = node.values if isinstance(node, ast.JoinedStr) else [node.left, node.right]
        return ["".join(each) for each in islice(product(*map(self.texts, parts)), 64)]

    def _named(self, name: str) -> list[str]:
        if self.function is not None:
            given = [value for value in ast.walk(self.function) if _gives(value, name)]
            inner = Scope(self.module, self.function, self.depth + 1)
            if given:
                return [text for node in given for text in inner.texts(node.value)]  # type: ignore[attr-defined]
        if name in self.module.constants:
            return Scope(self.module, None, self.depth + 1).texts(self.module.constants[name])
        return ["{}"]

    def _table(self, name: str) -> list[str]:
        """Return the values of a dictionary of the module."""
        table = self.module.constants.get(name)
        return (
            [text for each in table.values for text in self.texts(each)]
            if isinstance(table, ast.Dict)
            else ["{}"]
        )

    def _called(self, call: ast.Call) -> list[str]:
        match call:
            case ast.Call(func=ast.Name(id="str"), args=[argument]):
                return self.texts(argument)
            case (
                ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name))
                | ast.Call(func=ast.Name(id=name))
            ):
                return ["{}. Check {}"] if name in WITH_REMEDY else self._returned(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=table), attr="get"), args=[_, *default]):
                return [*self._table(table), *(text for each in default for text in self.texts(each))]
        return ["{}"]

    def _returned(self, name: str) -> list[str]:
        module = modules().get(self.module.imports.get(name, ""), self.module)
        function = module.functions.get(name)
        if function is None or ast.unparse(function.returns or ast.Constant("")) not in {"str", "str | None"}:
            return ["{}"]
        inner = Scope(module, function, self.depth + 1)
        returned = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
        return [text for node in returned for text in inner.texts(node.value)]


def _alternatives(node: ast.expr) -> list[ast.expr]:
    """Return the expressions of which a value is one."""
    match node:
        case ast.FormattedValue(value=value) | ast.NamedExpr(value=value):
            return [value]
        case ast.IfExp(body=body, orelse=other):
            return [body, other]
        case ast.BoolOp(values=values):
            return values
    return []


def _gives(node: ast.AST, name: str) -> bool:
    """Return whether a statement or `:=` gives a local variable its value."""
    match node:
        case ast.Assign(targets=[ast.Name(id=target)]) | ast.NamedExpr(target=ast.Name(id=target)):
            return target == name
    return False


def _calls(module: Module) -> Iterator[tuple[ast.FunctionDef | None, ast.Call]]:
    """Yield each call with the innermost function around it."""

    def walk(
        node: ast.AST, function: ast.FunctionDef | None
    ) -> Iterator[tuple[ast.FunctionDef | None, ast.Call]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                yield function, child
            yield from walk(child, child if isinstance(child, ast.FunctionDef) else function)

    yield from walk(module.tree, None)


@cache
def texts() -> list[tuple[str, str]]:
    """Where each error is made that a user reads, and its text; one line for each text that it can have."""
    names = {error.__name__ for error in own_errors()} - PARTS.keys()
    kinds = {"kind"}  # a class that a variable holds
    found = []
    for module in modules().values():
        for function, call in _calls(module):
            if isinstance(call.func, ast.Name) and call.func.id in names | kinds and call.args:
                where = f"{module.path}:{call.lineno}"
                if f"{module.path}: {ast.unparse(call.args[0])}" not in PASSED_ON:
                    found += [(where, text) for text in Scope(module, function).texts(call.args[0])]
    return found


def breaking(pattern: str) -> list[str]:
    """Return the texts without a match."""
    return [f"{where}: {text}" for where, text in texts() if not re.search(pattern, text)]


def test_the_texts_are_found() -> None:
    """Also those that functions compose, as for a damaged file of the ledger."""
    assert len(texts()) > 200
    assert any(text.startswith("ledger file {} can't be read: ") for _, text in texts())


def test_every_text_is_of_one_line_and_ends_in_a_full_stop() -> None:
    assert breaking(r"^\S[^\n!]*\.$") == []


def test_every_text_says_what_failed_and_why() -> None:
    assert breaking(r"^(?:(?!\. ).)+: ") == []


def test_every_text_says_what_to_do_in_a_sentence_of_its_own() -> None:
    """Behind a full stop, or behind the text of another error, which ends in one."""
    assert breaking(rf"(?:[.?]|\{{\}}) (?:{REMEDY}) ") == []


def test_every_text_begins_in_lower_case_or_with_a_name() -> None:
    assert breaking(rf"^(?:[^A-Z]|(?:{'|'.join(map(re.escape, NAMES))})[^a-z])") == []


def test_no_remedy_follows_a_semicolon() -> None:
    assert [
        f"{where}: {text}" for where, text in texts() if re.search(rf"; (?:{REMEDY.lower()}) ", text)
    ] == []


@pytest.mark.parametrize("word", [r"\w(?:Error|Exception)\b", "Traceback", "stack trace", r"\bNone\b"])
def test_no_text_speaks_of_python(word: str) -> None:
    assert [f"{where}: {text}" for where, text in texts() if re.search(word, text)] == []


def test_no_value_is_shown_as_python_writes_it() -> None:
    """`!r` adds Python's quotes and escapes."""
    names = {error.__name__ for error in own_errors()}
    shown = [
        f"{module.path}:{call.lineno}"
        for module in modules().values()
        for _, call in _calls(module)
        if isinstance(call.func, ast.Name) and call.func.id in names
        for node in ast.walk(call)
        if isinstance(node, ast.FormattedValue) and node.conversion == ord("r")
    ]
    assert shown == []
