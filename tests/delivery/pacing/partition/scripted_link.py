"""A partition's pacer with a scripted coordinator on a simulated clock: no network, no thread, no waiting."""

from __future__ import annotations

from collections import deque

from delivery.errors import CoordinatorLostError
from delivery.pacing.link import Message
from delivery.pacing.partition.granted_pacer import GrantedPacer
from delivery.pacing.partition.static_pacer import StaticPacer


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class ScriptedLink:
    """A link that answers with prepared messages, records what it was sent, and breaks on request."""

    def __init__(self) -> None:
        self.inbox: deque[Message] = deque()
        self.sent: list[Message] = []
        self.broken = False
        self.closed = False

    def send(self, message: Message) -> None:
        if self.broken:
            raise CoordinatorLostError("broken")
        self.sent.append(dict(message))

    def receive(self, seconds: float) -> Message | None:  # noqa: ARG002
        if self.broken:
            raise CoordinatorLostError("broken")
        return self.inbox.popleft() if self.inbox else None

    def close(self) -> None:
        self.closed = True

    def wants(self) -> list[int]:
        return [message["want"] for message in self.sent if "want" in message]


class Scene:
    """A pacer of partition 0 with a fallback of 10 attempts a second, and the links that it will get."""

    def __init__(self, *links: ScriptedLink) -> None:
        self.clock = Clock()
        self.links = deque(links)
        self.pacer = GrantedPacer(self.join, StaticPacer(10.0, 0, self.clock), self.clock, token="attempt")

    def join(self) -> ScriptedLink:
        if not self.links:
            raise CoordinatorLostError("not there")
        return self.links.popleft()

    def grant(self, link: ScriptedLink, count: int, start_in: float = 0.0, era: int = 0) -> None:
        link.inbox.append({"grant": [count, start_in, 0.01, 0.02, era]})
        self.pacer.hear()


def joined(link: ScriptedLink) -> Scene:
    scene = Scene(link)
    scene.pacer.hear()
    return scene
