"""The stand-in's control plane takes what is documented, refuses the rest, and keeps to the service's rates."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from standin.control_plane.csv_files import CsvError, rows_of
from standin.control_plane.datasets import Dataset
from standin.control_plane.server import ControlPlaneServer
from standin.refusal import Refusal
from tests.standin.control_plane_client import COLUMNS, ROLE, World

NAMES = tuple(COLUMNS.split(","))
LOCATION = "s3://shop/imports/a/csv/"


def text(*lines: str) -> bytes:
    return "\n".join([*lines, ""]).encode()


def test_documented_csv_is_read_as_it_is_meant() -> None:
    content = text(COLUMNS, 'u1,i,1760000000,view,"say \\"hi\\", a\\\\b"', "u2,ü,1760000000,view,")
    assert rows_of(content, NAMES) == [
        ("u1", "i", "1760000000", "view", 'say "hi", a\\b'),
        ("u2", "ü", "1760000000", "view", None),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xef\xbb\xbf" + text(COLUMNS, "u,i,1,view,"), "byte order mark"),
        (b"\x1f\x8b" + text(COLUMNS), "compressed"),
        (text(COLUMNS, "u,i,1,view,") + b"\xff\n", "not UTF-8"),
        (text(COLUMNS), "header and no row"),
        (text('"USER_ID",ITEM_ID'), "in quotation marks"),
        (
            text("USER_ID,ITEM_ID"),
            "Input CSV is missing the following columns:[TIMESTAMP, EVENT_TYPE, DISCOUNT]",
        ),
        (text("ITEM_ID,USER_ID,TIMESTAMP,EVENT_TYPE,DISCOUNT"), "not in the order of the schema's fields"),
        (text(COLUMNS, "u,i,1,view"), "does not have 5 columns"),
        (text(COLUMNS, 'u,i,1,view,"a'), "has no end"),
        (text(COLUMNS, 'u,i,1,view,"a""b"'), "followed by something else than a comma"),
        (text(COLUMNS, 'u,i,1,view,a"b'), "not in quoted text"),
        (text(COLUMNS, "u,i,1,view,a\\b"), "not in quoted text"),
        (text(COLUMNS, 'u,i,1,view,"a\\b"'), "A backslash is before something else"),
        (text(COLUMNS, "u,i,1,view,a\rb"), "not on a single line"),
        (text(COLUMNS, "u,i,1,view,")[:-1], "has no end"),
    ],
)
def test_any_other_csv_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(CsvError) as error:
        rows_of(content, NAMES)
    assert reason in str(error.value)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((None, "i", "1", "view", None), "USER_ID is null"),
        (("u", "i", "1.5", "view", None), "TIMESTAMP holds a value that is not long"),
        (("u", "i", "1760000000000", "view", None), "TIMESTAMP holds a value that is not long"),
        (("u" * 257, "i", "1", "view", None), "Length cannot be more than 256 characters for USER_ID"),
        (("u", "i", "1", "view", "d" * 1001), "Length cannot be more than 1000 characters for DISCOUNT"),
        (("u", "i", "1", None, None), "EVENT_TYPE is null"),
    ],
)
def test_rows_that_the_schema_does_not_take_fail_the_job(row: tuple[str | None, ...], reason: str) -> None:
    dataset: Dataset = World().dataset
    with pytest.raises(CsvError) as error:
        dataset.typed([row])
    assert reason in str(error.value)


def request(world: World, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    usual = {
        "jobName": "a",
        "datasetArn": world.dataset.arn,
        "roleArn": ROLE,
        "dataSource": {"dataLocation": LOCATION},
    }
    return {**usual, **changes}


def ended(world: World, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Make a job and wait for its end."""
    arn = world.plane.answer("CreateDatasetImportJob", request(world, **changes))["datasetImportJobArn"]
    world.clock.sleep(100)
    job: dict[str, Any] = world.plane.answer("DescribeDatasetImportJob", {"datasetImportJobArn": arn})
    return dict(job["datasetImportJob"])


def test_a_job_goes_through_its_states_and_full_replaces_what_incremental_adds_to() -> None:
    world = World()
    world.plane.rate = None
    world.put_csv()
    arn = world.plane.answer("CreateDatasetImportJob", request(world))["datasetImportJobArn"]
    seen = []
    for seconds in (1, 20, 60):
        world.clock.sleep(seconds)
        described = world.plane.answer("DescribeDatasetImportJob", {"datasetImportJobArn": arn})
        seen.append(described["datasetImportJob"]["status"])
    assert seen == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]
    world.put_csv(first=1000)
    assert ended(world, jobName="b", importMode="INCREMENTAL")["status"] == "ACTIVE"
    assert len(world.dataset.bulk) == 2000
    assert "1000 interactions" in ended(world, jobName="c", importMode="INCREMENTAL")["failureReason"]
    assert ended(world, jobName="d")["status"] == "ACTIVE"
    assert len(world.dataset.bulk) == 1000


def test_only_the_first_level_of_a_folder_is_read() -> None:
    world = World()
    world.put_csv()
    world.put_csv(first=1000, key="imports/a/csv/day=1/part-0.csv")
    assert ended(world)["status"] == "ACTIVE"
    assert len(world.dataset.bulk) == 1000


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("elsewhere/part-0.csv", "Invalid Data location."),
        ("imports/a/csv/_SUCCESS", "not CSV files by their names"),
    ],
)
def test_a_location_without_csv_files_fails_the_job(key: str, reason: str) -> None:
    world = World()
    world.put_csv(key=key)
    assert reason in ended(world)["failureReason"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"jobName": "-a"}, "InvalidInputException"),
        ({"jobName": "a" * 64}, "InvalidInputException"),
        ({"dataSource": {"dataLocation": "s3://" + "a" * 252}}, "InvalidInputException"),
        ({"dataSource": {"dataLocation": "folder/a"}}, "InvalidInputException"),
        ({"importMode": "APPEND"}, "InvalidInputException"),
        ({"importMode": "INCREMENTAL"}, "InvalidInputException"),
        ({"roleArn": f"{ROLE}2"}, "InvalidInputException"),
        ({"roleArn": "role"}, "InvalidInputException"),
        ({"unknown": 1}, "InvalidInputException"),
        (
            {"datasetArn": "arn:aws:personalize:eu-west-1:123456789012:dataset/x/Y"},
            "ResourceNotFoundException",
        ),
    ],
)
def test_a_request_that_the_model_or_the_account_does_not_allow_is_refused(
    changes: dict[str, Any], code: str
) -> None:
    world = World()
    world.put_csv()
    with pytest.raises(Refusal) as refused:
        world.plane.answer("CreateDatasetImportJob", request(world, **changes))
    assert refused.value.code == code


def test_an_operation_takes_one_call_a_second() -> None:
    world = World()
    world.plane.answer("ListEventTrackers", {})
    world.plane.answer("ListDatasets", {})
    with pytest.raises(Refusal) as refused:
        world.plane.answer("ListEventTrackers", {})
    assert refused.value.code == "ThrottlingException"
    world.clock.sleep(1)
    assert world.plane.answer("ListEventTrackers", {})["eventTrackers"]


def test_an_export_has_equal_records_once_and_no_anonymous_ones() -> None:
    world = World()
    event = {"eventType": "view", "sentAt": 1_760_000_000, "itemId": "i", "properties": '{"discount":"5"}'}
    for user in ("u", "u", None):
        world.dataset.take_event(user, event)
    asked = {
        "jobName": "e",
        "datasetArn": world.dataset.arn,
        "roleArn": ROLE,
        "jobOutput": {"s3DataDestination": {"path": "s3://shop/verifications/1/export/"}},
    }
    world.objects.buckets["shop"] = "eu-west-1"
    arn = world.plane.answer("CreateDatasetExportJob", asked)["datasetExportJobArn"]
    world.clock.sleep(100)
    described = world.plane.answer("DescribeDatasetExportJob", {"datasetExportJobArn": arn})
    assert described["datasetExportJob"]["status"] == "ACTIVE"
    (content,) = world.objects.objects.values()
    assert content.decode().splitlines() == [COLUMNS, "u,i,1760000000,view,5"]


def test_over_http_a_signature_is_checked_for_each_service() -> None:
    world = World()
    world.plane.clock = time.time
    with ControlPlaneServer(world.plane) as server:

        def client(service: str, key: str) -> Any:  # noqa: ANN401 - boto3's clients are made at run time
            return boto3.client(
                service,
                endpoint_url=server.url,
                region_name="eu-west-1",
                aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
                aws_secret_access_key=key,
                config=Config(retries={"total_max_attempts": 1}),
            )

        good = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        assert client("personalize", good).list_event_trackers()["eventTrackers"][0]["name"] == "shop"
        query = {"MetricDataQueries": [], "StartTime": 0, "EndTime": 1}
        assert client("cloudwatch", good).get_metric_data(**query)["MetricDataResults"] == []
        with pytest.raises(ClientError, match="InvalidSignatureException"):
            client("personalize", "another").list_datasets()


def test_the_schema_comes_back_as_it_is() -> None:
    world = World()
    (schema,) = [each.schema_arn for each in world.plane.datasets.values()]
    answer = world.plane.answer("DescribeSchema", {"schemaArn": schema})
    assert json.loads(answer["schema"]["schema"])["fields"][0]["name"] == "USER_ID"
