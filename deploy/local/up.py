"""In: the local settings. Out: a broker with the topics, a database with the schema, and how to reach both.

Parts that `DESKROUTE_KAFKA_BOOTSTRAP` and `DESKROUTE_DATABASE_URL` name are used as they are; the others run on this
machine, or as containers where the programs for that are missing and a Docker engine answers. Raises `LocalPartsError`,
and the service's own errors from the migration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from deploy.local.docker import KAFKA, POSTGRES, Containers, docker_answers
from deploy.local.errors import MissingProgramError
from deploy.local.host import find_missing
from deploy.local.kafka import KafkaBroker, check_broker
from deploy.local.postgres import PostgresServer
from deploy.local.settings import Addresses, LocalSettings
from deploy.local.topics import create_topics
from service.store.migrate import upgrade

_ANSWER_LIMIT_S = 30.0


class LocalPart(Protocol):
    """A broker or a database server that runs on this machine."""

    @property
    def is_running(self) -> bool: ...

    def start(self) -> str:
        """Start it where it does not run, wait until it answers and return its address."""
        ...


def up(settings: LocalSettings, say: Callable[[str], None]) -> Addresses:
    """Bring both parts up, or find them up; calling it again changes nothing."""
    addresses = _start(settings, say)
    check_broker(addresses.kafka_bootstrap, limit_s=_ANSWER_LIMIT_S)
    created = create_topics(addresses.kafka_bootstrap, settings.partitions)
    say(f"topics: {', '.join(created)} created" if created else "topics: all there")
    upgrade(addresses.database_url)
    say("schema: up to date")
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    env_file = settings.run_dir / "env"
    env_file.touch(mode=0o600)
    env_file.write_text(addresses.to_exports(), encoding="utf-8")
    return addresses


def _start(settings: LocalSettings, say: Callable[[str], None]) -> Addresses:
    containers = Containers(settings)
    broker = KafkaBroker(settings.run_dir / "kafka", settings.kafka_port)
    server = PostgresServer(settings.run_dir / "postgres", settings.postgres_port)
    held = containers.addresses
    kafka = _unless_own(settings.kafka_bootstrap, broker.address, held.kafka_bootstrap if held else None)
    postgres = _unless_own(settings.database_url, server.address, held.database_url if held else None)
    needed = [name for name, given in ((KAFKA, kafka), (POSTGRES, postgres)) if given is None]
    if needed and _choose_docker(settings, containers):
        own = containers.start(needed)
        say(f"{' and '.join(needed)}: running in Docker")
        return Addresses(kafka or own.kafka_bootstrap, postgres or own.database_url)
    return Addresses(kafka or _start_part(KAFKA, broker, say), postgres or _start_part(POSTGRES, server, say))


def _unless_own(given: str | None, *own: str | None) -> str | None:
    """A shell that sourced the `env` file of an earlier start still means these parts, not somebody else's."""
    return None if given in own else given


def _start_part(name: str, part: LocalPart, say: Callable[[str], None]) -> str:
    was_running = part.is_running
    address = part.start()
    say(f"{name}: {'already running' if was_running else 'started'}")
    return address


def _choose_docker(settings: LocalSettings, containers: Containers) -> bool:
    if settings.way != "auto":
        return settings.way == "docker"
    if containers.addresses is not None:
        return True
    missing = find_missing()
    if not missing:
        return False
    if docker_answers():
        return True
    raise MissingProgramError("; ".join(map(str, missing)))
