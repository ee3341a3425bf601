"""The world as a fixture, one for each module; `tests/aws/world.py` says what it can do.

A conftest imports what it uses. Where no world can be, every test that asks for one is skipped with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial

import pytest

from tests.aws.identity.keys import Key
from tests.aws.network.namespace import unavailable
from tests.aws.raw import Answer, ask
from tests.aws.world import AwsWorld, port_unavailable
from tests.yarn.jars import connector_jars


@lru_cache(maxsize=1)
def missing() -> str | None:
    """What this machine lacks for a world; None if it has all."""
    return unavailable() or port_unavailable()


@pytest.fixture(scope="session")
def needs_world() -> None:
    """Skip where no world can be."""
    reason = missing()
    if reason:
        pytest.skip(f"no AWS on loopback: {reason}")


@pytest.fixture(scope="module")
def aws(needs_world: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsWorld]:  # noqa: ARG001
    """An AWS that is empty but for what the module's tests put there."""
    with AwsWorld(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def key(aws: AwsWorld) -> Key:
    """A new long-lived key."""
    return aws.key_ring.long_lived("arn:aws:iam::123456789012:user/tester")


@pytest.fixture
def send(aws: AwsWorld, key: Key) -> Callable[..., Answer]:
    """`raw.ask` in this world with this key."""
    return partial(ask, aws, key=key)


@pytest.fixture(scope="session")
def s3_jars() -> None:
    """The S3 connector's jars in this user's cache, fetched outside of any world, in which the network is unknown."""
    connector_jars()
