"""What is known of an import before anything is read: the dataset, its columns' order, and what forbids it."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from bulk.errors import BusyError
from core.errors import InputError
from jobs.config.configuration import parse_settings
from jobs.config.settings import Settings
from jobs.errors import UsageError
from jobs.prepare.aws_account import Service
from jobs.prepare.import_target import ImportTarget, import_target
from jobs.prepare.preflight import Preflight
from jobs.runs.run_folder import RunFolder
from standin.refusal import Refusal
from tests.standin.control_plane_client import ROLE, SCHEMA, World
from transforms.interactions_schema import InteractionsSchema

MINIMAL = f"""
source: {{path: s3://shop/logs/}}
schema: interactions.avsc
mapping: {{userId: u, eventType: "'view'", itemId: i, sentAt: t}}
personalize: {{tracking_id: tracker}}
import: {{role_arn: '{ROLE}', mode: full}}
output: {{path: s3://shop/out/}}
"""


class Session:
    """boto3's session of a world; `made` counts them."""

    made = 0

    def __init__(self, world: World) -> None:
        self._world = world
        Session.made += 1

    def client(self, service: str, **_: object) -> Any:  # noqa: ANN401 - boto3's clients are made at run time
        return self._world.client(service)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("jobs.prepare.import_target.find_buckets", lambda _urls: ("a bucket",))
    monkeypatch.setattr("jobs.prepare.import_updates.records", lambda _output: [])
    made = World()
    made.plane.rate = None
    return made


def target(world: World, *overrides: str, schema: str = SCHEMA, elsewhere: bool = False) -> ImportTarget:
    settings: Settings = parse_settings(MINIMAL, "job.yaml", overrides)
    flight = Preflight(settings, lambda _patience: schema, elsewhere)
    service = Service("eu-west-1", "https://personalize-events.eu-west-1.amazonaws.com")
    parsed = InteractionsSchema.parse(schema, "interactions.avsc")
    run = RunFolder(settings.output.path, "run")
    return import_target(settings, parsed, service, lambda: Session(world), run, flight)  # type: ignore[arg-type]


def reordered(schema: str) -> str:
    document = json.loads(schema)
    return json.dumps({**document, "fields": document["fields"][::-1]})


def test_the_columns_are_in_the_order_of_the_datasets_own_schema(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    found = target(world, schema=reordered(SCHEMA))
    assert [field.name for field in found.schema.fields][:2] == ["USER_ID", "ITEM_ID"]
    assert found.dataset is not None
    assert found.dataset.arn == world.dataset.arn
    assert "import.mode full replaces all interactions that were imported in bulk" in caplog.text


def test_a_schema_that_is_not_the_datasets_is_refused(world: World) -> None:
    other = json.loads(SCHEMA)
    other["fields"][-1]["name"] = "PRICE"
    with pytest.raises(
        UsageError, match=r"schema: field PRICE is string or null in interactions.avsc and missing"
    ):
        target(world, schema=json.dumps(other))


def test_all_calls_of_an_import_keep_one_rate(world: World) -> None:
    for found in (target(world), target(world, "import.write_only=true")):
        assert found.new_plane().pacer is found.new_plane().pacer


def test_an_empty_dataset_wants_a_full_import_first(world: World) -> None:
    with pytest.raises(UsageError, match="the first import of a dataset must be in the mode full"):
        target(world, "import.mode=incremental")


def test_a_first_import_that_is_under_way_is_waited_for(world: World) -> None:
    """`full` in its place would undo it."""
    world.put_csv()
    request = {
        "jobName": "first",
        "datasetArn": world.dataset.arn,
        "roleArn": ROLE,
        "dataSource": {"dataLocation": "s3://shop/imports/a/csv/"},
    }
    world.plane.answer("CreateDatasetImportJob", request)
    with pytest.raises(BusyError, match="the first import of the dataset is still under way"):
        target(world, "import.mode=incremental")
    world.clock.sleep(600)
    assert target(world, "import.mode=incremental").jobs is not None


@pytest.mark.parametrize(
    ("operation", "code", "sentence"),
    [
        (
            "ListDatasetImportJobs",
            "AccessDeniedException",
            "permission personalize:ListDatasetImportJobs is missing",
        ),
        ("ListEventTrackers", "AccessDeniedException", "permission personalize:ListEventTrackers is missing"),
    ],
)
def test_a_permission_that_is_missing_is_named(
    world: World, operation: str, code: str, sentence: str
) -> None:
    refusal = Refusal(400, code, "no")
    world.plane.refuse = lambda asked: refusal if asked == operation else None
    with pytest.raises(UsageError, match=sentence):
        target(world, "import.mode=incremental")


def test_files_alone_need_no_service_and_take_its_schema_where_it_answers(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    asked = target(world, "import.write_only=true", schema=reordered(SCHEMA))
    assert asked.dataset is not None
    assert asked.schema.fields[0].name == "USER_ID"
    world.plane.refuse = lambda _operation: Refusal(400, "AccessDeniedException", "no")
    unasked = target(world, "import.write_only=true", schema=reordered(SCHEMA))
    assert unasked.dataset is None
    assert unasked.schema.fields[0].name == "DISCOUNT"
    assert "the printed call names the dataset as DATASET_ARN" in caplog.text
    before = len(world.plane.calls)
    assert target(world, "import.write_only=true", elsewhere=True).dataset is None
    assert target(world, "import.write_only=true", "preflight=off").dataset is None
    assert len(world.plane.calls) == before


def test_a_schema_of_the_services_that_no_event_fits_is_said(world: World) -> None:
    world.dataset.schema = SCHEMA.replace("ITEM_ID", "THING_ID")
    with pytest.raises((UsageError, InputError), match="the field ITEM_ID is missing"):
        target(world)


def test_an_import_goes_on_with_credentials_that_were_renewed(world: World) -> None:
    """It is polled for hours, and a session of an hour's credentials would end it."""
    plane = target(world).new_plane()
    before = Session.made
    expired = Refusal(403, "ExpiredTokenException", "no")
    world.plane.refuse = lambda _operation: expired if Session.made == before else None
    assert plane.call(plane.client.list_dataset_import_jobs, datasetArn=world.dataset.arn)
    assert Session.made == before + 1
