"""An export job is made once, however often its answer gets lost."""

from __future__ import annotations

import pytest

from bulk.errors import RefusedError, UnreadableError
from bulk.export_jobs import ExportRequest, describe_export, make_export
from bulk.import_jobs import ACTIVE
from tests.standin.control_plane_client import ROLE, World


@pytest.fixture
def world() -> World:
    made = World()
    made.objects.buckets["bucket"] = "eu-west-1"
    made.plane.pending_seconds = made.plane.running_seconds = 0
    return made


def request(world: World, **changes: str) -> ExportRequest:
    usual = {"name": "verify-1", "dataset_arn": world.dataset.arn, "location": "s3://bucket/export/"}
    return ExportRequest(**{**usual, "role_arn": ROLE, **changes}, mode="PUT")


def test_the_arn_of_a_job_is_known_before_it_is_made(world: World) -> None:
    asked = request(world)
    assert make_export(world.paced(), asked) == asked.job_arn


def test_a_lost_answer_makes_no_second_job_and_loses_none(world: World) -> None:
    lost = iter([True])
    world.lose = lambda operation: operation == "CreateDatasetExportJob" and next(lost, False)
    arn = make_export(world.paced(), request(world))
    assert world.calls("CreateDatasetExportJob") == 2
    assert describe_export(world.paced(), arn).status == ACTIVE
    assert list(world.plane.exports) == [arn]


def test_a_refusal_is_a_sentence(world: World) -> None:
    with pytest.raises(
        RefusedError, match=r"^Personalize did not start the export job: .*role ARN is invalid"
    ):
        make_export(world.paced(), request(world, role_arn=f"{ROLE}2"))


@pytest.mark.parametrize("page", [(200, b"<html>Sign in</html>"), (404, b"")])
@pytest.mark.parametrize("operation", ["CreateDatasetExportJob", "DescribeDatasetExportJob"])
def test_a_proxys_page_in_place_of_an_answer_is_a_sentence(
    world: World, operation: str, page: tuple[int, bytes]
) -> None:
    world.in_place = lambda asked: page if asked == operation else None
    with pytest.raises(
        UnreadableError, match=r"export job: what answered in its place gave .* Check the proxy"
    ):
        describe_export(world.paced(), make_export(world.paced(), request(world)))
