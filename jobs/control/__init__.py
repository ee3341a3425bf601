"""Steering of a run: slow down, speed up, pause, resume and stop, by a small file in the output.

`personalize-backfill control` (`jobs.cli.control`) writes a request into `control/<run_id>.json` (`control_file`,
`record`). The run reads the file every few seconds (`polling`) and does what it says (`steering`). Nothing
here loads Spark.
"""
