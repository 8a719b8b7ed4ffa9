"""In: the broker and the database server of the session. Out: proof that they are real and that tests share no data."""

from __future__ import annotations

import socket
import urllib.parse

import psycopg
import pytest
import pytest_socket
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, KafkaAdminClient
from kafka.errors import UnknownTopicOrPartitionError

from deploy.local.topics import TOPICS, create_topics
from tests.services import TopicFactory, fresh_database

_ANSWER_LIMIT_MS = 20_000


def test_broker_given_lz4_records_returns_them_unchanged_and_in_order(
    kafka_bootstrap: str, topics: TopicFactory
) -> None:
    topic = topics("tickets.incoming", partitions=1)
    values = [f"ticket {number} ".encode() * 200 for number in range(100)]

    with KafkaProducer(
        bootstrap_servers=kafka_bootstrap, compression_type="lz4", acks="all", enable_idempotence=True
    ) as producer:
        sent = [producer.send(topic, key=b"default/1", value=value) for value in values]
        producer.flush(timeout=20)
        offsets = [future.get(timeout=1).offset for future in sent]
    received = _read(kafka_bootstrap, topic, len(values))

    assert offsets == list(range(100))
    assert received == values


def test_broker_given_a_topic_that_nobody_created_refuses_it(kafka_bootstrap: str, topics: TopicFactory) -> None:
    unknown = topics.prefix + "tickets.incomming"

    with (
        KafkaAdminClient(bootstrap_servers=kafka_bootstrap) as admin,
        pytest.raises(UnknownTopicOrPartitionError),
    ):
        admin.list_partition_offsets({TopicPartition(unknown, 0): -1})

    with KafkaAdminClient(bootstrap_servers=kafka_bootstrap) as admin:
        assert unknown not in admin.list_topics()


def test_create_topics_called_twice_creates_each_topic_once_with_its_retention(
    kafka_bootstrap: str, topics: TopicFactory
) -> None:
    wanted = {topics.prefix + name: configs for name, configs in TOPICS.items()}

    first = create_topics(kafka_bootstrap, 2, wanted)
    second = create_topics(kafka_bootstrap, 2, wanted)

    assert first == list(wanted)
    assert second == []
    with KafkaAdminClient(bootstrap_servers=kafka_bootstrap) as admin:
        described = admin.describe_topics(list(wanted))
        configs = admin.describe_configs([ConfigResource("topic", name) for name in wanted])
        admin.delete_topics(list(wanted))
    assert {topic["name"]: len(topic["partitions"]) for topic in described} == dict.fromkeys(wanted, 2)
    assert configs["topic"][topics.prefix + "tickets.incoming"]["retention.ms"]["value"] == str(7 * 86_400_000)


def test_postgres_answers_with_a_supported_version(postgres_database: str) -> None:
    with psycopg.connect(_conninfo(postgres_database)) as connection:
        version = connection.execute("select current_setting('server_version_num')::int").fetchone()
        tables = connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()

    assert version is not None
    assert version[0] >= 150_000
    assert tables == (0,)


def test_fresh_database_after_use_is_gone_though_a_client_is_still_connected(postgres_url: str) -> None:
    with fresh_database(postgres_url) as url:
        left_open = psycopg.connect(_conninfo(url))

    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(_conninfo(url))
    left_open.close()


def test_sockets_in_an_unmarked_test_are_blocked() -> None:
    with pytest.warns(UserWarning, match=r"socket\.socket"), pytest.raises(pytest_socket.SocketBlockedError):
        socket.socket()


@pytest.mark.kafka
def test_sockets_in_a_marked_test_reach_no_other_machine() -> None:
    with (
        pytest.warns(UserWarning, match="connect"),
        pytest.raises(pytest_socket.SocketConnectBlockedError),
    ):
        socket.create_connection(("192.0.2.1", 9092), timeout=1)


def _read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=_ANSWER_LIMIT_MS,
    )
    try:
        consumer.assign([TopicPartition(topic, 0)])
        return [record.value for _, record in zip(range(count), consumer, strict=False)]
    finally:
        consumer.close()


def _conninfo(url: str) -> str:
    return urllib.parse.urlsplit(url)._replace(scheme="postgresql").geturl()
