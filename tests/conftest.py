"""In: tests that ask for `kafka_bootstrap`, `topics`, `postgres_url` or `postgres_database`. Out: the real thing.

One broker and one database server run for the whole session. Where one cannot be had its tests are skipped with the
reason, and fail where CI=true. A test that asks for one gets its marker and may connect to this machine; every other
test has its sockets blocked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy.local.errors import LocalPartsError
from tests.external import allowed_hosts

if TYPE_CHECKING:
    from tests.services import TopicFactory

_MARKER_OF_FIXTURE = {"kafka_bootstrap": "kafka", "postgres_url": "postgres"}
_MARKERS_WITH_SOCKETS = ("kafka", "postgres", "web")


def pytest_configure(config: pytest.Config) -> None:
    """Tolerate how kafka-python 3.0 reads its message schemas, which Python 3.11 and 3.12 call deprecated."""
    config.addinivalue_line("filterwarnings", "ignore:(read|open)_text is deprecated:DeprecationWarning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the real parts, and let the marked ones connect to them."""
    hosts = allowed_hosts()
    for item in items:
        for fixture, marker in _MARKER_OF_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)
        if any(item.get_closest_marker(marker) for marker in _MARKERS_WITH_SOCKETS):
            item.add_marker(pytest.mark.allow_hosts(hosts))


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """`host:port` of a real broker."""
    from tests.services import kafka_for_session  # imported late: most tests need no Kafka client

    yield from _have("Kafka", kafka_for_session())


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """SQLAlchemy URL of a real PostgreSQL. Tests that write take `postgres_database`."""
    from tests.services import postgres_for_session

    yield from _have("PostgreSQL", postgres_for_session())


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """SQLAlchemy URL of an empty database of this test's own."""
    from tests.services import fresh_database

    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database to copy, since migrating takes longer than most tests that need one."""
    from service.store.migrate import upgrade

    file = tmp_path_factory.mktemp("empty") / "deskroute.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def topics(kafka_bootstrap: str) -> Iterator[TopicFactory]:
    """Makes topics of this test's own."""
    from tests.services import TopicFactory

    factory = TopicFactory(kafka_bootstrap)
    yield factory
    factory.close()


def _have(name: str, service: AbstractContextManager[str]) -> Iterator[str]:
    with ExitStack() as stack:
        try:
            address = stack.enter_context(service)
        except LocalPartsError as error:
            unavailable = f"{name} cannot be had: {error}"
            if os.environ.get("CI") == "true":
                pytest.fail(unavailable)
            pytest.skip(unavailable)
        yield address
