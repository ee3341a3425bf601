"""The settings of delivery: the user's two configuration blocks, and the task of a partition.

Nothing here reads a file or the environment, and nothing here finds a default that AWS itself would find.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _http_url(text: str) -> str:
    """Accept `http://host[:port][/path]` and the same with https; anything else is refused."""
    parts = urlsplit(text)
    _ = parts.port  # raises ValueError, in words of its own, where it is no port
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http:// or https:// URL")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must be a plain URL: no user, password, query or fragment")
    return text


class PersonalizeSettings(BaseModel):
    """The configuration block `personalize`: which event tracker the events go to.

    `tracking_id` is 1 to 256 characters (botocore's personalize-events model, shape `TrackingId` of
    `PutEventsRequest`). `region` and `endpoint_url` left out mean what the AWS default chain says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    tracking_id: Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_not_blank)] = Field(
        description="of the event tracker"
    )
    region: Annotated[str, Field(min_length=1), AfterValidator(_not_blank)] | None = Field(
        default=None, description="left out: the AWS default chain's"
    )
    endpoint_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        default=None, description="left out: the region's"
    )


class DeliverySettings(BaseModel):
    """The configuration block `delivery`: how fast, and how stubbornly.

    `max_requests_per_second` is for the whole job, retries included. Its default is half of the service's
    default quota of 1,000 PutEvents requests per second for a dataset group (AWS developer guide, "Amazon
    Personalize endpoints and quotas"), so that a backfill leaves room for live traffic. `max_attempts`
    counts the first attempt of a request too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    max_requests_per_second: Annotated[FiniteFloat, Field(gt=0)] = Field(
        default=500.0, description="for the whole job, retries included"
    )
    max_attempts: Annotated[int, Field(ge=1, strict=True)] = Field(
        default=8, description="of one request, the first included"
    )
    after_import: Literal["skip", "send"] = Field(
        default="skip",
        description="events that an import of this output brought: `skip` leaves them out, `send` sends them too",
    )


@dataclass(frozen=True, slots=True)
class CoordinatorAddress:
    """Where the driver's coordinator listens, and the run's secret that opens it."""

    host: str
    port: int
    authkey: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeliveryTask:
    """Everything that one sending partition needs; plain and picklable, shipped to the executor.

    partition      number of the partition, from 0
    stage_url      its one staged Parquet file (`delivery.sending.stage.COLUMNS`)
    output_url     the job's `output.path`
    run_id         the run's name
    execution      a token (letters and digits) that no other execution of the driver ever had
    region         None: the AWS default chain decides, on the executor
    fallback_rate  requests per second that this partition may make while the coordinator can't be reached:
                   the limit divided by the number of partitions
    events         how many of the file's events are sent, its first ones; None: all of them, however many
    """

    partition: int
    stage_url: str
    output_url: str
    run_id: str
    execution: str
    tracking_id: str
    region: str | None
    endpoint_url: str | None
    max_attempts: int
    coordinator: CoordinatorAddress
    fallback_rate: float
    events: int | None = None
