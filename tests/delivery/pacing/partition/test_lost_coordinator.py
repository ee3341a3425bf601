"""A partition's pacer without its coordinator: what it may use, what it still heeds, and what it reports later."""

from __future__ import annotations

from collections import deque

import pytest

from delivery.errors import CoordinatorLostError
from delivery.pacing.partition.granted_pacer import GrantedPacer
from delivery.pacing.partition.static_pacer import StaticPacer
from delivery.pacing.partition.unreported import STATIC_TICKET
from tests.delivery.pacing.partition.scripted_link import Clock, Scene, ScriptedLink, joined


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
    link.inbox.append({"grant": "garbage"})
    scene.pacer.hear()
    scene.pacer.hear()
    assert scene.pacer.wait(1) > 0
    assert link.closed


def test_where_the_hearing_thread_ends_by_an_error_the_sender_waits_for_no_grant() -> None:
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

    pacer = GrantedPacer(unreachable, StaticPacer(10.0, 0, clock), clock, while_lost=orders.popleft)
    for holds in (True, True, False):
        pacer.hear()
        clock.now += 10.0
        pauses = [pacer.wait(1), pacer.wait(1)]
        assert (pacer.holds, min(pauses) > 0.19) == (holds, holds)
    pacer.hear()
    assert (pacer.stop_reason, pacer.drain_seconds) == ("enough", 2.0)
