"""A run that is prepared without files, for tests of what follows."""

from __future__ import annotations

from jobs.config.settings import Settings
from jobs.prepare.aws_account import Service
from jobs.prepare.preparation import Prepared
from jobs.runs.run_folder import RunFolder

SETTINGS = {
    "source": {"path": "logs/"},
    "schema": "interactions.avsc",
    "mapping": {
        "userId": "USER_ID",
        "eventType": "EVENT_TYPE",
        "sentAt": {"expr": "TIMESTAMP", "unit": "seconds"},
    },
    "personalize": {"tracking_id": "tracker"},
    "output": {"path": "/output"},
}


def prepared_run(output: str = "/output", *, plan_only: bool = False) -> Prepared:
    """A run `run` into `output`."""
    return Prepared(
        settings=Settings.model_validate({**SETTINGS, "output": {"path": output}}),
        service=Service("eu-west-1", "https://personalize-events.eu-west-1.amazonaws.com"),
        run=RunFolder(output, "run"),
        plan_only=plan_only,
        first=None,
    )
