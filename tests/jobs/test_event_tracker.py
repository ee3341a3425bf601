"""The tracker of a tracking ID is found among many, and what Personalize says of it is one sentence or its schema."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber

from jobs.errors import UsageError
from jobs.event_tracker import Unasked, interactions_schema_of
from jobs.preflight import _IMPATIENT

GROUP = "arn:aws:personalize:eu-west-1:123456789012:dataset-group/shop"
SCHEMA_ARN = "arn:aws:personalize:::schema/shop"


def arn(name: str) -> str:
    return f"arn:aws:personalize:eu-west-1:123456789012:event-tracker/{name}"


class Service:
    """Personalize's answers in the order in which they are due; every one must be asked for."""

    def __init__(self) -> None:
        self.client = boto3.client(
            "personalize",
            region_name="eu-west-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=_IMPATIENT,
        )
        self.stub = Stubber(self.client)

    def lists(self, *names: str, token: str | None = None, then: str | None = None) -> None:
        answer = {"eventTrackers": [{"eventTrackerArn": arn(name)} for name in names]}
        self.stub.add_response(
            "list_event_trackers",
            {**answer, **({"nextToken": then} if then else {})},
            {"nextToken": token} if token else {},
        )

    def describes(self, name: str, tracking_id: str, status: str = "ACTIVE") -> None:
        tracker = {"trackingId": tracking_id, "datasetGroupArn": GROUP, "status": status}
        self.stub.add_response(
            "describe_event_tracker", {"eventTracker": tracker}, {"eventTrackerArn": arn(name)}
        )

    def holds(self, *kinds: str) -> None:
        datasets = [{"datasetArn": f"{GROUP}/{kind}", "datasetType": kind} for kind in kinds]
        self.stub.add_response("list_datasets", {"datasets": datasets}, {"datasetGroupArn": GROUP})

    def tells_schema(self, kind: str, text: str) -> None:
        self.stub.add_response(
            "describe_dataset", {"dataset": {"schemaArn": SCHEMA_ARN}}, {"datasetArn": f"{GROUP}/{kind}"}
        )
        self.stub.add_response("describe_schema", {"schema": {"schema": text}}, {"schemaArn": SCHEMA_ARN})

    def fails(self, method: str, code: str) -> None:
        self.stub.add_client_error(method, code, "User: arn:aws:iam::123456789012:role/secret-role")

    def schema_of(self, tracking_id: str) -> str:
        return interactions_schema_of(self.client, tracking_id, "eu-west-1")


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    with service.stub:
        yield service
        service.stub.assert_no_pending_responses()


def test_the_tracker_is_found_on_a_later_page_and_the_search_ends_with_it(service: Service) -> None:
    service.lists("one", then="more")
    service.describes("one", "other")
    service.lists("two", "three", token="more", then="never asked for")
    service.describes("two", "mine")
    service.holds("ITEMS", "INTERACTIONS")
    service.tells_schema("INTERACTIONS", "{the schema}")
    assert service.schema_of("mine") == "{the schema}"


def test_an_unknown_tracking_id_is_refused_with_the_region_and_not_repeated(service: Service) -> None:
    service.lists("one")
    service.describes("one", "other")
    with pytest.raises(UsageError, match="eu-west-1") as refusal:
        service.schema_of("mistyped-secret")
    assert "mistyped-secret" not in str(refusal.value)


@pytest.mark.parametrize("status", ["CREATE PENDING", "DELETE IN_PROGRESS", "CREATE FAILED"])
def test_a_tracker_that_is_not_active_is_refused_with_its_state(service: Service, status: str) -> None:
    service.lists("one")
    service.describes("one", "mine", status)
    with pytest.raises(UsageError, match=status):
        service.schema_of("mine")


def test_a_group_without_an_interactions_dataset_is_refused(service: Service) -> None:
    service.lists("one")
    service.describes("one", "mine")
    service.holds("ITEMS", "ACTION_INTERACTIONS")
    with pytest.raises(UsageError, match="no Interactions dataset"):
        service.schema_of("mine")


def test_a_tracker_that_may_not_be_described_or_is_gone_is_passed_over(service: Service) -> None:
    service.lists("foreign", "gone", "own")
    service.fails("describe_event_tracker", "AccessDeniedException")
    service.fails("describe_event_tracker", "ResourceNotFoundException")
    service.describes("own", "mine")
    service.holds("Interactions")
    service.tells_schema("Interactions", "{}")
    assert service.schema_of("mine") == "{}"


def test_an_id_among_trackers_that_may_not_be_described_is_unknown_not_wrong(service: Service) -> None:
    service.lists("foreign", "one")
    service.fails("describe_event_tracker", "AccessDeniedException")
    service.describes("one", "other")
    with pytest.raises(Unasked, match="personalize:DescribeEventTracker"):
        service.schema_of("mine")


STEPS = ["list_event_trackers", "list_datasets", "describe_dataset", "describe_schema"]


@pytest.mark.parametrize("denied", STEPS)
def test_the_lacking_permission_is_named_by_its_iam_name_and_nothing_else_of_the_answer(
    service: Service, denied: str
) -> None:
    before = STEPS[: STEPS.index(denied)]
    if "list_event_trackers" in before:
        service.lists("one")
        service.describes("one", "mine")
    if "list_datasets" in before:
        service.holds("INTERACTIONS")
    if "describe_dataset" in before:
        service.stub.add_response("describe_dataset", {"dataset": {"schemaArn": SCHEMA_ARN}})
    service.fails(denied, "AccessDeniedException")
    with pytest.raises(Unasked) as why:
        service.schema_of("mine")
    permission = "personalize:" + "".join(part.capitalize() for part in denied.split("_"))
    assert permission in str(why.value)
    assert "secret-role" not in str(why.value)


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "ThrottlingException"])
def test_any_other_refusal_leaves_the_question_open(service: Service, code: str) -> None:
    service.fails("list_event_trackers", code)
    with pytest.raises(Unasked, match=code):
        service.schema_of("mine")
