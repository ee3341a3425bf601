"""When a partition's next attempt may go out: the one thing that the sender asks.

The sender knows only `Pacer`. Whether the answer comes from the job's one budget on the driver or, while
that can't be reached, from a static share is not its business (`leased_pacer.py`, `static_pacer.py`).
Nothing here sends a request or decides about retries.
"""

from __future__ import annotations

from typing import Protocol

THROTTLED = "throttled"


class Pacer(Protocol):
    """Says when attempts may go out, learns how they ended, and carries "stop" both ways.

    All methods belong to the sender's one thread, and none of them blocks on the network.

        while pacer.stop_reason is None and ready:
            pause = pacer.wait(len(ready))
            if pause > 0: handle answers for at most `pause` seconds, then ask again
            else: ticket = pacer.spend(); send(ready.popleft(), ticket)
        # and for each answer, in any order:
        pacer.observe(None | "throttled" | any other word, ticket, events=10)
    """

    def wait(self, ready: int) -> float:
        """Return the seconds until an attempt may go out; 0 means now.

        `ready` is how many attempts could go out at once if they were allowed (new requests and retries
        that are due): slots are only asked for that many. A positive answer is at most a few tens of
        milliseconds when the time is not known yet: ask again then, and never later than it says, since
        a slot that is not used in time is lost.
        """
        ...

    def spend(self) -> int:
        """Take the slot that `wait` said is there, just before the attempt; return its ticket.

        The ticket says under which rate the attempt was allowed; give it back to `observe`.
        """
        ...

    def observe(self, fault: str | None, ticket: int, events: int = 0) -> None:
        """Learn how an attempt ended: None for accepted, "throttled", or any other word for another fault.

        `events` is how many events the service accepted with it, for the driver's progress.
        """
        ...

    @property
    def stop_reason(self) -> str | None:
        """Why nothing more may be sent, or None; it comes from here, the driver or another partition."""
        ...

    def stop_all(self, reason: str) -> None:
        """Stop this partition at once and all others within half a second; no personal value in `reason`."""
        ...

    def close(self) -> None:
        """Send the last counts to the driver and let go of everything; safe to call twice."""
        ...
