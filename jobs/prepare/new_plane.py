"""How this program asks Personalize's control plane: its client, its clock, and how long it waits."""

from __future__ import annotations

from collections.abc import Callable
from random import random
from time import monotonic, sleep
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from core.aws.session import forget_session
from jobs.prepare.aws_account import Service, require_client
from jobs.prepare.control_plane import CallPacer, ControlPlane, Patience, Time

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

MUST_KNOW = Patience(faults=60.0)
"""That of a run which can't go on without an answer: a busy minute is waited out, many event trackers are asked for."""

CAN_GO_ON = Patience(faults=10.0, total=30.0)
"""That of a run which an answer would only make safer."""

SYSTEM_TIME = Time(monotonic, sleep, random)

# Retries are the control plane's to make, at its pace.
CLIENT_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})


def plane_of(
    service: Service,
    new_session: Callable[[], boto3.Session],
    patience: Patience,
    pacer: CallPacer | None = None,
) -> ControlPlane:
    """Return a control plane of the service's Region, which looks up credentials again once they have expired.

    `pacer`: that of all planes of one program, as the rate is not one plane's.

    Raises:
        UsageError: its endpoint is no URL.
    """

    def make() -> PersonalizeClient:
        return new_session().client("personalize", region_name=service.region, config=CLIENT_CONFIG)

    def client() -> PersonalizeClient:
        return require_client("personalize", make)

    def renewed() -> PersonalizeClient:
        forget_session()
        return client()

    return ControlPlane(client(), patience, SYSTEM_TIME, renewed, pacer)
