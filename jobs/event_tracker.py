"""What Personalize itself says of an event tracker: its state, and the Interactions schema of its dataset group.

A tracking ID is no ARN and no call finds a tracker by it: the region's trackers are listed and described until one has
it. Sends no event and judges no schema. Calls and shapes: botocore's model `personalize/2018-05-22`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from jobs.errors import JobError, UsageError

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient
    from mypy_boto3_personalize.type_defs import EventTrackerTypeDef

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_DELETED_MEANWHILE = "ResourceNotFoundException"


class Unasked(JobError):  # noqa: N818 - says what did not happen
    """The service could not be asked; the text says why, as the end of a sentence without its stop."""


def interactions_schema_of(client: PersonalizeClient, tracking_id: str, region: str) -> str:
    """The Avro JSON of the Interactions schema that events sent to `tracking_id` in `region` must fit.

    Raises:
        UsageError: the region has no tracker of this ID, it is not ACTIVE, or its group has no Interactions dataset.
        Unasked: a call was denied (its permission is named) or failed.
    """
    try:
        tracker = _tracker(client, tracking_id, region)
        _require_active(tracker)
        return _schema(client, tracker["datasetGroupArn"])
    except ClientError as error:
        raise Unasked(_cause(error)) from None
    except BotoCoreError as error:
        raise Unasked(f"Personalize could not be asked ({type(error).__name__})") from None


def _tracker(client: PersonalizeClient, tracking_id: str, region: str) -> EventTrackerTypeDef:
    """Describe one tracker after the other, and stop at the one.

    A tracker that may not be described is passed over: a role may well see its own only.
    """
    denied: ClientError | None = None
    for arn in _arns(client):
        try:
            tracker = client.describe_event_tracker(eventTrackerArn=arn)["eventTracker"]
        except ClientError as error:
            if not _is_denied(error) and _code(error) != _DELETED_MEANWHILE:
                raise
            denied = error if _is_denied(error) else denied
            continue
        if tracker["trackingId"] == tracking_id:
            return tracker
    if denied is not None:
        raise denied
    raise UsageError(
        f"personalize.tracking_id: no event tracker of this account in {region} has it; check the ID, "
        "personalize.region and the credentials' account."
    )


def _arns(client: PersonalizeClient) -> Iterator[str]:
    for page in client.get_paginator("list_event_trackers").paginate():
        for summary in page["eventTrackers"]:
            yield summary["eventTrackerArn"]


def _require_active(tracker: EventTrackerTypeDef) -> None:
    if tracker["status"] != "ACTIVE":
        raise UsageError(
            f"personalize.tracking_id: its event tracker is {tracker['status']}, not ACTIVE; "
            "wait until it is, or name another."
        )


def _schema(client: PersonalizeClient, group: str) -> str:
    pages = client.get_paginator("list_datasets").paginate(datasetGroupArn=group)
    datasets = (dataset for page in pages for dataset in page["datasets"])
    for dataset in datasets:
        # The service writes the type in capitals in some answers and as `Interactions` in its model.
        if dataset["datasetType"].casefold() == "interactions":
            described = client.describe_dataset(datasetArn=dataset["datasetArn"])["dataset"]
            return client.describe_schema(schemaArn=described["schemaArn"])["schema"]["schema"]
    raise UsageError(
        "personalize.tracking_id: the event tracker's dataset group has no Interactions dataset; create it first."
    )


def _is_denied(error: ClientError) -> bool:
    return _code(error) in _DENIED


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "an unknown error")


def _cause(error: ClientError) -> str:
    """What went wrong, without the service's text: it names accounts and roles."""
    if _is_denied(error):
        return f"the permission personalize:{error.operation_name} is lacking"
    return f"Personalize answered {error.operation_name} with {_code(error)}"
