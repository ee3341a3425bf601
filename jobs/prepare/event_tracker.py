"""Personalize's data on an event tracker: its state, and the Interactions schema of its dataset group.

A tracking ID is not an ARN, and no call finds a tracker by it. The answer of ListEventTrackers does not contain
it either, so the region's trackers are described one after the other until one has it: as many calls as there
are trackers in the worst case, and four more. Calls and shapes: botocore's model `personalize/2018-05-22`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from core.aws.refusals import DENIED, code_of
from jobs.errors import UsageError
from jobs.prepare.control_plane import ControlPlane, ControlPlaneError

if TYPE_CHECKING:
    from mypy_boto3_personalize.type_defs import (
        DatasetSummaryTypeDef,
        EventTrackerSummaryTypeDef,
        EventTrackerTypeDef,
    )

_DELETED = "ResourceNotFoundException"
_ACTIVE = "ACTIVE"
_PAGE = 100  # the maximum that the model allows: each page is a call


@dataclass(frozen=True, slots=True)
class InteractionsDataset:
    """The dataset that a tracker's events go to. `created_at` is None where the service did not say."""

    arn: str
    tracker_arn: str
    schema: str
    created_at: datetime | None


def interactions_schema_of(plane: ControlPlane, tracking_id: str, region: str) -> str:
    """Return the Avro JSON of the Interactions schema that events sent to `tracking_id` in `region` must fit.

    Raises:
        UsageError: see `interactions_dataset_of`.
        ControlPlaneError: see `interactions_dataset_of`.
    """
    return interactions_dataset_of(plane, tracking_id, region).schema


def interactions_dataset_of(plane: ControlPlane, tracking_id: str, region: str) -> InteractionsDataset:
    """Return the Interactions dataset that events sent to `tracking_id` in `region` go to.

    Raises:
        UsageError: the region has no tracker of this ID, it is not ACTIVE, or its group has no Interactions dataset.
        ControlPlaneError: a call was denied (its permission is named) or failed, or an answer is not Personalize's.
    """
    try:
        tracker = _tracker(plane, tracking_id, region)
        _require_active(tracker)
        return _dataset(plane, tracker)
    except ClientError as error:
        raise ControlPlaneError(_cause(error)) from None
    except KeyError as error:
        # A proxy's page, say: botocore takes an answer that is not JSON for one without members.
        raise ControlPlaneError(f"what answered in Personalize's place gave no {error.args[0]}") from None


def _tracker(plane: ControlPlane, tracking_id: str, region: str) -> EventTrackerTypeDef:
    """Describe one tracker after the other, and stop at the right one.

    A tracker that may not be described is passed over: a role may well see its own only.
    """
    denied: ClientError | None = None
    for described, arn in enumerate(_arns(plane)):
        plane.progress(f"Looking for the event tracker: {described} described so far, one a second")
        try:
            answer = plane.call(plane.client.describe_event_tracker, eventTrackerArn=arn)
        except ClientError as error:
            if not _is_denied(error) and code_of(error) != _DELETED:
                raise
            denied = error if _is_denied(error) else denied
            continue
        if answer["eventTracker"]["trackingId"] == tracking_id:
            return answer["eventTracker"]
    if denied is not None:
        raise denied
    raise UsageError(
        f"personalize.tracking_id: no event tracker of this account in {region} has it. Check the ID, "
        "personalize.region and the credentials' account."
    )


def _arns(plane: ControlPlane) -> Iterator[str]:
    """Yield the trackers' ARNs, the likeliest of each page first: a history mostly goes into a new dataset group."""
    page = plane.call(plane.client.list_event_trackers, maxResults=_PAGE)
    while True:
        for tracker in sorted(page["eventTrackers"], key=_likelihood, reverse=True):
            yield tracker["eventTrackerArn"]
        if not (token := page.get("nextToken")):
            return
        page = plane.call(plane.client.list_event_trackers, maxResults=_PAGE, nextToken=token)


def _likelihood(tracker: EventTrackerSummaryTypeDef) -> tuple[bool, float]:
    return tracker["status"] == _ACTIVE, tracker["creationDateTime"].timestamp()


def _require_active(tracker: EventTrackerTypeDef) -> None:
    if tracker["status"] != _ACTIVE:
        raise UsageError(
            f"personalize.tracking_id: its event tracker is {tracker['status']}, not ACTIVE. "
            "Wait until it is, or name another."
        )


def _dataset(plane: ControlPlane, tracker: EventTrackerTypeDef) -> InteractionsDataset:
    group = tracker["datasetGroupArn"]
    for dataset in _datasets(plane, group):
        # The service writes the type in capitals in some answers and as `Interactions` in its model.
        if dataset["datasetType"].casefold() == "interactions":
            described = plane.call(plane.client.describe_dataset, datasetArn=dataset["datasetArn"])["dataset"]
            schema = plane.call(plane.client.describe_schema, schemaArn=described["schemaArn"])
            return InteractionsDataset(
                arn=dataset["datasetArn"],
                tracker_arn=tracker["eventTrackerArn"],
                schema=schema["schema"]["schema"],
                created_at=described.get("creationDateTime"),
            )
    raise UsageError(
        "personalize.tracking_id: the event tracker's dataset group has no Interactions dataset. Create it first."
    )


def _datasets(plane: ControlPlane, group: str) -> Iterator[DatasetSummaryTypeDef]:
    page = plane.call(plane.client.list_datasets, datasetGroupArn=group, maxResults=_PAGE)
    while True:
        yield from page["datasets"]
        if not (token := page.get("nextToken")):
            return
        page = plane.call(
            plane.client.list_datasets, datasetGroupArn=group, maxResults=_PAGE, nextToken=token
        )


def _is_denied(error: ClientError) -> bool:
    return code_of(error) in DENIED


def _cause(error: ClientError) -> str:
    """Return the error's cause, without the service's text, which names accounts and roles."""
    if _is_denied(error):
        return f"the permission personalize:{error.operation_name} is missing"
    return f"Personalize answered {error.operation_name} with {code_of(error)}"
