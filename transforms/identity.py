"""The form of a value that enters an event id: the same for every type that the value may be read as, on any Java.

The files of a source are read as their widest type: a whole number in one file is read as a double as soon as another
file has fractions, or a missing number written by pandas. Its text stays the same, but the text of a fraction does not:
a float is written shorter than the same number as a double, and JDK 19 changed how doubles are written.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from transforms.scalars import FRACTIONAL, is_whole, whole_text


def identity(value: Column, text: Column, data_type: T.DataType) -> Column:
    """Return what enters an event id for a value that is sent as `text`: the text, or the bits of a fraction.

    For an array, the same for each element; `text` is then an array, too.
    """
    if isinstance(data_type, FRACTIONAL):
        return _of_number(value)
    if isinstance(data_type, T.ArrayType) and isinstance(data_type.elementType, FRACTIONAL):
        return F.transform(value, _of_number)
    return text


def bits(number: Column) -> Column:
    """Replace a floating-point number's text, which depends on the Java, by a one-to-one image of its 64 bits.

    A float has the bits of the same number as a double. xxHash64 of eight bytes is a bijection; Spark hashes -0.0 as
    0.0, and all NaNs alike.
    """
    # nanvl: Spark's SimplifyCasts would undo the rounding of a whole number that was cast to a float before.
    rounded = F.nanvl(number, number).cast("double")
    return F.when(number.isNotNull(), F.xxhash64(rounded)).cast("string")


def _of_number(number: Column) -> Column:
    return F.when(is_whole(number), whole_text(number)).when(~F.isnan(number), bits(number))
