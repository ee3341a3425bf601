"""An export is compared field by field in any undocumented form, and what has no form that is known is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from bulk.comparison import Compared, compare, counted
from bulk.export_files import UnknownFormatError, columns_of, exported_rows

pytestmark = pytest.mark.spark

KINDS = {
    "USER_ID": "string",
    "ITEM_ID": "string",
    "TIMESTAMP": "long",
    "EVENT_TYPE": "string",
    "EVENT_VALUE": "float",
    "NOTE": "string",
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


def result(spark: SparkSession, folder: Path, *files: str) -> Compared:
    for number, content in enumerate(files):
        path = folder / f"f{number}" / "part.csv"
        path.parent.mkdir(parents=True)
        path.write_text(content)
    schema = ", ".join(f"{name} string" for name in KINDS)
    columns = columns_of(files[0].partition("\n")[0], list(KINDS))
    kinds = {name: kind for name, kind in KINDS.items() if name in columns.names}
    exported = exported_rows(spark, str(folder), columns)
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
                HEADER.lower(),
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


def test_columns_that_the_export_lacks_are_not_compared(spark: SparkSession, tmp_path: Path) -> None:
    short = text("ITEM_ID,USER_ID,TIMESTAMP", "i,u1,1760000000", "i,u2,1760000000", "i,u3,1760000001")
    assert columns_of("ITEM_ID,USER_ID,TIMESTAMP", list(KINDS)).absent == (
        "EVENT_TYPE",
        "EVENT_VALUE",
        "NOTE",
        "MEMBER",
    )
    assert result(spark, tmp_path, short) == Compared(3, 0, 0)


@pytest.mark.parametrize("line", ["", "a,b", '{"USER_ID": 1}', "USER_ID,ITEM_ID"])
def test_a_header_that_does_not_say_who_did_what_when_is_no_known_format(line: str) -> None:
    with pytest.raises(UnknownFormatError, match=r"^the export's first line names no "):
        columns_of(line, list(KINDS))
