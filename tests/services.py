"""In: a folder. Out: the Kafka broker and the PostgreSQL of a test session, with fresh topics and databases on them.

Both are started by the code behind `make up`. Raises `LocalPartsError` where one cannot be had.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.databases import create_database, drop_database
from deploy.local.kafka import KafkaBroker
from deploy.local.postgres import PostgresServer
from deploy.local.topics import create_topics, delete_topics
from tests.external import external_kafka, external_postgres


class TopicFactory:
    """Makes topics that no other test uses: `topics("tickets.incoming")` → `t3f9a1c07.tickets.incoming`.

    One factory gives all its topics the same prefix, so a test may ask for the name that a service derives.
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._created: list[str] = []
        self.prefix = f"t{uuid.uuid4().hex[:8]}."

    def __call__(self, name: str, *, partitions: int = 4, configs: Mapping[str, str] | None = None) -> str:
        """Create the topic, wait until each partition has a leader, and return its full name."""
        topic = self.prefix + name
        self._created += create_topics(self._bootstrap, partitions, {topic: configs or {}})
        return topic

    def close(self) -> None:
        """Delete what was created."""
        if self._created:
            delete_topics(self._bootstrap, self._created)


@contextmanager
def kafka_for_session() -> Iterator[str]:
    """The external broker where there is one, else one of the session's own: its `host:port`."""
    given = external_kafka()
    if given:
        yield given
        return
    with _session_folder() as folder:
        broker = KafkaBroker(folder / "kafka")
        try:
            yield broker.start()
        finally:
            broker.stop()


@contextmanager
def postgres_for_session() -> Iterator[str]:
    """The external server where there is one, else one of the session's own: its SQLAlchemy URL."""
    given = external_postgres()
    if given:
        yield given
        return
    with _session_folder() as folder:
        server = PostgresServer(folder / "postgres", durable=False)
        try:
            yield server.start()
        finally:
            server.stop()
            server.delete()


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """An empty database on the server, dropped afterwards: its SQLAlchemy URL."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    create_database(server_url, name)
    try:
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:
        drop_database(server_url, name)


@contextmanager
def _session_folder() -> Iterator[Path]:
    # Not pytest's own temporary folder: that is private to this user, and PostgreSQL may run as another one.
    with tempfile.TemporaryDirectory(prefix="deskroute-tests-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder
