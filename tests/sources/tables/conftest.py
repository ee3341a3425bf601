from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sources.tables.session import Tables, tables_session


@pytest.fixture(scope="session")
def tables() -> Iterator[Tables]:
    """One Spark with the connectors for all tests of tables."""
    with tables_session() as session:
        yield session


@pytest.fixture
def catalog(tmp_path: Any) -> Any:  # noqa: ANN401
    """A catalog of pyiceberg's in a file, with a namespace `shop`; its tables are below `tmp_path/lake`."""
    from pyiceberg.catalog.sql import SqlCatalog  # noqa: PLC0415 - slow to import

    made = SqlCatalog("test", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=f"file://{tmp_path}/lake")
    made.create_namespace("shop")
    return made
