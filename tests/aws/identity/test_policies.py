"""The evaluator decides as the IAM User Guide says, case for case, and as moto's does where moto can."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.iam.access_control import IAMPolicy, PermissionResult

from tests.aws.identity.policies import allows

BUCKET = "arn:aws:s3:::shop"
OBJECT = f"{BUCKET}/logs/a.parquet"


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    if "NotAction" not in elements:
        elements.setdefault("Action", "s3:*")
    if "NotResource" not in elements:
        elements.setdefault("Resource", "*")
    return {"Effect": effect, **elements}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def holds(condition: dict[str, Any], **found: str) -> bool:
    """Whether the condition holds for a request whose only keys are `found`, for `s3:`."""
    context = {f"s3:{name}": value for name, value in found.items()}
    return allows([policy(statement(Condition=condition))], "s3:GetObject", OBJECT, context)


def test_what_no_statement_names_is_denied() -> None:
    assert not allows([], "s3:GetObject", OBJECT, {})
    assert not allows([policy(statement(Action="s3:PutObject"))], "s3:GetObject", OBJECT, {})


def test_a_deny_wins_wherever_it_is() -> None:
    everything, nothing = policy(statement()), policy(statement("Deny", Action="s3:GetObject"))
    assert allows([everything], "s3:GetObject", OBJECT, {})
    for policies in ([everything, nothing], [nothing, everything]):
        assert not allows(policies, "s3:GetObject", OBJECT, {})
        assert allows(policies, "s3:PutObject", OBJECT, {})
    assert not allows([policy(statement(), statement("Deny"))], "s3:GetObject", OBJECT, {})


@pytest.mark.parametrize("action", ["ListDatasetImportJobs", "ListDatasets", "PutEvents"])
def test_an_action_that_takes_no_resource_is_allowed_by_all_resources_alone(action: str) -> None:
    """Service Authorization Reference: no value in the column "Resource types"."""
    dataset = "arn:aws:personalize:eu-west-1:111122223333:dataset/shop/INTERACTIONS"
    for resource, allowed in [(dataset, False), (f"{dataset[:20]}*", False), ("*", True)]:
        named = policy(statement(Action="personalize:*", Resource=resource))
        assert allows([named], f"personalize:{action}", dataset, {}) is allowed
    described = policy(statement(Action="personalize:*", Resource=dataset))
    assert allows([described], "personalize:DescribeDataset", dataset, {})


def test_one_statement_need_not_be_in_a_list() -> None:
    assert allows([{"Statement": statement()}], "s3:GetObject", OBJECT, {})


@pytest.mark.parametrize(
    ("named", "action", "matches"),
    [
        ("s3:GetObject", "s3:GetObject", True),
        ("S3:getobject", "s3:GetObject", True),
        ("s3:Get*", "s3:GetObject", True),
        ("s3:Get?bject", "s3:GetObject", True),
        ("s3:GetObject?", "s3:GetObject", False),
        ("s3:GetObject*", "s3:GetObject", True),
        ("*", "personalize:PutEvents", True),
        ("s3:*", "personalize:PutEvents", False),
        (["s3:PutObject", "s3:GetObject"], "s3:GetObject", True),
        ("s3:Get", "s3:GetObject", False),
        ("s3.GetObject", "s3:GetObject", False),
        ("s3:[G]etObject", "s3:GetObject", False),
    ],
)
def test_an_action_is_named_with_wildcards_and_without_regard_to_case(
    named: str | list[str], action: str, *, matches: bool
) -> None:
    assert allows([policy(statement(Action=named))], action, OBJECT, {}) is matches
    assert allows([policy(statement(NotAction=named))], action, OBJECT, {}) is not matches


@pytest.mark.parametrize(
    ("named", "resource", "matches"),
    [
        (OBJECT, OBJECT, True),
        (f"{BUCKET}/*", OBJECT, True),
        (f"{BUCKET}/*", BUCKET, False),
        (f"{BUCKET}*", BUCKET, True),
        (f"{BUCKET}/logs/?.parquet", OBJECT, True),
        (f"{BUCKET}/Logs/*", OBJECT, False),
        ([BUCKET, f"{BUCKET}/conf/*"], OBJECT, False),
        ("arn:aws:s3:::*/a.parquet", OBJECT, True),
    ],
)
def test_a_resource_is_named_with_wildcards_and_in_its_own_case(
    named: str | list[str], resource: str, *, matches: bool
) -> None:
    assert allows([policy(statement(Resource=named))], "s3:GetObject", resource, {}) is matches
    assert allows([policy(statement(NotResource=named))], "s3:GetObject", resource, {}) is not matches


@pytest.mark.parametrize(
    ("operator", "wanted", "found", "expected"),
    [
        ("StringEquals", "logs/", "logs/", True),
        ("StringEquals", "logs/", "Logs/", False),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "lo*", "logs", False),
        ("StringEquals", "a", None, False),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringNotEquals", "a", None, True),
        ("StringEqualsIgnoreCase", "A", "a", True),
        ("StringNotEqualsIgnoreCase", "A", "a", False),
        ("StringLike", "logs/*", "logs/", True),
        ("StringLike", "logs/*", "logs", False),
        ("StringLike", ["logs", "logs/*"], "logs", True),
        ("StringLike", "logs/*", "Logs/a", False),
        ("StringLike", "", "", True),
        ("StringLike", "*", "", True),
        ("StringLike", "*", None, False),
        ("StringNotLike", "logs/*", "logs/a", False),
        ("StringNotLike", "logs/*", "conf/a", True),
        ("StringNotLike", "logs/*", None, True),
        ("Bool", "false", "false", True),
        ("Bool", False, "false", True),
        ("Bool", "false", "true", False),
        ("Bool", "false", None, False),
        ("StringLikeIfExists", "logs/*", None, True),
        ("StringLikeIfExists", "logs/*", "conf/a", False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringNotEqualsIfExists", "a", None, True),
        ("StringNotEqualsIfExists", "a", "a", False),
        ("BoolIfExists", "true", None, True),
        ("Null", "true", None, True),
        ("Null", "true", "a", False),
        ("Null", "false", None, False),
        ("Null", "false", "a", True),
        ("Null", True, None, True),
    ],
)
def test_a_condition_operator_does_what_the_user_guide_says(
    operator: str,
    wanted: Any,  # noqa: ANN401 - JSON
    found: str | None,
    *,
    expected: bool,
) -> None:
    present = {} if found is None else {"key": found}
    assert holds({operator: {"s3:key": wanted}}, **present) is expected


def test_all_operators_and_all_keys_must_hold() -> None:
    both = {"StringEquals": {"s3:one": "1", "s3:two": "2"}}
    assert holds(both, one="1", two="2")
    assert not holds(both, one="1", two="3")
    assert not holds(both, one="1")
    assert not holds({**both, "StringLike": {"s3:three": "3*"}}, one="1", two="2")


def test_condition_keys_are_compared_ignoring_case() -> None:
    plain = policy(statement("Deny", Condition={"Bool": {"aws:SecureTransport": "false"}}))
    assert not allows([policy(statement()), plain], "s3:GetObject", OBJECT, {"aws:securetransport": "false"})
    assert allows([policy(statement()), plain], "s3:GetObject", OBJECT, {"AWS:SecureTransport": "true"})


@pytest.mark.parametrize(
    "uncovered",
    [
        statement(Condition={"ForAllValues:StringLike": {"s3:prefix": "a"}}),
        statement(Condition={"NumericLessThan": {"s3:max-keys": "10"}}),
        statement(Condition={"NullIfExists": {"s3:prefix": "true"}}),
        statement(Resource="arn:aws:s3:::home/${aws:username}/*"),
        statement(Principal={"AWS": "arn:aws:iam::123456789012:root"}),
        statement(NotPrincipal="*"),
        statement("allow"),
    ],
    ids=lambda one: json.dumps(one)[:60],
)
def test_what_is_not_covered_is_an_error_and_never_a_guess(uncovered: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"not covered|no effect"):
        allows([policy(statement("Deny", Action="none:none"), uncovered)], "s3:GetObject", OBJECT, {})


ACTIONS = st.sampled_from(
    ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:*", "s3:Get*", "*", "*Object"]
)
RESOURCES = st.sampled_from(["*", BUCKET, f"{BUCKET}/*", f"{BUCKET}/logs/*", "arn:aws:s3:::*", OBJECT])


def one_or_some(values: st.SearchStrategy[str]) -> st.SearchStrategy[str | list[str]]:
    return values | st.lists(values, min_size=1, max_size=3)


STATEMENTS = st.builds(
    lambda effect, element, actions, resources: {"Effect": effect, element: actions, "Resource": resources},
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["Action", "Action", "NotAction"]),
    one_or_some(ACTIONS),
    one_or_some(RESOURCES),
)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(STATEMENTS, max_size=4),
    st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:ListBucket"]),
    st.sampled_from([BUCKET, OBJECT, f"{BUCKET}/conf/job.yaml", "arn:aws:s3:::other/logs/a.parquet"]),
)
def test_without_conditions_it_decides_as_moto_does(
    statements: list[dict[str, Any]], action: str, resource: str
) -> None:
    """Moto knows no conditions here, takes `?` and `.` for a regular expression's, and minds an action's case."""
    document = policy(*statements)
    by_moto = IAMPolicy({"policy_document": json.dumps(document)}).is_action_permitted(action, resource)
    assert allows([document], action, resource, {}) is (by_moto is PermissionResult.PERMITTED)


@pytest.mark.parametrize("found", ["a", "b", "c"])
@pytest.mark.parametrize("wanted", ["a", ["a", "b"]])
def test_string_equals_decides_as_moto_does(found: str, wanted: str | list[str]) -> None:
    """The one operator that moto knows, for keys that are there."""
    document = policy(statement(Condition={"StringEquals": {"s3:key": wanted}}))
    by_moto = IAMPolicy({"policy_document": json.dumps(document)}).is_action_permitted(
        "s3:GetObject", OBJECT, None, {"s3:key": found}
    )
    assert holds(document["Statement"][0]["Condition"], key=found) is (by_moto is PermissionResult.PERMITTED)
