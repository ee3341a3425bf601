"""The figures of the sending follow from what the partitions reported, whenever one looks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.pacing.driver.progress import Progress
from jobs.progress.sending_figures import SendingFigures, SendingMeter

pauses = st.lists(st.floats(0.01, 20), min_size=1, max_size=60)


def steadily(pauses: list[float], rate: float, to_send: int = 10_000) -> list[SendingFigures]:
    """What is seen of requests of ten events each, so many a second, half of them throttled."""
    now = 0.0
    meter = SendingMeter(
        lambda: Progress(
            request_attempts=int(now * rate),
            throttled_attempts=int(now * rate) // 2,
            events_delivered=int(now * rate) // 2 * 10,
        ),
        to_send,
        100.0,
    )
    seen = []
    for pause in pauses:
        now += pause
        seen.append(meter(now))
    return seen


@given(st.lists(st.floats(0.5, 20), min_size=1, max_size=60), st.integers(10, 1000))
def test_a_steady_rate_is_measured_right_at_any_pace_of_polling(pauses: list[float], rate: int) -> None:
    for figures in steadily(pauses, rate):
        assert figures.requests_per_second == pytest.approx(rate, abs=4)
        assert figures.throttled_per_second == pytest.approx(rate / 2, abs=4)


@given(pauses, st.integers(0, 1000), st.integers(1, 10_000))
def test_no_figure_leaves_its_bounds(pauses: list[float], rate: int, to_send: int) -> None:
    for figures in steadily(pauses, rate, to_send):
        assert 0 <= figures.share_done <= 1
        assert figures.requests_per_second >= 0
        assert figures.seconds_left is None or 0 <= figures.seconds_left < math.inf


def test_the_rate_is_of_now_and_the_time_left_of_half_a_minute() -> None:
    reported = Progress()
    meter = SendingMeter(lambda: reported, 10_000, 100.0)
    for second in range(1, 61):  # 50 requests/s, and after the first half minute a tenth of that
        attempts = 50 * min(second, 30) + 5 * max(0, second - 30)
        reported = Progress(request_attempts=attempts, events_delivered=attempts)
        figures = meter(float(second))
        if second == 34:
            lately = figures
    assert lately.requests_per_second == pytest.approx((50 + 4 * 5) / 5)
    assert lately.seconds_left == pytest.approx((10_000 - 1520) / ((26 * 50 + 4 * 5) / 30))
    assert figures.requests_per_second == pytest.approx(5)
    assert figures.seconds_left == pytest.approx((10_000 - 1650) / 5)


def test_the_time_left_is_of_the_requests_left_at_the_rate_that_is_allowed_now() -> None:
    """An operator looks at it most of all after a change of the rate, or a pause."""
    reported = Progress()
    meter = SendingMeter(lambda: reported, 10_000, 30.0, requests_to_send=2000)
    attempts, left = 0, []
    for second in range(1, 81):
        rate, paused = (30 if second <= 40 else 5), 50 < second <= 60
        attempts += 0 if paused else rate
        reported = Progress(
            request_attempts=attempts,
            requests_delivered=attempts,
            events_delivered=7 * attempts,
            rate=rate,
            paused=paused,
        )
        left.append(meter(float(second)).seconds_left)
    assert left[39] == pytest.approx((2000 - 40 * 30) / 30)
    assert left[40] is None, "one reading is no rate"
    assert left[41] == pytest.approx((2000 - 40 * 30 - 2 * 5) / 5)
    assert left[50:61] == [None] * 11
    assert left[61:63] == pytest.approx([(2000 - 40 * 30 - (second - 50) * 5) / 5 for second in (62, 63)])


def test_the_first_figures_have_a_time_left_however_late_they_are() -> None:
    reported = Progress(request_attempts=4900, requests_delivered=4900, rate=490.0)
    meter = SendingMeter(lambda: reported, 100_000, 500.0, requests_to_send=9800)
    assert meter(10.0).seconds_left == pytest.approx(10.0)


def test_the_wait_for_the_first_request_makes_no_rate_look_low() -> None:
    reported = Progress()
    meter = SendingMeter(lambda: reported, 1000, 100.0)
    assert [meter(second).seconds_left for second in (1.0, 9.0)] == [None, None]
    reported = Progress(request_attempts=100, events_delivered=200)
    figures = meter(10.0)
    assert (figures.requests_per_second, figures.seconds_left) == (100.0, 4.0)


def test_a_service_that_takes_nothing_leaves_no_time_to_tell() -> None:
    meter = SendingMeter(lambda: Progress(request_attempts=50, throttled_attempts=50), 1000, 100.0)
    figures = meter(5.0)
    assert (figures.share_done, figures.seconds_left, figures.throttled_per_second) == (0.0, None, 10.0)


def test_what_the_driver_knows_is_passed_on_but_for_a_reason_to_stop() -> None:
    """A reason may quote the service."""
    reported = Progress(
        request_attempts=5,
        events_delivered=50,
        partitions=3,
        rate=42.0,
        stop_reason="the service said: user-7",
    )
    figures = SendingMeter(lambda: reported, 0, 100.0)(1.0)
    assert (figures.partitions, figures.allowed_requests_per_second, figures.stopping) == (3, 42.0, True)
    assert figures.seconds_left is None
    assert figures.share_done == 1.0
    assert "user-7" not in repr(figures)
