"""Personalize's control plane and its part of CloudWatch, as far as a backfill uses them.

Datasets with the rows of imports and PutEvents, import and export jobs with their states and failure
reasons, event trackers, schemas, metrics. Requests are judged by botocore's models, the files of an import
by the developer guide. Sources are named with each rule; what AWS does not document is as strict as
possible, and marked.
"""
