from __future__ import annotations

import json

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from core.errors import InputError
from transforms.properties import MappedProperty, properties_json
from transforms.properties_plan import Property


def plan(key: str, kind: str) -> Property:
    return Property(key.upper(), key, "unused", kind, nullable=True, categorical=False)


def test_properties_are_one_json_object_of_strings_without_nulls(spark: SparkSession) -> None:
    plans = [
        plan("discount", "string"),
        plan("stars", "int"),
        plan("isNew", "boolean"),
        plan("price", "double"),
    ]
    rows = [
        ('10 % "off" \\ ü\n', 3, True, 1.5),
        ('{"a": 1}', None, None, None),
        ("", None, False, None),
        (None, None, None, None),
    ]
    df = spark.createDataFrame(rows, "discount string, stars int, isNew boolean, price double")
    written = [row[0] for row in df.select(properties_json(plans)).collect()]
    assert [text and json.loads(text) for text in written] == [
        {"discount": '10 % "off" \\ ü\n', "stars": "3", "isNew": "true", "price": "1.5"},
        {"discount": '{"a": 1}'},
        {"discount": "", "isNew": "false"},
        None,
    ]
    assert df.select(properties_json([])).first()[0] is None  # type: ignore[index]


def test_an_array_for_a_string_field_is_joined_and_never_unreadable(spark: SparkSession) -> None:
    array = T.ArrayType(T.StringType())
    df = spark.createDataFrame([(["a", "b"],), ([],), (None,)], T.StructType([T.StructField("v", array)]))
    genres = MappedProperty(plan("genres", "string"), F.col("v"), array)
    rows = df.select("v", genres.typed()).select("genres", genres.unreadable()).collect()
    assert [tuple(row) for row in rows] == [("a|b", False), (None, False), (None, False)]


def test_an_array_that_reads_as_another_once_joined_is_unreadable(spark: SparkSession) -> None:
    """`["a|b"]` and `["a", "b"]` would be one text and one event."""
    array = T.ArrayType(T.StringType())
    values = [["a|b"], ["a", None, "b"], [None], ["|"], ["a", ""], [""], ["a"]]
    df = spark.createDataFrame([(value,) for value in values], T.StructType([T.StructField("v", array)]))
    genres = MappedProperty(plan("genres", "string"), F.col("v"), array)
    rows = df.select("v", genres.typed()).select("genres", genres.unreadable()).collect()
    assert [row[1] for row in rows] == [True, True, True, True, False, False, False]
    assert [row[0] for row in rows if not row[1]] == ["a|", "", "a"]


@pytest.mark.parametrize(("kind", "missing"), [("array<double>", "double('NaN')"), ("array<int>", "null")])
def test_a_missing_number_in_an_array_makes_it_unreadable(
    spark: SparkSession, kind: str, missing: str
) -> None:
    df = spark.sql(f"select array(1, {missing}) v union all select array(1, 2)").selectExpr(
        f"cast(v as {kind}) v"
    )
    sizes = MappedProperty(plan("sizes", "string"), F.col("v"), df.schema["v"].dataType)
    rows = df.select("v", sizes.typed()).select(sizes.unreadable()).collect()
    assert [row[0] for row in rows] == [True, False]


def test_a_number_sent_as_text_is_identified_by_it_if_it_is_whole(spark: SparkSession) -> None:
    df = spark.createDataFrame([(0.1,), (5.0,), (None,)], "v double")
    price = MappedProperty(plan("price", "string"), F.col("v"), T.DoubleType())
    rows = df.select("v", price.typed()).select("price", price.identity(), F.xxhash64("v")).collect()
    assert [row[0] for row in rows] == ["0.1", "5", None]
    assert [row[1] for row in rows] == [str(rows[0][2]), "5", None]
    assert not price.is_fractional()
    assert MappedProperty(plan("price", "double"), F.col("v"), T.DoubleType()).is_fractional()


def test_a_value_of_the_wrong_type_is_null_and_marked(spark: SparkSession) -> None:
    df = spark.createDataFrame([("3",), ("3.7",), (None,)], "v string")
    stars = MappedProperty(plan("stars", "int"), F.col("v"), T.StringType())
    rows = df.select("v", stars.typed()).select("stars", stars.unreadable()).collect()
    assert [tuple(row) for row in rows] == [(3, False), (None, True), (None, False)]
    assert rows[0].__fields__ == ["stars", "_unreadable_stars"]


@pytest.mark.parametrize(
    ("kind", "value_type"),
    [
        ("string", T.MapType(T.StringType(), T.StringType())),
        ("string", T.ArrayType(T.ArrayType(T.StringType()))),
        ("int", T.ArrayType(T.IntegerType())),
    ],
)
@pytest.mark.usefixtures("spark")
def test_complex_columns_are_refused_before_any_row_is_read(kind: str, value_type: T.DataType) -> None:
    with pytest.raises(InputError, match=r"mapping\.properties\.STARS"):
        MappedProperty(plan("stars", kind), F.col("v"), value_type).typed()
