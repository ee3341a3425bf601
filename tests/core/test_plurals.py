from __future__ import annotations

from core.plurals import counted


def test_one_is_singular() -> None:
    shown = [counted(number, "event") for number in (0, 1, 2000)]
    assert shown == ["0 events", "1 event", "2,000 events"]
