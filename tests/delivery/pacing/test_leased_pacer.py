"""A partition's pacer with a scripted coordinator on a simulated clock: no network, no thread, no waiting."""

from __future__ import annotations

from collections import deque

import pytest

from delivery.errors import CoordinatorLostError
from delivery.pacing.leased_pacer import LeasedPacer
from delivery.pacing.link import Message
from delivery.pacing.static_pacer import StaticPacer
from delivery.pacing.unreported import STATIC_TICKET


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
        self.pacer = LeasedPacer(self.join, StaticPacer(10.0, 0, self.clock), self.clock, token="attempt")

    def join(self) -> ScriptedLink:
        if not self.links:
            raise CoordinatorLostError("not there")
        return self.links.popleft()

    def lease(self, link: ScriptedLink, count: int, start_in: float = 0.0, era: int = 0) -> None:
        link.inbox.append({"lease": [count, start_in, 0.01, 0.02, era]})
        self.pacer.hear()


def joined(link: ScriptedLink) -> Scene:
    scene = Scene(link)
    scene.pacer.hear()
    return scene


def test_it_asks_for_what_is_ready_and_only_once_until_it_gets_an_answer() -> None:
    link = ScriptedLink()
    scene = joined(link)
    assert scene.pacer.wait(7) > 0
    assert scene.pacer.wait(9) > 0
    assert link.wants() == [7]


def test_it_asks_for_the_next_slots_while_it_still_holds_some() -> None:
    link = ScriptedLink()
    scene = joined(link)
    scene.pacer.wait(100)
    scene.lease(link, 30)
    assert scene.pacer.wait(100) == 0.0
    assert link.wants() == [100, 70]


def test_it_asks_for_nothing_when_it_holds_enough() -> None:
    link = ScriptedLink()
    scene = joined(link)
    scene.pacer.wait(5)
    scene.lease(link, 5)
    scene.pacer.wait(5)
    assert link.wants() == [5]


def test_an_attempt_goes_out_when_its_slot_is_due_and_carries_its_era_back() -> None:
    link = ScriptedLink()
    scene = joined(link)
    scene.pacer.wait(2)
    scene.lease(link, 2, start_in=0.05, era=4)
    assert 0.04 < scene.pacer.wait(2) <= 0.05
    scene.clock.now += 0.05
    assert scene.pacer.wait(2) == 0.0
    ticket = scene.pacer.spend()
    scene.clock.now += 1.0
    scene.pacer.observe("throttled", ticket)
    assert link.sent[-1]["answered"] == [[4, 0, 1]]
    assert link.sent[-1]["counts"] == [1, 1, 0, 0]


def test_accepted_events_are_counted_for_the_driver() -> None:
    link = ScriptedLink()
    scene = joined(link)
    scene.pacer.wait(3)
    scene.lease(link, 3)
    for fault, events in ((None, 10), ("transient", 0), (None, 4)):
        scene.pacer.wait(3)
        scene.pacer.observe(fault, scene.pacer.spend(), events)
    scene.pacer.close()
    assert link.sent[-1]["counts"] == [3, 0, 2, 14]
    assert link.closed


def test_stop_from_the_driver_is_heard() -> None:
    link = ScriptedLink()
    scene = joined(link)
    assert scene.pacer.stop_reason is None
    link.inbox.append({"stop": ["the service refuses everything", 2.0]})
    scene.pacer.hear()
    assert scene.pacer.stop_reason == "the service refuses everything"
    assert scene.pacer.drain_seconds == 2.0


def test_what_failed_is_reported_once_with_how_long_ago_it_began() -> None:
    link = ScriptedLink()
    scene = joined(link)
    scene.pacer.observe("transient", STATIC_TICKET, took=10.0, name="ReadTimeout")
    scene.clock.now += 0.05
    scene.pacer.observe("transient", STATIC_TICKET, took=1.0, name="HTTP 503")
    scene.pacer.observe("throttled", STATIC_TICKET)
    scene.clock.now += 0.1
    scene.pacer.wait(0)
    reports = [message["failed"] for message in link.sent if "failed" in message]
    assert sum(failed for failed, *_ in reports) == 2
    assert sum(refused for _, refused, *_ in reports) == 1
    assert reports[0] == (1, 0, 10.0, "ReadTimeout")
    assert reports[-1][3] == "HTTP 503"
    scene.pacer.observe(None, STATIC_TICKET)
    scene.pacer.close()
    assert "failed" not in link.sent[-1]


def test_failures_without_a_coordinator_are_reported_to_the_next_one() -> None:
    """From their beginning."""
    link = ScriptedLink()
    scene = Scene(link)
    for took, name in ((10.0, "ReadTimeout"), (1.0, "HTTP 503")):
        scene.pacer.observe("transient", STATIC_TICKET, took=took, name=name)
    scene.clock.now += 5.0
    scene.pacer.hear()
    scene.pacer.wait(0)
    assert link.sent[0]["failed"] == (2, 0, 15.0, "HTTP 503")


def test_a_stop_reaches_the_others_even_if_the_link_was_down_when_it_was_said() -> None:
    first, second = ScriptedLink(), ScriptedLink()
    scene = Scene(first, second)
    scene.pacer.hear()
    first.broken = True
    scene.pacer.stop_all("no credentials", 3.0)
    assert (scene.pacer.stop_reason, scene.pacer.drain_seconds) == ("no credentials", 3.0)
    scene.pacer.hear()
    scene.pacer.close()
    assert second.sent[-1]["stop"] == ("no credentials", 3.0)


def test_a_stop_from_before_the_coordinator_was_reached_is_passed_on() -> None:
    """As soon as it is reached."""
    link = ScriptedLink()
    scene = Scene(link)
    scene.pacer.stop_all("no credentials")
    scene.pacer.hear()
    scene.pacer.wait(0)
    assert link.sent[0]["stop"][0] == "no credentials"


def test_without_a_coordinator_nothing_goes_out_at_first_and_then_the_static_share() -> None:
    scene = Scene()
    scene.pacer.hear()
    assert scene.pacer.wait(5) > 0
    scene.clock.now += 3.0
    attempts = 0
    end = scene.clock.now + 10.0
    while scene.clock.now < end:
        if (pause := scene.pacer.wait(5)) > 0:
            scene.clock.now += max(pause, 1e-4)
        else:
            assert scene.pacer.spend() == STATIC_TICKET
            attempts += 1
    assert 90 <= attempts <= 100


def test_a_lost_coordinator_is_joined_again_and_asked_again() -> None:
    first, second = ScriptedLink(), ScriptedLink()
    scene = Scene(first, second)
    scene.pacer.hear()
    scene.pacer.wait(3)
    first.broken = True
    scene.pacer.hear()
    assert scene.pacer.wait(3) > 0
    scene.pacer.hear()
    assert first.closed
    scene.pacer.wait(3)
    assert second.wants() == [3]


def test_nonsense_from_the_other_side_only_costs_the_link() -> None:
    link = ScriptedLink()
    scene = joined(link)
    link.inbox.append({"lease": "garbage"})
    scene.pacer.hear()
    scene.pacer.hear()
    assert scene.pacer.wait(1) > 0
    assert link.closed


def test_where_the_hearing_thread_ends_by_an_error_the_sender_waits_for_no_lease() -> None:
    link = ScriptedLink()
    scene = joined(link)
    assert scene.pacer.wait(5) > 0
    link.receive = lambda _: {}["no such key"]  # type: ignore[method-assign]
    with pytest.raises(KeyError):
        scene.pacer._link._keep_hearing()
    scene.clock.now += 3.1
    pauses = [scene.pacer.wait(5)]
    scene.clock.now += pauses[0]
    assert scene.pacer.wait(5) == 0.0


def test_closing_twice_is_fine() -> None:
    scene = joined(ScriptedLink())
    scene.pacer.close()
    scene.pacer.close()


def test_a_paused_partition_uses_no_slot_that_it_holds_and_asks_for_none() -> None:
    link = ScriptedLink()
    scene = joined(link)
    scene.pacer.wait(5)
    scene.lease(link, 2)
    link.inbox.append({"hold": True})
    scene.pacer.hear()
    asked = link.wants()
    for _ in range(50):
        assert scene.pacer.wait(5) > 0
        scene.clock.now += 1.0
    assert (scene.pacer.holds, link.wants()) == (True, asked)
    link.inbox.append({"hold": False})
    scene.pacer.hear()
    assert scene.pacer.wait(5) > 0, "the slots that passed in the pause are gone"
    assert link.wants() == [*asked, 5]


def test_a_paused_partition_that_loses_the_driver_sends_nothing_until_resumed() -> None:
    link, again = ScriptedLink(), ScriptedLink()
    scene = joined(link)
    link.inbox.append({"hold": True})
    scene.pacer.hear()
    link.broken = True
    scene.pacer.hear()
    for _ in range(100):
        scene.clock.now += 1.0
        assert scene.pacer.wait(5) > 0
    scene.links.append(again)
    again.inbox.append({"hold": False})
    scene.pacer.hear()
    scene.pacer.hear()
    scene.pacer.wait(5)
    assert again.wants() == [5]


def test_a_partition_that_loses_the_driver_keeps_its_share_of_the_requested_rate() -> None:
    link = ScriptedLink()
    scene = joined(link)
    link.inbox.append({"share": 0.1})
    scene.pacer.hear()
    link.broken = True
    scene.pacer.hear()
    scene.clock.now += 10.0
    sent, end = 0, scene.clock.now + 20.0
    while scene.clock.now < end:
        if (pause := scene.pacer.wait(5)) > 0:
            scene.clock.now += pause
        else:
            assert scene.pacer.spend() == STATIC_TICKET
            sent += 1
    assert 17 <= sent <= 21


def test_a_partition_without_the_driver_heeds_what_comes_by_another_way() -> None:
    clock, orders = (
        Clock(),
        deque([{"hold": True}, {}, {"hold": False, "share": 0.5}, {"stop": ["enough", 2.0]}]),
    )

    def unreachable() -> ScriptedLink:
        raise CoordinatorLostError("not there")

    pacer = LeasedPacer(unreachable, StaticPacer(10.0, 0, clock), clock, while_lost=orders.popleft)
    for holds in (True, True, False):
        pacer.hear()
        clock.now += 10.0
        pauses = [pacer.wait(1), pacer.wait(1)]
        assert (pacer.holds, min(pauses) > 0.19) == (holds, holds)
    pacer.hear()
    assert (pacer.stop_reason, pacer.drain_seconds) == ("enough", 2.0)


def test_a_session_that_would_outlast_the_rest_gets_a_slot_at_once() -> None:
    link = ScriptedLink()
    scene = joined(link)
    scene.pacer.wait(2, left=300, after=200)
    assert "hurry" not in link.sent[-1]
    scene.lease(link, 2, start_in=0.0)
    link.inbox.append({"rest": 5.0})
    scene.pacer.hear()
    scene.pacer.wait(2)
    scene.pacer.observe(None, scene.pacer.spend(), 10, took=0.03)
    scene.clock.now += 1.0
    scene.lease(link, 1, start_in=0.1, era=1)
    assert 0 < scene.pacer.wait(2, left=298, after=199) <= 0.002
    assert [message["hurry"] for message in link.sent if "hurry" in message] == [1]
    assert link.sent[-1]["left"] == 298
    link.inbox.append({"hurried": [1, 0.0, 0.01, 0.02, 2]})
    scene.pacer.hear()
    assert scene.pacer.wait(2, left=298, after=199) == 0.0
    assert scene.pacer.spend() == 2
    assert scene.pacer.wait(1, left=297) == pytest.approx(0.1)
