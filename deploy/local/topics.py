"""In: a reachable Kafka. Out: the service's topics on it; those that exist are left as they are.

Raises `LocalPartsError` when Kafka does not answer or refuses.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from deploy.local.errors import LocalPartsError

_ANSWER_LIMIT_MS = 30_000
_DAY_MS = 86_400_000


def _kept_for(days: int) -> Mapping[str, str]:
    return MappingProxyType({"cleanup.policy": "delete", "retention.ms": str(days * _DAY_MS)})


# A database that went back in time reads its input again, so the input stays for a week; a dead letter waits for a
# person, who may be on holiday.
TOPICS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "tickets.incoming": _kept_for(7),
        "tickets.routed": _kept_for(7),
        "tickets.review": _kept_for(7),
        "tickets.corrections": _kept_for(7),
        "tickets.dead-letter": _kept_for(30),
    }
)


def create_topics(bootstrap: str, partitions: int, topics: Mapping[str, Mapping[str, str]] = TOPICS) -> list[str]:
    """Create the topics that do not exist, with the broker's replication; returns the names of the new ones."""
    try:
        with KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=_ANSWER_LIMIT_MS) as admin:
            existing = set(admin.list_topics())
            missing = {name: configs for name, configs in topics.items() if name not in existing}
            if missing:
                _create(admin, missing, partitions)
    except (KafkaError, OSError) as error:
        raise LocalPartsError(f"topics cannot be created on {bootstrap}: {error}") from error
    return list(missing)


def delete_topics(bootstrap: str, names: list[str]) -> None:
    """Delete the topics and all that is in them."""
    try:
        with KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=_ANSWER_LIMIT_MS) as admin:
            admin.delete_topics(names)
    except (KafkaError, OSError) as error:
        raise LocalPartsError(f"topics cannot be deleted on {bootstrap}: {error}") from error


def _create(admin: KafkaAdminClient, topics: Mapping[str, Mapping[str, str]], partitions: int) -> None:
    wanted = {name: {"num_partitions": partitions, "configs": dict(configs)} for name, configs in topics.items()}
    with contextlib.suppress(TopicAlreadyExistsError):  # another call on the same broker was faster
        admin.create_topics(wanted)
    admin.wait_for_topics(list(wanted))
