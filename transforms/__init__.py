"""Reading and shaping interaction logs: pure DataFrame → DataFrame, in Spark expressions only.

Nothing in this room judges a row (that is `expectations`), sends one (`delivery`) or starts a Spark session
(`jobs`).
"""
