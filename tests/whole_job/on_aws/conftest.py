"""An AWS for each module of whole jobs under AWS's own host names."""

from __future__ import annotations

from tests.aws.fixtures import aws, needs_world, s3_jars  # noqa: F401 - fixtures, found here by name
