"""In: settings. Out: the keyword arguments that every Kafka client of this process shares, and topic facts.

Raises `BrokerUnavailableError` where no broker answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from service.errors import BrokerUnavailableError, InputPositionError
from service.settings import Settings


def connection_options(settings: Settings) -> dict[str, Any]:
    """Where the brokers are and how to prove who we are."""
    password = settings.kafka_sasl_password
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap.split(","),
        "security_protocol": settings.kafka_security_protocol,
        "sasl_mechanism": settings.kafka_sasl_mechanism,
        "sasl_plain_username": settings.kafka_sasl_username,
        "sasl_plain_password": password.get_secret_value() if password else None,
        "ssl_cafile": settings.kafka_ssl_ca_file and str(settings.kafka_ssl_ca_file),
        "ssl_certfile": settings.kafka_ssl_certificate_file and str(settings.kafka_ssl_certificate_file),
        "ssl_keyfile": settings.kafka_ssl_key_file and str(settings.kafka_ssl_key_file),
    }
    return {name: value for name, value in options.items() if value is not None}


def read_topic_ids(settings: Settings, topics: Sequence[str]) -> dict[str, UUID]:
    """The broker's id of each topic, which changes where a topic is deleted and made again.

    Raises `InputPositionError` for a topic that does not exist.
    """
    try:
        admin = KafkaAdminClient(**connection_options(settings), client_id="deskroute-topics")
        try:
            described = admin.describe_topics(list(topics))
        finally:
            admin.close()
    except KafkaError as error:
        raise BrokerUnavailableError(f"Kafka at {settings.kafka_bootstrap}: {error}") from error
    ids = {topic["name"]: UUID(str(topic["topic_id"])) for topic in described if not topic.get("error_code")}
    missing = sorted(set(topics) - set(ids))
    if missing:
        raise InputPositionError(f"Kafka at {settings.kafka_bootstrap} has no topic {', '.join(missing)}")
    return ids
