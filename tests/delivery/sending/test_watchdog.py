"""A process in which nothing moves ends by itself; one that moves, or rests on purpose, does not."""

from __future__ import annotations

import faulthandler
import subprocess
import sys

import pytest

from delivery.sending.watchdog import LIMIT_SECONDS, Watchdog

STUCK = """
import threading, time
from delivery.sending.watchdog import Watchdog

def hangs(secret):
    threading.Lock().acquire()
    stuck = threading.Lock()
    stuck.acquire()
    stuck.acquire()

with Watchdog(time.monotonic, limit=0.2):
    hangs("user-Zq7x")
"""
REPLACED = "import io, sys; sys.stderr = io.StringIO()"
MOVING = """
import time
from delivery.sending.watchdog import Watchdog

now = [0.0]
with Watchdog(lambda: now[0], limit=3.0) as watchdog:
    for turn in range(8):
        now[0] += 1.0
        watchdog.feed()
        time.sleep(0.5)
    watchdog.rest()
    time.sleep(3.5)
print("done")
"""


def ended(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What faulthandler, which is not really asked, was asked to do."""
    asked: list[str] = []
    monkeypatch.setattr(
        faulthandler, "dump_traceback_later", lambda limit, **_: asked.append(f"end in {limit:.0f} s")
    )
    monkeypatch.setattr(faulthandler, "cancel_dump_traceback_later", lambda: asked.append("rest"))
    return asked


@pytest.mark.parametrize("program", [STUCK, REPLACED + STUCK], ids=["", "while its stderr is replaced"])
def test_a_process_that_hangs_ends_and_says_where_it_stood_and_nothing_personal(program: str) -> None:
    process = ended(program)
    assert process.returncode == 1
    assert "in hangs" in process.stderr
    assert "Zq7x" not in process.stderr


def test_a_process_that_moves_or_rests_is_left_alone() -> None:
    assert ended(MOVING).stdout == "done\n"


RAISING = """
import threading, time
from delivery.sending.watchdog import Watchdog

try:
    with Watchdog(time.monotonic, limit=0.3):
        raise ValueError("the body")
except ValueError:
    threading.Event().wait(1.0)
print("done")
"""


def test_the_watch_is_over_once_the_body_has_raised() -> None:
    assert ended(RAISING).stdout == "done\n"


def test_after_its_block_nothing_is_watched(watch: list[str]) -> None:
    with Watchdog(lambda: 0.0):
        assert watch == [f"end in {LIMIT_SECONDS:.0f} s"]
    assert watch[1:] == ["rest"]


def test_after_a_rest_the_next_feeding_watches_at_once(watch: list[str]) -> None:
    with Watchdog(lambda: 0.0, limit=9.0) as watchdog:
        watchdog.rest()
        watchdog.feed()
    assert watch == ["end in 9 s", "rest", "end in 9 s", "rest"]


def test_what_takes_long_as_a_whole_feeds_with_each_part(watch: list[str]) -> None:
    now = [0.0]
    with Watchdog(lambda: now[0], limit=9.0) as watchdog:
        for now[0] in watchdog.over(iter((5.0, 10.0, 15.0))):
            pass
        assert watch == ["end in 9 s"] * 3


def test_fed_at_every_turn_it_asks_once_a_second(watch: list[str]) -> None:
    now = [0.0]
    with Watchdog(lambda: now[0], limit=9.0) as watchdog:
        for now[0] in (0.0, 0.5, 0.9, 1.0, 1.9, 2.0):
            watchdog.feed()
        assert watch == ["end in 9 s"] * 3
