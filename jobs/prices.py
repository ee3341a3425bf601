"""What a GB of data costs in a region: from `prices.yaml`, or as the configuration says. It asks no service."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, FiniteFloat

_TABLE = files("jobs") / "prices.yaml"
_OWN = "plan.price_per_gb"


class PriceGroup(BaseModel):
    """The regions whose names begin with `prefix`; `price_per_gb` is None where nobody could be asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    prefix: str
    currency: str
    price_per_gb: FiniteFloat | None


class PriceTable(BaseModel):
    """All groups, the day they were looked up, and where."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    looked_up: str
    source: str
    groups: tuple[PriceGroup, ...]


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one GB of data, None where it is not known, in `currency`, and where that comes from."""

    per_gb: float | None
    currency: str
    source: str


def read_prices() -> PriceTable:
    """The table that comes with the job."""
    return PriceTable.model_validate(yaml.safe_load(_TABLE.read_text(encoding="utf-8")))


def price_in(region: str, table: PriceTable, own: float | None) -> Price:
    """The price in `region`; `own`, if there is one, outranks the table. One group has the prefix that fits all."""
    fitting = (group for group in table.groups if region.startswith(group.prefix))
    group = max(fitting, key=lambda group: len(group.prefix))
    if own is not None:
        return Price(own, group.currency, _OWN)
    return Price(group.price_per_gb, group.currency, f"{table.source} ({table.looked_up}, {group.name})")
