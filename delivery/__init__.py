"""Everything that one sending partition does: packing, pacing, sending, and recording how each event ended.

This room runs without Spark and knows nothing of rows, schemas or rules: it sends what the stage holds.
"""
