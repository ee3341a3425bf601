"""A user who makes the call that `import.write_only` prints: verification finds its job, and a run its events."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import Any

import pytest

from standin.control_plane.service import ControlPlane
from tests.aws.s3.role_objects import RoleObjects
from tests.aws.world import AwsWorld
from tests.standin.control_plane_client import ROLE
from tests.whole_job.harness import interactions_file
from tests.whole_job.on_aws.test_a_new_user import (
    DAY,
    HISTORY,
    REGION,
    User,
    arrived,
    fill_in,
    may,
    readme_commands,
)

pytestmark = [pytest.mark.job, pytest.mark.aws, pytest.mark.usefixtures("s3_jars")]

VERIFY = "personalize-backfill verify --config job.yaml"


def request_of(call: str) -> dict[str, Any]:
    """What the AWS CLI makes of the printed call."""
    words = shlex.split(call)
    assert words[:3] == ["aws", "personalize", "create-dataset-import-job"]
    given = dict(zip(words[3::2], words[4::2], strict=True))
    assert given.pop("--region") == REGION
    key, location = given.pop("--data-source").split("=", 1)
    names = {"--job-name": "jobName", "--dataset-arn": "datasetArn", "--role-arn": "roleArn"}
    names["--import-mode"] = "importMode"
    return {"dataSource": {key: location}, **{names[option]: value for option, value in given.items()}}


def test_a_call_made_by_hand_is_found_by_verification_and_by_the_next_run(
    aws: AwsWorld, tmp_path: Path
) -> None:
    aws.bucket("bucket", REGION)
    aws.put("bucket", "logs/part-0.parquet", interactions_file(HISTORY))
    record, folder = tmp_path / "record", tmp_path / "home"
    folder.mkdir()
    service = aws.events(REGION, record=record)
    plane = ControlPlane(
        RoleObjects(aws.s3, may), time.time, rate=None, pending_seconds=0, running_seconds=0, roles={ROLE}
    )
    aws.personalize.answer = plane.answer
    user = User(aws, folder, {**aws.user(), "AWS_REGION": REGION})
    init, _, _, whole = readme_commands()
    user.gets(init)
    fill_in(folder / "job.yaml")
    dataset = plane.add_group("shop", "tracker", (folder / "interactions.avsc").read_text())

    user.gets(whole.replace(" run ", " import ") + " --set import.write_only=true")
    call = str(user.summary("written")["import"]["call"])
    missing = (
        f"Personalize shows no job called {request_of(call)['jobName']}. The call that imports them: {call}"
    )
    assert f"1,200 rows: {missing}" in user.gets(VERIFY, 4)
    plane.answer("CreateDatasetImportJob", request_of(call))
    assert "import jobs: 1 import = 1 found + 0 missing" in user.gets(VERIFY)

    aws.put("bucket", "logs/part-1.parquet", interactions_file(DAY))
    user.gets(whole)
    delivered = user.summary("delivered")
    assert (delivered["already_delivered"], delivered["events_delivered"]) == (1200, 40)
    assert service.stop()["distinct_event_ids"] == 40
    arrived(record, plane, dataset)
    found = user.gets(f"{VERIFY} --export")
    assert "1,240 delivered = 1,240 found + 0 missing + 0 unknown (export)" in found
