"""The two blocks of the configuration that concern sending: `personalize` and `delivery`."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from core.blocks import Block, Number


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _http_url(text: str) -> str:
    """Accept `http://host[:port][/path]` and the same with https; anything else is refused."""
    parts = urlsplit(text)
    _ = parts.port  # raises ValueError, with a text that says why, if it is not a port
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http:// or https:// URL")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must be a plain URL: no user, password, query or fragment")
    return text


class PersonalizeSettings(Block):
    """The configuration block `personalize`: which event tracker the events go to.

    `tracking_id` is 1 to 256 characters (botocore's personalize-events model, shape `TrackingId` of
    `PutEventsRequest`). `region` and `endpoint_url` left out mean what the AWS default chain says.
    """

    tracking_id: Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_not_blank)] = Field(
        description="of the event tracker"
    )
    region: Annotated[str, Field(min_length=1), AfterValidator(_not_blank)] | None = Field(
        default=None, description="left out: the AWS default chain's"
    )
    endpoint_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        default=None, description="left out: the region's"
    )


class DeliverySettings(Block):
    """The configuration block `delivery`: how fast, and how stubbornly.

    `max_requests_per_second` is for the whole job, retries included. Its default is half of the service's
    default quota of 1,000 PutEvents requests per second for a dataset group (AWS developer guide, "Amazon
    Personalize endpoints and quotas"), so that a backfill leaves room for live traffic. `max_attempts`
    counts the first attempt of a request too.
    """

    max_requests_per_second: Annotated[Number, Field(gt=0)] = Field(
        default=500.0, description="for the whole job, retries included"
    )
    max_attempts: Annotated[int, Field(ge=1, strict=True)] = Field(
        default=8, description="of one request, the first included"
    )
    after_import: Literal["skip", "send"] = Field(
        default="skip",
        description="events that an import of this output brought: `skip` leaves them out, `send` sends them too",
    )
