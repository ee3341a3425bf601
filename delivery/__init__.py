"""Everything one partition does to deliver its events: packing, pacing, sending and recording outcomes.

This package runs without Spark and knows no rows, schemas or rules: it sends what the stage contains.
"""
