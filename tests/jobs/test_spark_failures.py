from __future__ import annotations

import pytest
from py4j.protocol import Py4JError, Py4JNetworkError
from pyspark.errors import AnalysisException

from jobs.spark_failures import is_gone, usage_error

SHUT_DOWN = AnalysisException("Job 3 cancelled because SparkContext was shut down [INTERNAL_ERROR]")


@pytest.mark.parametrize(
    "error",
    [
        Py4JNetworkError("Answer from Java side is empty"),
        Py4JError("An error"),
        ConnectionRefusedError(),
        SHUT_DOWN,
    ],
)
def test_however_it_shows_a_spark_that_has_ended_is_known(error: Exception) -> None:
    assert is_gone(error)


@pytest.mark.parametrize("error", [AnalysisException("[PARSE_SYNTAX_ERROR] near 'x'"), ValueError("no")])
def test_what_spark_says_of_an_expression_is_not_its_end(error: Exception) -> None:
    assert not is_gone(error)


def test_no_one_is_told_to_mend_an_expression_because_spark_was_shut_down() -> None:
    assert usage_error(SHUT_DOWN) is None
    assert "PARSE_SYNTAX_ERROR" in str(usage_error(AnalysisException("[PARSE_SYNTAX_ERROR] near 'x'")))
