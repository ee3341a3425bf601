"""The JSON that is sent: the Event structure of PutEvents, and the envelope of the request around it.

Fields and nesting are botocore's personalize-events model (shapes Event, MetricAttribution,
PutEventsRequest). Nulls are left out. A NaN is written as a string and never sent, because a rule rejects
its row.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def event_body() -> Column:
    """Write the Event from the event columns and `_properties`, with its eventId first, for human readers."""
    source = F.col("eventAttributionSource")
    plain = ["eventId", "eventType", "sentAt", "itemId", "eventValue"]
    return F.to_json(
        F.struct(
            *plain,
            F.col("_properties").alias("properties"),
            "impression",
            "recommendationId",
            F.when(source.isNotNull(), F.struct(source)).alias("metricAttribution"),
        )
    )


def envelope() -> Column:
    """Write what all events of one request share: `{"userId":…,"sessionId":…}`, without a userId that is null."""
    return F.to_json(F.struct("userId", "sessionId"))
