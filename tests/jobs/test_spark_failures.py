from __future__ import annotations

from typing import Any, cast

import pytest
from py4j.protocol import Py4JError, Py4JNetworkError
from pyspark.errors import AnalysisException

from jobs.spark_failures import has_stopped, is_gone, usage_error

SHUT_DOWN = AnalysisException("Job 3 cancelled because SparkContext was shut down [INTERNAL_ERROR]")


@pytest.mark.parametrize(
    "error",
    [
        Py4JNetworkError("Answer from Java side is empty"),
        Py4JError("An error"),
        ConnectionRefusedError(),
        SHUT_DOWN,
        AnalysisException("java.lang.IllegalStateException: SparkContext has been shutdown"),
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


class Context:
    """A Spark that answers whether it has stopped, or raises."""

    def __init__(self, answer: object) -> None:
        self._answer = answer
        self._jsc = self

    def sc(self) -> Context:
        return self

    def isStopped(self) -> object:  # noqa: N802 - Spark's own name
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("answer", "stopped"),
    [(True, True), (False, False), (Py4JNetworkError(), True), (ConnectionRefusedError(), True)],
)
def test_a_spark_that_stops_or_answers_no_more_has_stopped(answer: object, stopped: object) -> None:
    assert has_stopped(cast("Any", Context(answer))) is stopped
