"""The columns of an event, on which shaping and the suites agree."""

from __future__ import annotations

EVENT_COLUMNS = (
    "userId",
    "sessionId",
    "eventType",
    "itemId",
    "sentAt",
    "eventId",
    "eventValue",
    "impression",
    "recommendationId",
    "eventAttributionSource",
)
"""In the order of the block `mapping:` (docs/configuration.md). A property's key is a column of its own."""
