"""An export is compared field by field in any undocumented form, and what has no form that is known is unknown."""

from __future__ import annotations

from functools import reduce
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from bulk.comparison import OUTCOME, Compared, compare, counted
from bulk.export_files import UnknownFormatError, columns_of, readings, require_times

pytestmark = pytest.mark.spark

KINDS = {
    "USER_ID": "string",
    "ITEM_ID": "string",
    "TIMESTAMP": "long",
    "EVENT_TYPE": "string",
    "EVENT_VALUE": "float",
    "OUTCOME": "string",
    "MEMBER": "boolean",
}
ROWS = [
    ("u1", "i", "1760000000", "view", "0.1", 'say "hi", you', "True"),
    ("u2", "i", "1760000000", "view", None, None, None),
    ("u2", "i", "1760000000", "view", None, None, None),
    ("u3", "i", "1760000001", "buy", "5", "a\\b", "False"),
]
HEADER = ",".join(KINDS)
AS_RFC_4180 = [
    'u1,i,1760000000,view,0.1,"say ""hi"", you",true',
    "u2,i,1760000000,view,,,",
    "u3,i,1760000001,buy,5.0,a\\b,false",
]
OTHER = "live,i,1770000000,view,,,"


def read(spark: SparkSession, folder: Path, *files: str) -> tuple[DataFrame, ...]:
    for number, content in enumerate(files):
        path = folder / f"f{number}" / "part.csv"
        path.parent.mkdir(parents=True)
        path.write_text(content)
    return readings(spark, str(folder), columns_of(files[0].partition("\n")[0], list(KINDS)))


def result(spark: SparkSession, folder: Path, *files: str) -> Compared:
    schema = ", ".join(f"{name} string" for name in KINDS)
    rows = read(spark, folder, *files)
    require_times(rows)
    exported = reduce(DataFrame.unionByName, rows)
    kinds = {name: kind for name, kind in KINDS.items() if name in exported.columns}
    return counted(compare(spark.createDataFrame(ROWS, schema), exported, kinds))


def text(*lines: str) -> str:
    return "\n".join([*lines, ""])


@pytest.mark.parametrize(
    "files",
    [
        [text(HEADER, *AS_RFC_4180, OTHER)],
        [text(HEADER, AS_RFC_4180[0]), text(HEADER, *AS_RFC_4180[1:])],
        [text(HEADER, AS_RFC_4180[0]), text(*AS_RFC_4180[1:])],
        [
            text(
                f"\ufeff{HEADER.lower().replace('_', '')}",
                '"u1","i","1760000000000","view","1.0E-1","say \\"hi\\", you","1"',
                "u2,i,1760000000.5,view,,,",
                'u3,i,1760000001,buy,5,"a\\\\b",0',
            )
        ],
        [text(f"{HEADER},SOMETHING_NEW", *(f"{line},x" for line in AS_RFC_4180))],
    ],
    ids=["as expected", "two headers", "one header", "other forms", "another column"],
)
def test_every_form_of_an_export_that_says_the_same_is_found(
    spark: SparkSession, tmp_path: Path, files: list[str]
) -> None:
    assert result(spark, tmp_path, *files) == Compared(found=3, missing=0, unknown=0)


def test_what_is_not_there_is_missing_and_what_is_there_in_another_form_unknown(
    spark: SparkSession, tmp_path: Path
) -> None:
    other_form = 'u1,i,1760000000,view,"0,1",x,true'
    assert result(spark, tmp_path, text(HEADER, other_form, AS_RFC_4180[1])) == Compared(1, 1, 1)


@pytest.mark.parametrize("item", ['5" disc', "a\\b", "two\r\nlines", "two\nlines", " i", "i\t"])
def test_an_item_that_csv_writers_write_differently_is_unknown_where_it_is_not_found(
    spark: SparkSession, item: str
) -> None:
    kinds = {name: KINDS[name] for name in ("USER_ID", "ITEM_ID", "TIMESTAMP")}
    schema = ", ".join(f"{name} string" for name in kinds)
    ours = spark.createDataFrame([("u", item, "1"), ("u", "i, j", "1")], schema)
    theirs = spark.createDataFrame([("u", "another", "1")], schema)
    assert counted(compare(ours, theirs, kinds)) == Compared(found=0, missing=1, unknown=1)
    assert counted(compare(ours, ours, kinds)) == Compared(found=2, missing=0, unknown=0)


def test_rows_with_the_same_text_in_another_field_are_not_the_same(spark: SparkSession) -> None:
    """A null adds nothing to a hash."""
    kinds = {
        "USER_ID": "string",
        "ITEM_ID": "string",
        "TIMESTAMP": "long",
        "ONE": "string",
        "OTHER": "string",
    }
    schema = ", ".join(f"{name} string" for name in kinds)
    ours = spark.createDataFrame([("u", "i", "1", "x", None)], schema)
    theirs = spark.createDataFrame([("u", "i", "1", None, "x")], schema)
    assert counted(compare(ours, theirs, kinds)) == Compared(found=0, missing=0, unknown=1)


def test_a_zero_with_a_sign_is_a_zero(spark: SparkSession) -> None:
    """PutEvents takes the number -0.0 of a log; as text in a row of ours it is 0."""
    kinds = {name: KINDS[name] for name in ("USER_ID", "TIMESTAMP", "EVENT_VALUE")}
    schema = ", ".join(f"{name} string" for name in kinds)
    ours = spark.createDataFrame([("u", "1", "0"), ("v", "1", "-0.0")], schema)
    theirs = spark.createDataFrame([("u", "1", "-0.0"), ("v", "1", "0E0")], schema)
    assert counted(compare(ours, theirs, kinds)) == Compared(found=2, missing=0, unknown=0)


def test_an_event_type_in_another_case_is_unknown(spark: SparkSession, tmp_path: Path) -> None:
    lines = [line.replace("view", "View") for line in AS_RFC_4180]
    assert result(spark, tmp_path, text(HEADER, *lines)) == Compared(found=1, missing=0, unknown=2)


EVENTS = (
    "event_id string, USER_ID string, ITEM_ID string, TIMESTAMP string, EVENT_TYPE string, EVENT_VALUE string"
)


def test_of_the_rows_of_an_event_the_best_counts(spark: SparkSession) -> None:
    """`e1` was retried at another time, `e2` changed its value, `e3` lost its user, `e5` and `e6` are equal."""
    rows = [
        ("e1", "u1", "i", "1", "view", None),
        ("e1", "u1", "i", "2", "view", None),
        ("e2", "u2", "i", "1", "view", "1"),
        ("e2", "u2", "i", "9", "view", "1"),
        ("e3", None, "i", "1", "view", None),
        ("e3", "u3", "i", "1", "view", None),
        ("e4", "u4", "i", "1", "view", None),
        ("e4", "u4", "i", "2", "view", None),
        ("e5", "u5", "i", "1", "view", None),
        ("e6", "u5", "i", "1", "view", None),
    ]
    exported = [
        ("u1", "i", "2", "view", None),
        ("u2", "i", "1", "view", "2"),
        ("u5", "i", "1", "view", None),
    ]
    kinds = {
        **{name: KINDS[name] for name in ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE")},
        "EVENT_VALUE": "float",
    }
    theirs = spark.createDataFrame(exported, EVENTS.partition(", ")[2])
    compared = compare(spark.createDataFrame(rows, EVENTS), theirs, kinds, "event_id").collect()
    outcomes = {(row["USER_ID"], row["TIMESTAMP"], row[OUTCOME]) for row in compared}
    assert len(compared) == 5
    assert outcomes >= {
        ("u1", "2", "found"),
        ("u2", "1", "unknown"),
        (None, "1", "anonymous"),
        ("u5", "1", "found"),
    }
    assert {outcome for user, _, outcome in outcomes if user == "u4"} == {"missing"}


def test_times_in_seconds_or_milliseconds_are_known(spark: SparkSession, tmp_path: Path) -> None:
    times = ("1760000000", "1760000000000", "1760000000.25")
    require_times(read(spark, tmp_path, text(HEADER, *(f"u,i,{time},view,,," for time in times))))


@pytest.mark.parametrize("time", ["2025-10-09T08:53:20Z", ""])
def test_times_that_are_not_numbers_are_an_unknown_format(
    spark: SparkSession, tmp_path: Path, time: str
) -> None:
    exported = read(spark, tmp_path, text(HEADER, AS_RFC_4180[0], f"u,i,{time},view,,,"))
    with pytest.raises(UnknownFormatError, match="it has rows whose TIMESTAMP is not a number"):
        require_times(exported)


@pytest.mark.parametrize("note", ['"say ""hi"", you"', '"say \\"hi\\", you"'], ids=["doubled", "escaped"])
def test_one_way_of_reading_in_which_all_times_are_known_is_enough(
    spark: SparkSession, tmp_path: Path, note: str
) -> None:
    """In the other one the text before the time has more or fewer fields."""
    exported = read(spark, tmp_path, text("OUTCOME,USER_ID,ITEM_ID,TIMESTAMP", f"{note},u,i,1760000000"))
    require_times(exported)


def test_columns_that_the_export_lacks_are_not_compared(spark: SparkSession, tmp_path: Path) -> None:
    short = text("ITEM_ID,USER_ID,TIMESTAMP", "i,u1,1760000000", "i,u2,1760000000", "i,u3,1760000001")
    assert columns_of("ITEM_ID,USER_ID,TIMESTAMP", list(KINDS)).absent == (
        "EVENT_TYPE",
        "EVENT_VALUE",
        "OUTCOME",
        "MEMBER",
    )
    assert result(spark, tmp_path, short) == Compared(3, 0, 0)


@pytest.mark.parametrize("line", ["", "a,b", '{"USER_ID": 1}', "USER_ID,ITEM_ID"])
def test_a_header_without_user_item_or_time_is_an_unknown_format(line: str) -> None:
    with pytest.raises(UnknownFormatError, match=r"^the export's first line names no "):
        columns_of(line, list(KINDS))
