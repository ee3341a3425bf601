"""botocore's models of the operations that are served, compiled once into plain functions.

They check types, required members, lengths, patterns and list sizes, as the model has them; rules that only AWS's
prose has are in `facts.py`. A message names the member and the constraint that it breaks, never the value. Source of
every rule: botocore's own `data/<service>/…/service-2.json.gz`, read through botocore's loader.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from botocore.loaders import create_loader

Check = Callable[[object], str | None]

FLOAT32_MAX = 3.4028234663852886e38
"""The model's `float` is a single-precision number: https://smithy.io/2.0/spec/simple-types.html#float"""

# The model's pattern takes cubic time on a long text that it refuses; this one matches the same texts in
# linear time.
LINEAR_PATTERNS = {
    r"^[\x20-\x7E]*[\x21-\x7E]+[\x20-\x7E]*$": r"\x20*[\x21-\x7E][\x20-\x7E]*",
}

# Java's names of character classes, inside and outside of brackets: Python's re has none of them.
_JAVA_CLASSES = {r"\p{ASCII}": r"[\x00-\x7F]", r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s"}


def _readable(pattern: str) -> str:
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return LINEAR_PATTERNS.get(pattern, pattern)


def put_events_check() -> Check:
    """Return a function from a parsed request body to the constraint that it breaks, None when it breaks none."""
    return operation_check("personalize-events", "PutEvents")


def operation_check(service: str, operation: str) -> Check:
    """Return the same for the input of any `operation` of a `service`, both as botocore names them."""
    model = create_loader().load_service_model(service, "service-2")
    request = model["operations"][operation]["input"]["shape"]
    return _compile(request, model["shapes"], "")


def _compile(name: str, shapes: Mapping[str, Any], path: str) -> Check:
    shape = shapes[name]
    kind = shape["type"]
    if kind == "structure":
        return _structure(shape, shapes, path)
    if kind == "list":
        return _list(shape, shapes, path)
    if kind == "string":
        return _string(shape, path)
    if kind in {"float", "timestamp"}:
        return _number(path)
    if kind == "integer":
        return _integer(shape, path)
    if kind == "boolean":
        return _boolean(path)
    raise NotImplementedError(f"the model uses a type that the stand-in does not know: {kind}")


def _broken(path: str, constraint: str) -> str:
    where = path or "request"
    return f"1 validation error detected: Value at '{where}' failed to satisfy constraint: {constraint}"


def _structure(shape: Mapping[str, Any], shapes: Mapping[str, Any], path: str) -> Check:
    prefix = f"{path}." if path else ""
    members = {key: _compile(of["shape"], shapes, prefix + key) for key, of in shape["members"].items()}
    required = frozenset(shape.get("required", ()))
    not_object = _broken(path, "Member must be an object")
    missing = {key: _broken(prefix + key, "Member must not be null") for key in required}
    unknown = _broken(path, "Member must not have a field that the model lacks")

    def check(value: object) -> str | None:
        if type(value) is not dict:
            return not_object
        for key, member in value.items():
            rule = members.get(key)
            broken = unknown if rule is None else rule(member)
            if broken is not None:
                return broken
        if required <= value.keys():
            return None
        return missing[min(required - value.keys())]

    return check


def _list(shape: Mapping[str, Any], shapes: Mapping[str, Any], path: str) -> Check:
    member = _compile(shape["member"]["shape"], shapes, f"{path}.member")
    min_value, max_value = shape.get("min", 0), shape.get("max", sys.maxsize)
    not_list = _broken(path, "Member must be a list")
    wrong_size = _broken(path, f"Member must have length between {min_value} and {max_value}")

    def check(value: object) -> str | None:
        if type(value) is not list:
            return not_list
        if not min_value <= len(value) <= max_value:
            return wrong_size
        for item in value:
            broken = member(item)
            if broken is not None:
                return broken
        return None

    return check


def _string(shape: Mapping[str, Any], path: str) -> Check:
    min_value, max_value = shape.get("min", 0), shape.get("max", sys.maxsize)
    pattern = shape.get("pattern") or ("|".join(shape["enum"]) if "enum" in shape else None)
    matches = re.compile(_readable(pattern) if pattern else r"(?s:.*)").fullmatch
    not_string = _broken(path, "Member must be a string")
    wrong_length = _broken(path, f"Member must have length between {min_value} and {max_value}")
    wrong_text = _broken(path, f"Member must satisfy regular expression pattern: {pattern}")

    def check(value: object) -> str | None:
        if type(value) is not str:
            return not_string
        if not min_value <= len(value) <= max_value:
            return wrong_length
        if pattern and not matches(value):
            return wrong_text
        return None

    return check


def _number(path: str) -> Check:
    wrong = _broken(path, "Member must be a finite single-precision number")

    def check(value: object) -> str | None:
        # NaN fails both comparisons and needs no test of its own; a bool is an int to isinstance, not here.
        if type(value) in {int, float} and -FLOAT32_MAX <= value <= FLOAT32_MAX:  # type: ignore[operator]
            return None
        return wrong

    return check


def _integer(shape: Mapping[str, Any], path: str) -> Check:
    min_value, max_value = shape.get("min", -sys.maxsize), shape.get("max", sys.maxsize)
    wrong = _broken(path, f"Member must be an integer between {min_value} and {max_value}")
    return lambda value: None if type(value) is int and min_value <= value <= max_value else wrong


def _boolean(path: str) -> Check:
    wrong = _broken(path, "Member must be true or false")
    return lambda value: None if type(value) is bool else wrong
