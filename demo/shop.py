"""The clean half of a made-up shop's history: who did what, when and in which session, as Arrow columns.

Popular users and items follow Zipf's law, sessions have realistic gaps, event types form a funnel. Every
row differs from every other, for time always advances within a session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Numbers = npt.NDArray[np.int64]

EVENT_TYPES = ("view", "click", "add-to-cart", "checkout", "purchase")
"""The funnel: the n-th event of a session reaches the n-th stage at most."""

TYPE_SHARES = (0.66, 0.18, 0.09, 0.04, 0.03)
FIRST_SECOND = 1_735_689_600
"""2025-01-01T00:00:00Z."""

SPAN_SECONDS = 180 * 86_400
SESSION_EVENTS = 12.0
"""The mean length of a session, a geometric distribution; one session in a hundred is ten times as long."""

GAP_SECONDS = 45.0
"""The mean time between events of a session, exponentially distributed, at least one second."""

MAX_SHOWN = 25
"""The maximum number of ids in an impression (botocore's model)."""

SHARES = {"anonymous": 0.04, "shown": 0.3, "recommended": 0.1, "attributed": 0.05, "discounted": 0.2}
DISCOUNTS = ("5", "10", "20", "50")


@dataclass(frozen=True, slots=True)
class Shop:
    """Columns of equal length, and the basis of the truth: each row's session number and time."""

    columns: dict[str, pa.Array]
    session: Numbers
    time: Numbers


def make_shop(events: int, random: np.random.Generator, shown_sizes: Numbers | None = None) -> Shop:
    """Make `events` rows in session order.

    Columns: `user_id`, `session_id`, `event_type`, `item_id`, `recommendation_id`, `discount`,
    `event_attribution_source` string; `timestamp` int64 in seconds; `event_value` double; `shown_items`
    list<string>. Where `shown_sizes` is not zero, the row shows that many items, not a random number.
    """
    session, position = _sessions(events, random)
    item = _zipf(events, max(50, events // 100), random)
    kind = np.minimum(random.choice(len(EVENT_TYPES), events, p=TYPE_SHARES), position)
    time = _times(session, position, random)
    sizes = _shown_sizes(kind, random)
    if shown_sizes is not None:
        sizes = np.where(shown_sizes > 0, shown_sizes, sizes)
    columns = {
        **_who(session, random),
        "event_type": pa.array(EVENT_TYPES).take(pa.array(kind)),
        "item_id": _names("item", item),
        "timestamp": pa.array(time),
        "event_value": _values(kind, item),
        "shown_items": _shown(sizes, int(item.max()) + 1, random),
        **_extras(events, random),
    }
    return Shop(columns, session, time)


def _sessions(events: int, random: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Return each row's session number, and its position in the session from 0."""
    lengths = random.geometric(1 / SESSION_EVENTS, events)
    lengths = np.where(random.random(events) < 0.01, lengths * 10, lengths)  # noqa: PLR2004 - see SESSION_EVENTS
    session = np.repeat(np.arange(events), lengths)[:events]
    starts = np.searchsorted(session, session)
    return session, np.arange(events) - starts


def _zipf(count: int, names: int, random: np.random.Generator) -> Numbers:
    shares = np.cumsum(1 / np.arange(1, names + 1))
    ranks: Numbers = np.searchsorted(shares, random.random(count) * shares[-1])
    return ranks


def _times(session: Numbers, position: Numbers, random: np.random.Generator) -> Numbers:
    starts = FIRST_SECOND + random.integers(0, SPAN_SECONDS, int(session.max()) + 1)
    gaps = 1 + random.exponential(GAP_SECONDS, len(session)).astype(np.int64)
    passed = np.cumsum(gaps)
    times: Numbers = starts[session] + passed - passed[np.arange(len(session)) - position]
    return times


def _who(session: Numbers, random: np.random.Generator) -> dict[str, pa.Array]:
    sessions = int(session.max()) + 1
    users = _names("user", _zipf(sessions, max(10, sessions // 4), random))
    anonymous = pa.array(random.random(sessions) < SHARES["anonymous"])
    users = pa.compute.if_else(anonymous, pa.scalar(None, pa.string()), users)
    rows = pa.array(session)
    return {"user_id": users.take(rows), "session_id": _names("session", np.arange(sessions)).take(rows)}


def _names(prefix: str, numbers: Numbers) -> pa.Array:
    names = pa.array([f"{prefix}-{number:06d}" for number in range(int(numbers.max()) + 1)])
    return names.take(pa.array(numbers))


def _values(kind: Numbers, item: Numbers) -> pa.Array:
    """Return the item's price if something was put into the cart or bought, else null."""
    prices = (499 + item * 7919 % 20_000) / 100
    return pa.array(prices, mask=kind < EVENT_TYPES.index("add-to-cart"))


def _shown_sizes(kind: Numbers, random: np.random.Generator) -> Numbers:
    sizes = random.integers(3, MAX_SHOWN + 1, len(kind))
    return np.where((kind == 0) & (random.random(len(kind)) < SHARES["shown"]), sizes, 0)


def _shown(sizes: Numbers, items: int, random: np.random.Generator) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    shown = (
        _names("item", random.integers(0, items, offsets[-1])) if offsets[-1] else pa.array([], pa.string())
    )
    return pa.ListArray.from_arrays(pa.array(offsets), shown, mask=pa.array(sizes == 0))


def _extras(events: int, random: np.random.Generator) -> dict[str, Any]:
    recommended = _names("recommendation", random.integers(0, 1000, events))
    attributed = pa.array(["newsletter"]).take(pa.array(np.zeros(events, np.int64)))
    discounts = pa.array(DISCOUNTS).take(pa.array(random.integers(0, len(DISCOUNTS), events)))
    return {
        "recommendation_id": _some(recommended, SHARES["recommended"], random),
        "event_attribution_source": _some(attributed, SHARES["attributed"], random),
        "discount": _some(discounts, SHARES["discounted"], random),
    }


def _some(values: pa.Array, share: float, random: np.random.Generator) -> pa.Array:
    present = pa.array(random.random(len(values)) < share)
    return pa.compute.if_else(present, values, pa.scalar(None, values.type))
