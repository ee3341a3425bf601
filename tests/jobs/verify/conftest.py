"""A job whose one run sent, and the control plane and CloudWatch that `verify` asks, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.aws.session import forget_session
from standin.control_plane.server import ControlPlaneServer
from tests.conftest import EXAMPLE_ENVIRONMENT
from tests.jobs.verify.test_verification import leave_summary
from tests.standin.control_plane_client import SCHEMA, World
from tests.whole_job.harness import MAPPING, Job, interactions

ENDED = datetime.now(UTC) - timedelta(hours=2)
BEGAN = ENDED - timedelta(minutes=1)


class Standin:
    """What a `Job` wants of one; nothing is sent to it."""

    url = "http://127.0.0.1:9"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World()
    made.plane.clock, made.plane.rate = time.time, None
    with ControlPlaneServer(made.plane) as server:
        for name, value in {**EXAMPLE_ENVIRONMENT, **server.environment}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
        forget_session()
        yield made
    forget_session()


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A job whose one run had ten requests accepted, of twelve attempts."""
    job = Job(tmp_path, Standin())  # type: ignore[arg-type]
    job.write_source(interactions([{}]))
    (tmp_path / "interactions.avsc").write_text(SCHEMA)
    job.settings |= {"mapping": MAPPING, "personalize": {"tracking_id": "tracker", "region": "eu-west-1"}}
    times = {"sending_started_at": BEGAN.isoformat(), "sending_finished_at": ENDED.isoformat()}
    leave_summary(job.output, "first", **times)
    return str(job.write_config())
