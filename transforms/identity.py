"""The image of a value that an event id depends on: the same for each type as which the value may be read, on any Java.

Files of a source are read as their widest type: a whole number of one file is a double as soon as another file has
fractions or, of pandas, a missing number. Its text stays as it was, but a fraction's does not: a float is written
shorter than the same number as a double, and JDK 19 changed how doubles are written.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from transforms.scalars import FRACTIONAL, is_whole, whole_text


def identity(value: Column, text: Column, data_type: T.DataType) -> Column:
    """Return what an event id may depend on of a value that is sent as `text`: that, but the bits of a true fraction.

    Of an array the same for each element; `text` is then an array, too.
    """
    if isinstance(data_type, FRACTIONAL):
        return _of_number(value)
    if isinstance(data_type, T.ArrayType) and isinstance(data_type.elementType, FRACTIONAL):
        return F.transform(value, _of_number)
    return text


def bits(number: Column) -> Column:
    """Replace a floating-point number's text, which depends on the Java, by a one-to-one image of its 64 bits.

    A float has those of the same number as a double. xxHash64 of eight bytes is a bijection; Spark makes -0.0 and 0.0
    one, and so all NaNs.
    """
    # Of a whole number that was rounded to a float, Spark's SimplifyCasts would take the digits before.
    rounded = F.nanvl(number, number).cast("double")
    return F.when(number.isNotNull(), F.xxhash64(rounded)).cast("string")


def _of_number(number: Column) -> Column:
    return F.when(is_whole(number), whole_text(number)).when(~F.isnan(number), bits(number))
