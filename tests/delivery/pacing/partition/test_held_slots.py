"""The slots that a partition holds: each used once, in time, or let go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from delivery.pacing.partition.held_slots import HeldSlots
from delivery.pacing.slot_grant import SlotGrant


def test_slots_are_due_one_after_the_other() -> None:
    slots = HeldSlots()
    slots.add(SlotGrant(count=2, start_in=0.5, spacing=0.25, patience=0.25, era=3), now=10.0)
    assert slots.next_in(10.0) == 0.5
    assert slots.next_in(10.5) == 0.0
    assert slots.take() == 3
    assert slots.next_in(10.5) == 0.25
    assert slots.take() == 3
    assert slots.next_in(10.75) is None
    assert slots.unspent == 0


def test_a_slot_that_was_not_used_in_time_is_lost_and_the_next_one_is_not() -> None:
    slots = HeldSlots()
    slots.add(SlotGrant(count=3, start_in=0.0, spacing=1.0, patience=0.25, era=0), now=0.0)
    assert slots.next_in(0.25) == 0.0
    assert slots.next_in(0.5) == 0.5
    assert slots.unspent == 2


def test_grants_of_two_eras_keep_their_own_ticket() -> None:
    slots = HeldSlots()
    for era in (1, 2):
        slots.add(SlotGrant(count=1, start_in=0.0, spacing=1.0, patience=1.0, era=era), now=0.0)
    assert [slots.take(), slots.take()] == [1, 2]


grants = st.builds(
    SlotGrant,
    count=st.integers(1, 20),
    start_in=st.floats(0, 1),
    spacing=st.floats(0.001, 1),
    patience=st.floats(0.001, 0.3),
    era=st.integers(0, 5),
)


@given(st.lists(grants, max_size=10), st.lists(st.floats(0, 1), max_size=100))
def test_slots_never_multiply_and_the_count_of_unspent_ones_is_right(
    given_: list[SlotGrant], steps: list[float]
) -> None:
    slots, now, used = HeldSlots(), 0.0, 0
    for grant in given_:
        slots.add(grant, now)
    for step in steps:
        now += step
        if slots.next_in(now) == 0.0:
            slots.take()
            used += 1
    total = sum(grant.count for grant in given_)
    assert used + slots.unspent <= total
    assert slots.next_in(10**9) is None
    assert slots.unspent == 0


def test_the_slots_of_two_grants_alternate() -> None:
    slots = HeldSlots()
    for start_in, era in ((0.5, 1), (0.0, 2)):
        slots.add(SlotGrant(count=2, start_in=start_in, spacing=1.0, patience=1.0, era=era), now=0.0)
    assert [slots.take() for _ in range(4)] == [2, 1, 2, 1]
