"""The interface that decides when a partition's next attempt may be sent.

The sender knows only `Pacer`. The answer comes from the job's one budget on the driver or, while that can't
be reached, from a static share (`granted_pacer.py`, `static_pacer.py`).
"""

from __future__ import annotations

from typing import Protocol

THROTTLED = "throttled"
TRANSIENT = "transient"

# How long the answers in flight are worth waiting for after a stop; the client's own time-outs are shorter. If the
# service has not answered for long, they are not: what it did accept goes out again, with the same ids.
DRAIN_SECONDS = 20.0
DEAD_DRAIN_SECONDS = 2.0


class Pacer(Protocol):
    """The gate for attempts: it says when they may go out, learns how they ended, and carries "stop" both ways.

    All methods belong to the sender's one thread, and none of them blocks on the network.

        while pacer.stop_reason is None and ready:
            pause = pacer.wait(len(ready), left, after)
            if pause > 0: handle answers for at most `pause` seconds, then ask again
            else: ticket = pacer.spend(); send(ready.popleft(), ticket)
        # and for each answer, in any order:
        pacer.observe(None | "throttled" | "transient" | any other word, ticket, events=10)
    """

    def wait(self, ready: int, left: int = 1, after: int = 0) -> float:
        """Return the seconds until an attempt may go out; 0 means now.

        `ready` is how many attempts could go out at once if they were allowed (new requests and retries
        that are due): slots are only asked for that many. A positive answer is at most a few tens of
        milliseconds when the time is not known yet: ask again then, and never later than it says, since
        a slot that is not used in time is lost.

        `left` is about how many requests this partition still has to send, and `after` how many of them belong to the
        session of the next one: with the time that answers take, they tell whether that session may wait.
        """
        ...

    def spend(self) -> int:
        """Take the slot that `wait` said is there, just before the attempt; return its ticket.

        The ticket says under which rate the attempt was allowed; give it back to `observe`.
        """
        ...

    def observe(
        self, fault: str | None, ticket: int, events: int = 0, *, took: float = 0.0, name: str = ""
    ) -> None:
        """Record how an attempt ended: None for accepted, else the fault.

        "throttled" and "transient" (no answer, or a server's error) have an effect here, other words do
        not.

        `events` is how many events the service accepted with it, for the driver's progress; `took` the
        seconds from the attempt to this, and `name` the failure's name, which must contain nothing
        personal.
        """
        ...

    @property
    def accepts(self) -> bool:
        """Return whether the service is known to have accepted events of this job, in any of its partitions."""
        ...

    @property
    def holds(self) -> bool:
        """Return whether the run is paused: `wait` allows nothing until it goes on."""
        ...

    @property
    def stop_reason(self) -> str | None:
        """Return why nothing more may be sent, or None; it comes from here, the driver or another partition."""
        ...

    @property
    def drain_seconds(self) -> float:
        """Return the seconds to wait, after a stop, for the answers in flight."""
        ...

    def stop_all(self, reason: str, drain: float = DRAIN_SECONDS) -> None:
        """Stop this partition at once and all others within half a second; no personal value in `reason`.

        They wait for the answers in flight for `drain` seconds.
        """
        ...

    def close(self) -> None:
        """Send the last counts to the driver and release everything; safe to call twice."""
        ...
