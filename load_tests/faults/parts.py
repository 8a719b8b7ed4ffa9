"""In: a folder. Out: a broker and a database server of a test's own, to be killed, filled, or put behind a proxy.

Raises `LocalPartsError` where one cannot be had.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.kafka import BrokerOptions, KafkaBroker, new_cluster_id
from deploy.local.postgres import PostgresServer
from deploy.local.process import LOOPBACK, choose_port
from load_tests.faults.proxy import TcpProxy

_CLUSTER_NODES = 3
_PORTS_PER_NODE = 2


class OwnKafka:
    """A broker behind a proxy; clients are sent to the proxy whatever address they begin with."""

    def __init__(self, folder: Path) -> None:
        port = free_ports(1)[0]
        self.proxy = TcpProxy(port)
        self.broker = KafkaBroker(folder, port, BrokerOptions(advertised_port=self.proxy.port))
        self.bootstrap = f"{LOOPBACK}:{self.proxy.port}"

    def close(self) -> None:
        """Stop both."""
        self.broker.stop()
        self.proxy.close()


class OwnPostgres:
    """A database server, and a proxy in front of it that only those use who are given `proxied`."""

    def __init__(self, folder: Path) -> None:
        port = free_ports(1)[0]
        self.server = PostgresServer(folder, port, durable=False)
        self.url = ""
        self.proxy = TcpProxy(port)

    def start(self) -> None:
        """Start the server; ``url`` is then that of its own database."""
        self.url = self.server.start()

    def proxied(self, url: str) -> str:
        """The URL of one of its databases, through the proxy."""
        parts = urlsplit(url)
        return parts._replace(netloc=f"{parts.username}:{parts.password}@{LOOPBACK}:{self.proxy.port}").geturl()

    def close(self) -> None:
        """Stop both and delete the data."""
        self.proxy.close()
        self.server.stop()
        self.server.delete()


@contextmanager
def own_kafka() -> Iterator[OwnKafka]:
    """A fresh, running broker."""
    with fresh_folder() as folder:
        kafka = OwnKafka(folder / "kafka")
        try:
            kafka.broker.start()
            yield kafka
        finally:
            kafka.close()


@contextmanager
def own_postgres(within: Path | None = None) -> Iterator[OwnPostgres]:
    """A fresh, running database server; its data lies ``within`` a folder where one is given."""
    with fresh_folder(within) as folder:
        postgres = OwnPostgres(folder / "postgres")
        try:
            postgres.start()
            yield postgres
        finally:
            postgres.close()


@contextmanager
def own_cluster() -> Iterator[Sequence[KafkaBroker]]:
    """Three brokers that are each a controller too; topics have three replicas, of which two must have a record."""
    ports = free_ports(_CLUSTER_NODES * _PORTS_PER_NODE)
    voters = ",".join(f"{node}@{LOOPBACK}:{ports[2 * node - 1]}" for node in range(1, _CLUSTER_NODES + 1))
    cluster_id = new_cluster_id()
    with fresh_folder() as folder, ExitStack() as running:
        nodes = []
        for node in range(1, _CLUSTER_NODES + 1):
            port, controller_port = ports[2 * node - 2], ports[2 * node - 1]
            listeners = f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}"
            properties = {
                "node.id": str(node),
                "controller.quorum.voters": voters,
                "listeners": listeners,
                "default.replication.factor": str(_CLUSTER_NODES),
                "min.insync.replicas": "2",
                "offsets.topic.replication.factor": str(_CLUSTER_NODES),
                "transaction.state.log.replication.factor": str(_CLUSTER_NODES),
            }
            options = BrokerOptions(properties=properties, cluster_id=cluster_id)
            nodes.append(KafkaBroker(folder / f"kafka-{node}", port, options))
            running.callback(nodes[-1].stop)
        # None is ready before most of them run.
        with ThreadPoolExecutor(_CLUSTER_NODES) as starters:
            list(starters.map(lambda broker: broker.start(), nodes))
        yield nodes


@contextmanager
def fresh_folder(within: Path | None = None) -> Iterator[Path]:
    """A folder that the user of PostgreSQL may enter, deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="deskroute-faults-", dir=within, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def free_ports(count: int) -> list[int]:
    """So many different ports that nobody listens on."""
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(choose_port(None, None, ""))
    return sorted(ports)


def is_ready(port: int) -> bool:
    """What `/health/ready` of a worker on this machine says."""
    connection = HTTPConnection(LOOPBACK, port, timeout=5)
    connection.request("GET", "/health/ready")
    return bool(json.loads(connection.getresponse().read())["ready"])
