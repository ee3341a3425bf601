"""A world for each module of tests; where there can be none, they are skipped with the reason."""

from __future__ import annotations

from tests.aws.fixtures import aws, needs_world, s3_jars  # noqa: F401 - fixtures, found here by name
