"""Reading and shaping interaction logs: pure DataFrame → DataFrame, in Spark expressions only.

Judging rows is up to `expectations`, sending them to `delivery`, starting a Spark session to `jobs`.
"""
