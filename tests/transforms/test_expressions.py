from __future__ import annotations

import logging
import re

import pytest
from pyspark.sql import DataFrame, SparkSession

from core.errors import InputError
from transforms.expressions import resolve

pytestmark = pytest.mark.spark

WHERE = "mapping.itemId"


@pytest.fixture
def rows(spark: SparkSession) -> DataFrame:
    nested = "events array<struct<aid: long, ts: long>>, e struct<aid: long>"
    schema = f"USER_ID long, ITEM_ID string, `odd name` string, {nested}"
    return spark.createDataFrame([(1, "a", "b", [(5, 6)], (7,))], schema)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("USER_ID", 1),
        ("user_id + 1", 2),
        ("'click'", "click"),
        ("`odd name`", "b"),
        ("e.aid", 7),
        ("events[0].ts", 6),
        ("events.aid", [5]),
        ("concat_ws('|', ITEM_ID, `odd name`)", "a|b"),
        ("USER_ID as x", 1),
        ("transform(events, x -> x.aid)", [5]),
        ("date'2026-01-01' is not null", True),
    ],
)
def test_an_expression_is_a_column_of_each_row(rows: DataFrame, expression: str, value: object) -> None:
    assert rows.select(resolve(rows, expression, WHERE).alias("x")).first() == (value,)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("ITEMID", r"there is no column ITEMID; the nearest (is|are) ITEM_ID"),
        ("USERS_ID + 1", "there is no column USERS_ID; the nearest is USER_ID"),
        ("e.aidd", "aidd"),
        ("event.aid", "there is no column event.aid; the nearest (is|are) .*events.aid"),
        ("click", "there is no column click; there are USER_ID, ITEM_ID.*put a constant text in SQL quotes"),
        ("a b c", "Syntax error at or near 'c'"),
        ("ITEM_ID = 'a' and", "its last word, and, for a name of the result. Complete the expression"),
        ("USER_ID ITEM_ID", "its last word, ITEM_ID, for a name"),
        ("USER_ID, ITEM_ID", "Syntax error at or near ','"),
        ("nosuch(USER_ID)", r"Cannot resolve \w+ `nosuch`"),
        ("USER_ID.x", "Can't extract a value from"),
        ("cast(USER_ID as foo)", "Unsupported data type"),
        ("USER_ID + map(1, 2)", "data type mismatch"),
        ("*", "gives 5 columns where one is wanted"),
        ("sum(USER_ID)", "no aggregate, window, explode or subquery"),
        ("row_number() over (order by USER_ID)", "no aggregate, window, explode or subquery"),
        ("explode(events)", "no aggregate, window, explode"),
        ("(select 1)", "explode or subquery"),
        ("USER_ID in (select 1)", "explode or subquery"),
    ],
)
def test_what_cannot_be_one_is_refused_in_one_sentence(
    rows: DataFrame, expression: str, sentence: str
) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(WHERE)}: .*{sentence}") as caught:
        resolve(rows, expression, WHERE)
    assert "\n" not in str(caught.value)
    assert "SQLSTATE" not in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        "rand()",
        "uuid()",
        "current_timestamp()",
        "unix_timestamp()",
        "date_format(now(), 'y')",
        "current_date",
        "timestamp'now'",
        "monotonically_increasing_id()",
        "spark_partition_id()",
        "input_file_name()",
        "shuffle(events)",
        "transform(events, x -> rand())",
    ],
)
def test_what_a_second_run_would_see_differently_is_refused(rows: DataFrame, expression: str) -> None:
    with pytest.raises(InputError, match="depends on chance, clock, file or partition"):
        resolve(rows, expression, WHERE)


def test_a_filter_by_the_clock_below_does_not_taint_the_columns_above(rows: DataFrame) -> None:
    recent = rows.filter("current_date() > date'2020-01-01'")
    assert recent.select(resolve(recent, "USER_ID", WHERE)).first() == (1,)


@pytest.mark.parametrize(
    "expression",
    [
        "'secret' + map(1, 2)",
        '"secret" + map(1, 2)',
        "USER_ID = 'secret' 'b' c d",
        "ITEM_ID = 918273 x y",
        "concat('secret', array(map(1, 2))) > map(918273, 1)",
    ],
)
def test_no_literal_of_an_expression_is_quoted(rows: DataFrame, expression: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve(rows, expression, WHERE)
    assert "secret" not in str(caught.value)
    assert "918273" not in str(caught.value)


def test_pyspark_logs_no_stack_trace_of_its_own(rows: DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[logging.LogRecord] = []
    monkeypatch.setattr(logging.Logger, "handle", lambda _, record: logged.append(record))
    with pytest.raises(InputError):
        resolve(rows, "NOPE", WHERE)
    assert logged == []
    logging.getLogger("anyone").error("heard again")
    assert [record.msg for record in logged] == ["heard again"]


def test_no_spark_exception_hangs_behind_the_sentence(rows: DataFrame) -> None:
    with pytest.raises(InputError) as caught:
        resolve(rows, "NOPE", WHERE)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "expression", ["row_number() over (order by USER_ID)", "lag(ITEM_ID) over (order by USER_ID)"]
)
def test_a_window_is_refused_over_rows_of_any_plan(rows: DataFrame, expression: str) -> None:
    """Over rows that were projected before, as a log's are, it had passed: its value, and so the event's id, depends
    on which other rows were read.
    """
    for frame in (rows.select("*"), rows.where("USER_ID > 0").select("USER_ID", "ITEM_ID")):
        assert frame.select(resolve(frame, "upper(ITEM_ID)", WHERE)).first() == ("A",)
        with pytest.raises(InputError, match="Use no aggregate, window"):
            resolve(frame, expression, WHERE)
