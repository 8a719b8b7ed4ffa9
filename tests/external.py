"""In: `DESKROUTE_TEST_*` variables. Out: the servers that a test session uses instead of its own, and its open hosts.

Apart from `tests/services.py`, since whether a test may connect is decided before any Kafka client is imported.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"


def external_kafka() -> str | None:
    """`bootstrap_servers` of a broker to use instead of a fresh one."""
    return os.environ.get("DESKROUTE_TEST_KAFKA_BOOTSTRAP") or None


def external_postgres() -> str | None:
    """SQLAlchemy URL of a server to use instead of a fresh one; its user must be allowed to create databases."""
    return os.environ.get("DESKROUTE_TEST_DATABASE_URL") or None


def allowed_hosts() -> list[str]:
    """This machine, and the hosts of the servers that the variables name."""
    hosts = [LOOPBACK]
    for server in (external_kafka() or "").split(","):
        hosts.append(server.rpartition(":")[0].strip("[]"))
    hosts.append(urlsplit(external_postgres() or "").hostname or "")
    return [host for host in hosts if host]
