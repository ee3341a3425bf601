"""A process in which nothing moves ends by itself; one that moves, or rests on purpose, does not."""

from __future__ import annotations

import subprocess
import sys

STUCK = """
import threading, time
from delivery.watchdog import Watchdog

def hangs(secret):
    threading.Lock().acquire()
    stuck = threading.Lock()
    stuck.acquire()
    stuck.acquire()

with Watchdog(time.monotonic, limit=0.2):
    hangs("user-Zq7x")
"""
MOVING = """
import time
from delivery.watchdog import Watchdog

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


def test_a_process_that_hangs_ends_and_says_where_it_stood_and_nothing_personal() -> None:
    process = ended(STUCK)
    assert process.returncode == 1
    assert "in hangs" in process.stderr
    assert "Zq7x" not in process.stderr


def test_a_process_that_moves_or_rests_is_left_alone() -> None:
    assert ended(MOVING).stdout == "done\n"


RAISING = """
import threading, time
from delivery.watchdog import Watchdog

try:
    with Watchdog(time.monotonic, limit=0.3):
        raise ValueError("the body")
except ValueError:
    threading.Event().wait(1.0)
print("done")
"""


def test_nobody_watches_any_more_once_the_body_has_raised() -> None:
    assert ended(RAISING).stdout == "done\n"
