"""Decides by IAM's rules what policies allow, for the tests' own servers of AWS.

Covers what the policies in `conf/emr` say and more, and raises for what it does not cover, so that no policy
is half judged. Sources, all IAM User Guide: "Policy evaluation logic" (an explicit Deny wins, no Allow is a Deny), "IAM
JSON policy elements: Condition operators" (operators, absent keys, `...IfExists`, `Null`), "Conditions with multiple
context keys or values" (operators and keys are joined by AND, values by OR, and by NOR where negated), and the pages on
Action, Resource and Condition (case, wildcards). Which actions take no resource: Service Authorization Reference,
"Actions, resources, and condition keys for Amazon Personalize" and "... for Amazon CloudWatch".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Policy = Mapping[str, Any]
"""A policy document, as its JSON reads."""

_ELEMENTS = {
    "Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}  # fmt: skip

_WITHOUT_RESOURCE = re.compile(
    "personalize:(List(?!TagsForResource)[A-Za-z]+|PutEvents|PutActionInteractions)|cloudwatch:GetMetricData",
    re.IGNORECASE,
)
"""Actions without a resource type: "you must specify all resources (`*`)", so no ARN in a policy allows them."""


def allows(policies: Iterable[Policy], action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Whether `policies`, those of an identity and of a resource in its account, allow `action` on the ARN `resource`.

    The `resource` of an action that takes none is `*`, whichever is given.
    `context` has a value for each condition key of the request; keys are compared ignoring case.

    Raises:
        ValueError: a policy has an element, an operator or a variable that is not covered.
    """
    resource = "*" if _WITHOUT_RESOURCE.fullmatch(action) else resource
    present = {key.casefold(): value for key, value in context.items()}
    statements = [statement for policy in policies for statement in listed(policy["Statement"])]
    effects = {each["Effect"] for each in statements if _applies(each, action, resource, present)}
    return effects == {"Allow"}


def _applies(statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]) -> bool:
    _require_covered(statement)
    conditions = statement.get("Condition", {})
    met = [_holds(operator, keys, context) for operator, keys in conditions.items()]
    return (
        _names(statement, "Action", action, re.IGNORECASE)
        and _names(statement, "Resource", resource, re.NOFLAG)
        and all(met)
    )


def _require_covered(statement: Mapping[str, Any]) -> None:
    if unknown := statement.keys() - _ELEMENTS:
        raise ValueError(f"elements that are not covered: {sorted(unknown)}")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise ValueError(f"no effect: {statement['Effect']}")
    if statement.get("Principal", "*") not in ("*", {"AWS": "*"}):
        raise ValueError("a principal that is not everyone is not covered")
    if "${" in str(statement):
        raise ValueError("policy variables are not covered")


def _names(statement: Mapping[str, Any], element: str, value: str, flags: re.RegexFlag) -> bool:
    """Whether `element`, or the absence of `value` in its opposite, brings `value` under the statement."""
    if element in statement:
        return any(_like(pattern, value, flags) for pattern in listed(statement[element]))
    return not any(_like(pattern, value, flags) for pattern in listed(statement[f"Not{element}"]))


def _holds(operator: str, keys: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    judged = [
        _key_holds(operator, [str(value) for value in listed(wanted)], context.get(key.casefold()))
        for key, wanted in keys.items()
    ]
    return all(judged)


def _key_holds(operator: str, wanted: list[str], found: str | None) -> bool:
    """Whether one condition key holds; `found` is None where the request has no such key."""
    if operator == "Null":
        return any((found is None) == _boolean(value) for value in wanted)
    plain = operator.removesuffix("IfExists")
    if plain not in _OPERATORS:
        raise ValueError(f"the condition operator {operator} is not covered")
    matches, negated = _OPERATORS[plain]
    if found is None:
        return negated or plain != operator
    return any(matches(value, found) for value in wanted) != negated


def _like(pattern: str, value: str, flags: re.RegexFlag = re.NOFLAG) -> bool:
    """`*` is any number of characters, none included, and `?` is any one."""
    wild = {"*": ".*", "?": "."}
    expression = "".join(wild.get(character) or re.escape(character) for character in pattern)
    return re.fullmatch(expression, value, flags | re.DOTALL) is not None


def _boolean(value: str) -> bool:
    return {"true": True, "false": False}[value.lower()]


_Matches = Callable[[str, str], bool]
_OPERATORS: dict[str, tuple[_Matches, bool]] = {
    "StringEquals": (str.__eq__, False),
    "StringNotEquals": (str.__eq__, True),
    "StringEqualsIgnoreCase": (lambda wanted, found: wanted.casefold() == found.casefold(), False),
    "StringNotEqualsIgnoreCase": (lambda wanted, found: wanted.casefold() == found.casefold(), True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "Bool": (lambda wanted, found: _boolean(wanted) == _boolean(found), False),
}
"""How a value of the policy matches the request's, and whether the operator asks for the opposite."""


def listed(one_or_many: Any) -> list[Any]:  # noqa: ANN401 - JSON: a value, or a list of them
    return one_or_many if isinstance(one_or_many, list) else [one_or_many]
