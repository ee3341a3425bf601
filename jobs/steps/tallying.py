"""Every count of a stage that the verdict and the account need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame

from expectations.rules import Rules
from expectations.tallies import MAX_GROUPS, add_up, count_distinct, distinct_among
from jobs.steps.staged_files import StagedFile, count_groups
from transforms.events import NO_TEXT, UNIT_INSTEAD
from transforms.staging import FIRST_OF_REQUEST

_COUNTED = (UNIT_INSTEAD, NO_TEXT, FIRST_OF_REQUEST)


def take_tallies(
    rules: Rules, files: Sequence[StagedFile], staged: DataFrame, max_groups: int = MAX_GROUPS
) -> Mapping[str, int]:
    """Return the rules' tallies, the units' votes, the mapping's keys without text, and the requests that are needed.

    `staged`: what Spark reads of the same files, for values that are too many for the driver. Spark's errors are passed
    on.

    Raises:
        StorageError: a file can't be read.
    """
    keys = (*rules.check_columns(), *_COUNTED)
    groups = count_groups(files, (*keys, *rules.distinct_columns()), max_groups)
    if len(groups) <= max_groups:
        counts, distinct = add_up(rules, groups, _COUNTED), distinct_among(rules, groups)
    else:
        counts = add_up(rules, count_groups(files, keys), _COUNTED)
        distinct = count_distinct(rules, staged)
    counts.update(distinct)
    return counts
