"""A world for each module of tests, and raw requests to it."""

from __future__ import annotations

from tests.aws.fixtures import aws, key, needs_world, s3_jars, send  # noqa: F401 - fixtures, found here by name
