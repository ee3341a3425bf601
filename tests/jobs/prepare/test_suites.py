from __future__ import annotations

from expectations import columns
from transforms import names


def test_a_suite_sees_the_columns_that_shaping_makes() -> None:
    assert columns.EVENT_COLUMNS == names.EVENT_COLUMNS
