"""A region's price is its group's, and the configuration's outranks it."""

from __future__ import annotations

from datetime import date

import pytest

from jobs.prices import PriceGroup, PriceTable, price_in, read_prices

TABLE = PriceTable(
    looked_up="2026-01-02",
    source="somewhere",
    groups=(
        PriceGroup(name="all", prefix="", currency="USD", price_per_gb=2.0),
        PriceGroup(name="China", prefix="cn-", currency="CNY", price_per_gb=None),
    ),
)


def test_the_longest_prefix_that_fits_is_the_regions_group() -> None:
    assert (price_in("eu-west-1", TABLE, None).per_gb, price_in("eu-west-1", TABLE, None).currency) == (
        2.0,
        "USD",
    )
    assert (price_in("cn-north-1", TABLE, None).per_gb, price_in("cn-north-1", TABLE, None).currency) == (
        None,
        "CNY",
    )


def test_a_price_says_where_and_when_it_was_looked_up() -> None:
    assert price_in("eu-west-1", TABLE, None).source == "somewhere (2026-01-02, all)"


@pytest.mark.parametrize("own", [0.0, 1.5])
def test_the_configurations_price_outranks_the_table(own: float) -> None:
    price = price_in("eu-west-1", TABLE, own)
    assert (price.per_gb, price.currency, price.source) == (own, "USD", "plan.price_per_gb")


def test_the_table_that_comes_with_the_job_has_a_group_for_every_region_a_date_and_a_source() -> None:
    table = read_prices()
    assert any(group.prefix == "" for group in table.groups)
    assert date.fromisoformat(table.looked_up)
    assert "https://" in table.source
