"""A partition's pacer with its coordinator: what it asks for, uses, reports and hears."""

from __future__ import annotations

import pytest

from delivery.pacing.partition.unreported import STATIC_TICKET
from tests.delivery.pacing.partition.scripted_link import ScriptedLink, joined


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
    scene.grant(link, 30)
    assert scene.pacer.wait(100) == 0.0
    assert link.wants() == [100, 70]


def test_it_asks_for_nothing_when_it_holds_enough() -> None:
    link = ScriptedLink()
    scene = joined(link)
    scene.pacer.wait(5)
    scene.grant(link, 5)
    scene.pacer.wait(5)
    assert link.wants() == [5]


def test_an_attempt_goes_out_when_its_slot_is_due_and_carries_its_era_back() -> None:
    link = ScriptedLink()
    scene = joined(link)
    scene.pacer.wait(2)
    scene.grant(link, 2, start_in=0.05, era=4)
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
    scene.grant(link, 3)
    for fault, events in ((None, 10), ("transient", 0), (None, 4)):
        scene.pacer.wait(3)
        scene.pacer.observe(fault, scene.pacer.spend(), events)
    scene.pacer.close()
    assert link.sent[-1]["counts"] == [3, 0, 2, 14]
    assert link.closed


def test_it_knows_that_the_service_accepts_by_itself_or_from_the_driver() -> None:
    link = ScriptedLink()
    scene, other = joined(link), joined(ScriptedLink())
    scene.pacer.observe("poison", STATIC_TICKET)
    assert (scene.pacer.accepts, other.pacer.accepts) == (False, False)
    link.inbox += [{"accepts": True}, {"rest": 1.0}]
    for _ in range(2):
        scene.pacer.hear()
    other.pacer.observe(None, STATIC_TICKET)
    assert (scene.pacer.accepts, other.pacer.accepts) == (True, True)


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


def test_closing_twice_is_fine() -> None:
    scene = joined(ScriptedLink())
    scene.pacer.close()
    scene.pacer.close()


def test_a_paused_partition_uses_no_slot_that_it_holds_and_asks_for_none() -> None:
    link = ScriptedLink()
    scene = joined(link)
    scene.pacer.wait(5)
    scene.grant(link, 2)
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


def test_a_session_that_would_outlast_the_rest_gets_a_slot_at_once() -> None:
    link = ScriptedLink()
    scene = joined(link)
    scene.pacer.wait(2, left=300, after=200)
    assert "hurry" not in link.sent[-1]
    scene.grant(link, 2, start_in=0.0)
    link.inbox.append({"rest": 5.0})
    scene.pacer.hear()
    scene.pacer.wait(2)
    scene.pacer.observe(None, scene.pacer.spend(), 10, took=0.03)
    scene.clock.now += 1.0
    scene.grant(link, 1, start_in=0.1, era=1)
    assert scene.pacer.wait(2, left=298, after=199) == pytest.approx(0.02), "and asks again then"
    assert [message["hurry"] for message in link.sent if "hurry" in message] == [1]
    assert link.sent[-1]["left"] == 298
    link.inbox.append({"hurried": [1, 0.0, 0.01, 0.02, 2]})
    scene.pacer.hear()
    assert scene.pacer.wait(2, left=298, after=199) == 0.0
    assert scene.pacer.spend() == 2
    assert scene.pacer.wait(1, left=297) == pytest.approx(0.1)
