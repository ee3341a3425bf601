"""Personalize's control plane and the part of CloudWatch that tells of it, as far as a backfill uses them.

Datasets and what an import or PutEvents brought, import and export jobs with their states and failure reasons, event
trackers, schemas, metrics. Requests are judged by botocore's models, the files of an import by the developer guide.
Sources are named where the rule is; what AWS does not document is as strict as it can be, and says so.
"""
