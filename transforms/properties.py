"""The event's properties: typed columns for the checks, and the JSON string that PutEvents takes.

Personalize wants `properties` as a *string* that holds a JSON object (botocore's personalize-events model,
Event.properties); its values are written as strings and null keys are left out, the safe side of what AWS
does not document. A string that happens to be JSON stays a string. Which field has which key is decided in
`properties_plan`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from transforms.identity import identity
from transforms.interactions_schema import AvroType
from transforms.properties_plan import Property
from transforms.scalars import as_text, is_no_text, is_unreadable, read_as

UNREADABLE_PREFIX = "_unreadable_"
"""`_unreadable_<key>`: true where the mapped value was there but is not of the field's type.

For a string field: where it is an array that, joined, would be read as another one.
"""

_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class MappedProperty:
    """A property, the column that holds its mapped value, and that column's type."""

    plan: Property
    value: Column
    value_type: T.DataType

    @property
    def key(self) -> str:
        """The key in the JSON object, and the name of the typed column."""
        return self.plan.key

    def typed(self) -> Column:
        """Read the value as the schema field's type, under the property's key.

        An array for a string field is joined with `|`, Personalize's form of several values (developer
        guide, Schemas); an empty one is null. See `unreadable` for what can't be joined.

        Raises:
            InputError: the type can't hold the field.
        """
        where = f"mapping.properties.{self.plan.field}"
        value, value_type = self.value, self.value_type
        if isinstance(value_type, T.ArrayType) and self.plan.type == "string":
            value, value_type = _joined(value, _texts(value, value_type)), _checked_element(value_type, where)
        return read_as(value, value_type, self.plan.type, where).alias(self.key)

    def unreadable(self) -> Column:
        """Return whether the value was lost, as `_unreadable_<key>`; needs the typed column next to the value.

        For a string field, whether it is an array with a null or with the separator in an element: joined, it would be
        the same as another array.
        """
        if self.plan.type != "string":
            lost = is_unreadable(self.value, F.col(self.key))
        elif isinstance(self.value_type, T.ArrayType):
            lost = _is_ambiguous(_texts(self.value, self.value_type))
        else:
            lost = F.lit(False)  # invalid text, as bytes may be, has a rule of its own
        return lost.alias(UNREADABLE_PREFIX + self.key)

    def no_text(self) -> Column:
        """Return whether a string field's value is not valid UTF-8; needs the typed column next to the value."""
        if isinstance(self.value_type, T.ArrayType):
            return (F.size(self.value) > 0) & F.col(self.key).isNull()
        return is_no_text(self.value, self.value_type)

    def identity(self) -> Column:
        """Return what enters an event id: the typed column or, for a number that is sent as text, its `identity`."""
        if self.plan.type != "string":
            return F.col(self.key)
        if isinstance(self.value_type, T.ArrayType):
            texts = _texts(self.value, self.value_type)
            return _joined(self.value, identity(self.value, texts, self.value_type))
        return identity(self.value, F.col(self.key), self.value_type)

    def is_fractional(self) -> bool:
        """Return whether `identity` is a floating-point number."""
        return self.plan.type in ("float", "double")


def properties_json(properties: Sequence[Property]) -> Column:
    """Write the typed columns as one JSON object of strings; null when every property is null."""
    if not properties:
        return F.lit(None).cast("string")
    fields = [sent_text(planned).alias(planned.key) for planned in properties]
    return F.when(F.coalesce(*fields).isNotNull(), F.to_json(F.struct(*fields)))


def sent_text(planned: Property) -> Column:
    """Write a property's typed column as the text that is sent; a string was written when it was read."""
    return typed_text(F.col(planned.key), planned.type)


def typed_text(column: Column, kind: AvroType) -> Column:
    """Write a column that was read as `kind` as text."""
    fractional: dict[str, T.DataType] = {"float": T.FloatType(), "double": T.DoubleType()}
    return as_text(column, fractional[kind]) if kind in fractional else column.cast("string")


def _texts(values: Column, array: T.ArrayType) -> Column:
    element = array.elementType
    if isinstance(element, (T.FloatType, T.DoubleType, T.DecimalType)):
        return F.transform(values, lambda each: as_text(each, element))
    return values.cast("array<string>")


def _joined(values: Column, texts: Column) -> Column:
    return F.when(F.size(values) > 0, F.array_join(texts, _SEPARATOR))


def _is_ambiguous(texts: Column) -> Column:
    """Return whether other elements would be joined to the same text: one is null, or holds the separator."""
    ambiguous = F.exists(texts, lambda each: each.isNull() | each.contains(_SEPARATOR))
    return F.coalesce(ambiguous, F.lit(False))


def _checked_element(array: T.ArrayType, where: str) -> T.DataType:
    """Judge the array by its elements; the joined text itself is a string."""
    read_as(F.lit(None), array.elementType, "string", where)
    return T.StringType()
