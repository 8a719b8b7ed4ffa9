"""In: a Docker engine that answers. Out: the same broker and database as containers, by `deploy/compose.yaml`.

Raises `LocalPartsError` when Docker Compose fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from deploy.local.errors import LocalPartsError
from deploy.local.process import LOOPBACK, choose_port
from deploy.local.settings import PROJECT_ROOT, Addresses, LocalSettings

KAFKA: Final = "kafka"
POSTGRES: Final = "postgres"
_COMPOSE_FILE = PROJECT_ROOT / "deploy" / "compose.yaml"
# The containers listen on loopback only; the password is the one that compose.yaml falls back to.
_PASSWORD = "deskroute"  # noqa: S105
_QUESTION_LIMIT_S = 10
_COMPOSE_LIMIT_S = 600


@dataclass(frozen=True, slots=True)
class ContainerRecord:
    """What a later call needs to know about the containers."""

    kafka_port: int
    postgres_port: int


class Containers:
    """The containers whose ports are recorded in `settings.run_dir`."""

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._record_file = settings.run_dir / "docker.json"

    @property
    def addresses(self) -> Addresses | None:
        """How to reach them; None where no earlier call started them, or one stopped them since."""
        record = self._record()
        return _addresses(record) if record else None

    def start(self, services: Sequence[str]) -> Addresses:
        """Start the services that do not run and wait until all are healthy."""
        record = self._record()
        if record is None:
            record = ContainerRecord(
                choose_port(self._settings.kafka_port, None, "DESKROUTE_KAFKA_PORT"),
                choose_port(self._settings.postgres_port, None, "DESKROUTE_POSTGRES_PORT"),
            )
            self._settings.run_dir.mkdir(parents=True, exist_ok=True)
            self._record_file.write_text(json.dumps(asdict(record)), encoding="utf-8")
        _compose(record, "up", "--detach", "--wait", *services)
        return _addresses(record)

    def stop(self, *, delete: bool = False) -> bool:
        """Remove the containers, and their data with `delete`; False if there were none."""
        record = self._record()
        if record is None:
            return False
        _compose(record, "down", *(["--volumes"] if delete else []))
        self._record_file.unlink()
        return True

    def _record(self) -> ContainerRecord | None:
        try:
            return ContainerRecord(**json.loads(self._record_file.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None


def _addresses(record: ContainerRecord) -> Addresses:
    return Addresses(
        f"{LOOPBACK}:{record.kafka_port}",
        f"postgresql+psycopg://deskroute:{_PASSWORD}@{LOOPBACK}:{record.postgres_port}/deskroute",
    )


def _compose(record: ContainerRecord, *arguments: str) -> None:
    given = {
        "DESKROUTE_KAFKA_PORT": str(record.kafka_port),
        "DESKROUTE_POSTGRES_PORT": str(record.postgres_port),
        "DESKROUTE_POSTGRES_PASSWORD": _PASSWORD,
    }
    done = subprocess.run(
        ["docker", "compose", f"--file={_COMPOSE_FILE}", *arguments],
        env=os.environ | given,
        capture_output=True,
        text=True,
        check=False,
        timeout=_COMPOSE_LIMIT_S,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise LocalPartsError(f"`docker compose {arguments[0]}` failed: {reason}")


def docker_answers() -> bool:
    """Whether there is an engine that answers and a client with Compose."""
    if shutil.which("docker") is None:
        return False
    for question in (["docker", "info"], ["docker", "compose", "version"]):
        try:
            if subprocess.run(question, capture_output=True, check=False, timeout=_QUESTION_LIMIT_S).returncode != 0:
                return False
        except subprocess.TimeoutExpired:
            return False
    return True
