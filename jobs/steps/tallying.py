"""Every count of a stage that the verdict and the account need."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial

from pyspark.sql import DataFrame

from expectations.rules import Rules
from expectations.tallies import MAX_GROUPS, Groups, add_up, count_distinct, distinct_among
from jobs.steps.staged_files import StagedFile, are_few, count_groups
from transforms.events import NO_TEXT, UNIT_INSTEAD
from transforms.staging import FIRST_OF_REQUEST

_COUNTED = (UNIT_INSTEAD, NO_TEXT, FIRST_OF_REQUEST)


def take_tallies(
    rules: Rules, files: Sequence[StagedFile], staged: DataFrame, max_groups: int = MAX_GROUPS
) -> Mapping[str, int]:
    """Return the rules' tallies, the units' votes, the mapping's keys without text, and the requests that are needed.

    `staged`: the same rows as Spark reads them. Its errors are passed on.

    Raises:
        StorageError: a file can't be read.
    """
    count = partial(count_groups, files) if are_few(files) else partial(_count_with_spark, staged)
    keys = (*rules.check_columns(), *_COUNTED)
    groups = count((*keys, *rules.distinct_columns()), max_groups)
    if len(groups) <= max_groups:
        counts, distinct = add_up(rules, groups, _COUNTED), distinct_among(rules, groups)
    else:
        counts, distinct = add_up(rules, count(keys, math.inf), _COUNTED), count_distinct(rules, staged)
    counts.update(distinct)
    return counts


def _count_with_spark(staged: DataFrame, columns: Sequence[str], max_groups: float) -> Groups:
    """Return the same as `count_groups`, of more rows than the driver can count itself."""
    counted = staged.groupBy(*columns).count()
    rows = (counted if math.isinf(max_groups) else counted.limit(int(max_groups) + 1)).collect()
    return {tuple(row[:-1]): row[-1] for row in rows}
