"""Each order is news once, and all of them are known to a partition that comes later."""

from __future__ import annotations

from delivery.pacing.driver.orders import Orders


def test_nothing_is_news_where_nothing_was_ordered() -> None:
    orders = Orders(100)
    assert (orders.news(), orders.given(), orders.new_rate(), orders.holds) == ({}, {}, None, False)


def test_each_order_is_news_once_and_taken_back_once() -> None:
    orders = Orders(100)
    orders.hold(holds=True)
    assert (orders.news(), orders.news()) == ({"hold": True}, {})
    orders.hold(holds=False)
    assert (orders.news(), orders.news()) == ({"hold": False}, {})


def test_who_comes_later_gets_the_state_of_now() -> None:
    orders = Orders(100)
    orders.hold(holds=True)
    orders.news()
    orders.rate = 25
    orders.hold(holds=False)
    orders.stop = ("enough", 2.0)
    orders.news()
    assert orders.given() == {"hold": False, "share": 0.25, "stop": ("enough", 2.0)}


def test_a_rate_is_new_once_and_its_share_goes_back_to_all_of_it() -> None:
    orders = Orders(100)
    orders.rate = 25
    assert (orders.new_rate(), orders.new_rate()) == (25, None)
    assert orders.news() == {"share": 0.25}
    orders.rate = 100
    assert (orders.new_rate(), orders.news()) == (100, {"share": 1.0})
