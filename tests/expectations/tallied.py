"""The tallies of checked events that are in no stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pyspark.sql import DataFrame

from expectations.rules import Rules
from expectations.tallies import add_up, distinct_among


def tallies_of(rules: Rules, checked: DataFrame, columns: Sequence[str] = ()) -> Counter[str]:
    """Return what the job takes of a stage with these rows."""
    keys = (*rules.check_columns(), *columns, *rules.distinct_columns())
    groups = {tuple(row[:-1]): row[-1] for row in checked.groupBy(*keys).count().collect()}
    counts = add_up(rules, groups, columns)
    counts.update(distinct_among(rules, groups))
    return counts
