"""PutEvents request bodies, assembled from JSON fragments that were created and checked before.

The limits come from botocore's own model of the service, `personalize-events/2018-03-22/service-2.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

from botocore.loaders import Loader

from delivery.packing import Batch

SERVICE = "personalize-events"


@cache
def events_per_request() -> int:
    """Return the maximum number of events in a request: the model's `EventList.max`."""
    model = Loader().load_service_model(SERVICE, "service-2")
    return int(model["shapes"]["EventList"]["max"])


def request_writer(tracking_id: str) -> Callable[[Batch], bytes]:
    """Return a function from a batch to the request's UTF-8 body, for one tracking ID.

    The order of keys is `trackingId`, the envelope's own, `eventList`; it has no meaning in JSON.
    """
    head = b'{"trackingId":' + json.dumps(tracking_id, ensure_ascii=False).encode() + b","

    def write(batch: Batch) -> bytes:
        events = b",".join([event.body for event in batch.events])
        return b"".join((head, batch.envelope[1:-1], b',"eventList":[', events, b"]}"))

    return write
