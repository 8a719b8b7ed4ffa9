"""In: a folder and, where given, a port. Out: one Apache Kafka broker in KRaft mode that answers there.

Raises `LocalPartsError` when Java or the jars are missing, the port is taken or the broker does not come up.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from deploy.local.errors import LocalPartsError
from deploy.local.host import find_java
from deploy.local.jars import resolve_jars
from deploy.local.process import (
    LOOPBACK,
    accepts_connections,
    choose_port,
    is_running,
    kill,
    log_tail,
    spawn,
    terminate,
    wait_until,
)
from deploy.local.settings import PROJECT_ROOT

START_LIMIT_S: Final = 60.0
STOP_GRACE_S: Final = 30.0
_CONFIG = PROJECT_ROOT / "deploy" / "kafka"
# C1 alone and the serial collector halve the start on two cores; throughput is not what this broker is for.
_JVM_OPTIONS = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")


@dataclass(frozen=True, slots=True)
class BrokerRecord:
    """What a later call needs to know about the broker of a folder."""

    port: int
    controller_port: int
    pid: int


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """What a broker may have otherwise than alone on this machine.

    Clients are sent to ``advertised_port``, where for instance a proxy listens. ``properties`` win over those of
    `deploy/kafka/server.properties`; nodes of one cluster share a ``cluster_id``, which else is a new one.
    """

    advertised_port: int | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    cluster_id: str | None = None


_ALONE: Final = BrokerOptions()


class KafkaBroker:
    """The broker whose data, log and record lie in `folder`. It outlives the process that starts it."""

    def __init__(self, folder: Path, port: int | None = None, options: BrokerOptions = _ALONE) -> None:
        self._folder = folder.absolute()
        self._configured_port = port
        self._options = options
        self._record_file = self._folder / "server.json"
        self._log = self._folder / "server.log"
        self._mark = f"-Ddeskroute.broker={self._folder}"

    @property
    def address(self) -> str | None:
        """`host:port` for `bootstrap_servers`; None if it was never started."""
        record = self._record()
        return f"{LOOPBACK}:{record.port}" if record else None

    @property
    def is_running(self) -> bool:
        """Whether the broker's process lives."""
        record = self._record()
        return record is not None and is_running(record.pid, self._mark)

    def start(self) -> str:
        """Start the broker if it does not run, wait until it answers and return its `host:port`."""
        record = self._record()
        if record is not None and is_running(record.pid, self._mark):
            return self._wait_until_ready(record)
        java, jars = find_java(), resolve_jars()
        self._folder.mkdir(parents=True, exist_ok=True)
        port = choose_port(self._configured_port, record.port if record else None, "DESKROUTE_KAFKA_PORT")
        controller_port = choose_port(None, record.controller_port if record else None, "")
        self._write_properties(port, controller_port)
        run = [java, *_JVM_OPTIONS, f"-Dlog4j2.configurationFile={_CONFIG / 'log4j2.properties'}"]
        classes = ["-cp", str(jars / "*")]
        if not (self._folder / "data" / "meta.properties").exists():
            self._format([*run, *classes])
        self._log.unlink(missing_ok=True)
        pid = spawn([*run, self._mark, *classes, "kafka.Kafka", "server.properties"], cwd=self._folder, log=self._log)
        record = BrokerRecord(port, controller_port, pid)
        self._record_file.write_text(json.dumps(asdict(record)), encoding="utf-8")
        try:
            return self._wait_until_ready(record)
        except LocalPartsError:
            self.stop()
            raise

    def stop(self) -> bool:
        """Stop the broker, by force after `STOP_GRACE_S`; False if it did not run."""
        record = self._record()
        if record is None or not is_running(record.pid, self._mark):
            return False
        terminate(record.pid, self._mark, grace_s=STOP_GRACE_S)
        return True

    def kill(self) -> None:
        """End the broker by SIGKILL, as a crash would; `start` starts it again on the same ports."""
        record = self._record()
        if record is not None:
            kill(record.pid, self._mark)

    def _record(self) -> BrokerRecord | None:
        try:
            return BrokerRecord(**json.loads(self._record_file.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _write_properties(self, port: int, controller_port: int) -> None:
        placed = [
            f"listeners=PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
            f"advertised.listeners=PLAINTEXT://{LOOPBACK}:{self._options.advertised_port or port}",
            f"controller.quorum.voters=1@{LOOPBACK}:{controller_port}",
            *(f"{name}={value}" for name, value in self._options.properties.items()),
        ]
        static = (_CONFIG / "server.properties").read_text(encoding="utf-8")
        text = "\n".join([static, *placed, ""])
        (self._folder / "server.properties").write_text(text, encoding="utf-8")

    def _format(self, java: list[str]) -> None:
        command = [*java, "kafka.tools.StorageTool", "format", "--config=server.properties"]
        done = subprocess.run(
            [*command, f"--cluster-id={self._options.cluster_id or new_cluster_id()}"],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=START_LIMIT_S,
        )
        if done.returncode != 0:
            raise LocalPartsError(
                f"Kafka's storage cannot be formatted: {' '.join((done.stderr + done.stdout).split())}"
            )

    def _wait_until_ready(self, record: BrokerRecord) -> str:
        answered = wait_until(
            lambda: accepts_connections(record.port) or not is_running(record.pid, self._mark), limit_s=START_LIMIT_S
        )
        if not answered or not is_running(record.pid, self._mark):
            raise LocalPartsError(f"Kafka did not come up, see {self._log}: {log_tail(self._log)}")
        bootstrap = f"{LOOPBACK}:{record.port}"
        check_broker(bootstrap, limit_s=START_LIMIT_S)
        return bootstrap


def check_broker(bootstrap: str, *, limit_s: float) -> None:
    """Ask the cluster for its brokers; raises `LocalPartsError` when it has not answered within `limit_s`."""
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=round(limit_s * 1_000))
    except (KafkaError, OSError) as error:
        raise LocalPartsError(f"Kafka at {bootstrap} does not answer: {error}") from error
    with admin:
        if not wait_until(lambda: bool(admin.describe_cluster()["brokers"]), limit_s=limit_s):
            raise LocalPartsError(f"Kafka at {bootstrap} knows of no broker")


def new_cluster_id() -> str:
    """A Kafka id: 16 random bytes in URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(uuid.UUID(bytes=os.urandom(16), version=4).bytes).decode().rstrip("=")
