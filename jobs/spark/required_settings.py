"""The Spark settings that a promise depends on: they override any default of a cluster or command of a user.

Each can change a value, a row, a file or an order, or shows one. A setting that a Spark does not know has no effect
there. Settings that only change speed are elsewhere.
"""

from __future__ import annotations

_SQL = {
    # What cannot be read becomes null and is rejected by name, row by row; with ANSI it would end the run.
    "spark.sql.ansi.enabled": "false",
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",
    "spark.sql.ansi.enforceReservedKeywords": "false",
    # The rules' and the user's own SQL: '\\d' is one digit, `a.b` a name and no pattern, 1e3 a double.
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.parser.quotedRegexColumnNames": "false",
    "spark.sql.legacy.exponentLiteralAsDecimal.enabled": "false",
    "spark.sql.legacy.literal.pickMinimumPrecision": "true",
    "spark.sql.lateralColumnAlias.enableImplicitResolution": "true",
    "spark.sql.legacy.followThreeValuedLogicInArrayExists": "true",
    "spark.sql.legacy.negativeIndexInArrayInsert": "false",
    "spark.sql.legacy.sizeOfNull": "true",
    "spark.sql.legacy.duplicateBetweenInput": "false",
    "spark.sql.legacy.consecutiveStringLiterals.enabled": "false",
    "spark.sql.legacy.bangEqualsNot": "false",
    "spark.sql.legacy.setopsPrecedence.enabled": "false",
    "spark.sql.legacy.allowNullComparisonResultInArraySort": "false",
    "spark.sql.legacy.disableMapKeyNormalization": "false",
    "spark.sql.mapKeyDedupPolicy": "EXCEPTION",
    # Columns match by name, case aside, and compare byte by byte.
    "spark.sql.caseSensitive": "false",
    "spark.sql.legacy.charVarcharAsString": "false",
    "spark.sql.preserveCharVarcharTypeInfo": "false",
    # A table's CHAR is what its files hold, without blanks at its end; it is compared as if it had them.
    "spark.sql.readSideCharPadding": "false",
    "spark.sql.legacy.noCharPaddingInPredicate": "false",
    "spark.sql.legacy.collationAwareHashFunctions": "false",
    "spark.sql.icu.caseMappings.enabled": "true",
    # Times: a date without an offset is UTC on every machine, as event ids are made of it.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    "spark.sql.legacy.typeCoercion.datetimeToString.enabled": "false",
    "spark.sql.legacy.compareDateTimestampInTimestamp": "true",
    "spark.sql.timestampNanosTypes.enabled": "false",
    # Numbers.
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.legacy.allowNegativeScaleOfDecimal": "false",
    "spark.sql.legacy.decimal.retainFractionDigitsOnTruncate": "false",
    # Text: what `decode` in a mapping can't read ends the run; replaced, different values would become one.
    "spark.sql.legacy.codingErrorAction": "false",
    "spark.sql.legacy.javaCharsets": "false",
    "spark.sql.legacy.castComplexTypesToString.enabled": "false",
    "spark.sql.function.concatBinaryAsString": "false",
    "spark.sql.function.eltOutputAsString": "false",
    "spark.sql.legacy.truncateForEmptyRegexSplit": "false",
    "spark.sql.legacy.lpadRpadAlwaysReturnString": "false",
    "spark.sql.chunkBase64String.enabled": "false",
    # PutEvents knows no null: fields that are null are left out of the JSON.
    "spark.sql.jsonGenerator.ignoreNullFields": "true",
    "spark.sql.jsonGenerator.writeNullIfWithDefaultValue": "true",
    "spark.sql.json.enablePartialResults": "true",
    "spark.sql.legacy.json.allowEmptyString.enabled": "false",
}
"""What SQL means."""

_PARQUET = {
    # A file that vanishes or is damaged must end the run, not shrink it.
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.files.ignoreInvalidPartitionPaths": "false",
    "spark.files.ignoreCorruptFiles": "false",
    "spark.files.ignoreMissingFiles": "false",
    # A scan skips rows whose fraction is NaN, also within a struct (`sources/fractions.py`).
    "spark.sql.optimizer.nestedPredicatePushdown.supportedFileSources": "",
    # Dates before 1900 are rejected as events, but must not end the run where they are read or put aside.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    # Types are the footers': text is what is annotated so, times are not moved by a zone, columns go by name.
    "spark.sql.parquet.binaryAsString": "false",
    "spark.sql.parquet.int96AsTimestamp": "true",
    "spark.sql.parquet.int96TimestampConversion": "false",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.parquet.fieldId.read.enabled": "false",
    "spark.sql.parquet.fieldId.read.ignoreMissing": "false",
    # pandas writes nanoseconds, which Spark reads as numbers or not at all.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    "spark.sql.legacy.parquet.returnNullStructIfAllFieldsMissing": "false",
    "spark.sql.parquet.mergeSchema": "false",
    "spark.sql.parquet.respectSummaryFiles": "false",
    # What was damaged since it was written must end the run, where the writer left checksums.
    "spark.hadoop.parquet.page.verify-checksum.enabled": "true",
    # Old writers compared text as signed bytes: their statistics would exclude rows that a filter wants.
    "spark.hadoop.parquet.strings.signed-min-max.enabled": "false",
    "spark.sql.sources.useV1SourceList": "avro,csv,json,kafka,orc,parquet,text",
}
"""How Parquet is read."""

_STAGE = {
    # `rejected/` holds times whole; with milliseconds, or in the old layouts of lists, it would not, and readers of the
    # stage expect the standard ones.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.writeLegacyFormat": "false",
    "spark.sql.parquet.fieldId.write.enabled": "false",
    # A bit that changes on the way must be an error, not another event.
    "spark.hadoop.parquet.page.write-checksum.enabled": "true",
    # The order in a file is the order of sending, and each partition has one file for each outcome.
    "spark.sql.files.maxRecordsPerFile": "0",
    "spark.sql.optimizer.plannedWrite.enabled": "true",
    "spark.sql.sources.partitionOverwriteMode": "static",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.execution.sortBeforeRepartition": "true",
}
"""How the stage is written and read again."""

_TABLES = {
    # Hive's own readers obey none of the settings above.
    "spark.sql.hive.convertMetastoreParquet": "true",
    "spark.sql.hive.convertMetastoreOrc": "true",
    # A folder named `t@v3` is that folder, and no version of another.
    "spark.databricks.delta.timeTravel.resolveOnIdentifier.enabled": "false",
    # The newest version is the newest there is, not the last that this Spark has seen.
    "spark.databricks.delta.stalenessLimit": "0",
    # A version whose log or checksum does not add up must end the run, and so must a feature that is not known.
    "spark.databricks.delta.state.corruptionIsFatal": "true",
    "spark.databricks.delta.checksum.mismatch.fatal": "true",
    "spark.databricks.delta.tableFeatures.dev.unsupportedTableFeatures.enabled": "false",
    "spark.databricks.delta.requiredSparkConfsCheck.enabled": "true",
    "spark.databricks.delta.skipRedirectFeature": "false",
}
"""How tables are read: HiveUtils, DeltaSQLConf. `sources.tables.iceberg` unsets what of Iceberg's changes rows."""

_SHOWN = {
    # The plans that Spark's UI and event log show quote the configuration's literals. The labels of the UI's plan
    # graph, which nothing redacts, still do; no value of a row is in either.
    "spark.sql.redaction.string.regex": "(?s).+",
}
"""What Spark shows of a run. A cluster's own expression, for passwords, would let literals through."""

REQUIRED = {**_SQL, **_PARQUET, **_STAGE, **_TABLES, **_SHOWN}

HADOOP_UNSET = ("mapreduce.input.pathFilter.class", "mapred.input.pathFilter.class")
"""Hadoop's settings that let Spark pass over files which it lists: the ledger's, dead letters', the stage's."""
