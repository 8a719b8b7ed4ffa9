"""In: records as a careless or hostile producer sends them, on a real broker. Out: read, or published, all the same."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest
from kafka import KafkaProducer

from service.broker.records import InputRecord, OutputRecord
from service.broker.sink import RecordSink
from service.broker.source import RecordSource
from service.errors import RecordTooLargeError
from service.settings import Settings
from service.stopping import StopRequest
from tests.services import TopicFactory

_READ_LIMIT_S = 30.0


class _RawName(str):
    """A header name that kafka-python sends as bytes that are not UTF-8."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"trace\xff"


def _settings(bootstrap: str, topics: Callable[[str], str]) -> Settings:
    return Settings(
        kafka_bootstrap=bootstrap,
        kafka_group=topics("group"),
        topic_incoming=topics("tickets.incoming"),
        topic_corrections=topics("tickets.corrections"),
    )


def _read(source: RecordSource, count: int) -> list[InputRecord]:
    read: list[InputRecord] = []
    deadline_s = time.monotonic() + _READ_LIMIT_S
    while len(read) < count:
        assert time.monotonic() < deadline_s, f"{len(read)} of {count} records in time"
        read += source.poll(200, 100)
        assigned = source.take_assignment()
        if assigned:
            source.start_at({partition: source.beginning(partition) for partition in assigned})
    return read


def test_source_header_name_that_is_not_utf8_is_read_with_its_bytes_escaped(
    kafka_bootstrap: str, topics: TopicFactory
) -> None:
    settings = _settings(kafka_bootstrap, lambda name: topics(name, partitions=1))
    with KafkaProducer(bootstrap_servers=kafka_bootstrap, acks="all") as producer:
        for name in (_RawName("x"), "plain"):
            producer.send(settings.topic_incoming, b"value", b"key", headers=[(name, b"\x00")])
        producer.flush(10)
    source = RecordSource(settings)

    hostile, plain = _read(source, 2)

    source.close(5)
    assert hostile.headers == (("trace\\xff", b"\x00"),)
    assert (hostile.key, hostile.value) == (b"key", b"value")
    assert plain.headers == (("plain", b"\x00"),)


def test_sink_header_without_a_value_is_published_as_an_empty_one(kafka_bootstrap: str, topics: TopicFactory) -> None:
    settings = _settings(kafka_bootstrap, lambda name: topics(name, partitions=1))
    sink = RecordSink(settings, time.monotonic)

    sink.publish(
        [OutputRecord(settings.topic_incoming, b"key", None, (("none", None),))], StopRequest(time.monotonic, 20.0)
    )

    sink.close(5)
    source = RecordSource(settings)
    (record,) = _read(source, 1)
    source.close(5)
    assert (record.value, record.headers) == (None, (("none", b""),))


def test_sink_record_that_the_topic_does_not_take_goes_as_its_smaller_self_and_its_neighbours_whole(
    kafka_bootstrap: str, topics: TopicFactory
) -> None:
    settings = _settings(
        kafka_bootstrap, lambda name: topics(name, partitions=1, configs={"max.message.bytes": "200000"})
    )
    large = os.urandom(300_000)
    smaller = OutputRecord(settings.topic_incoming, b"large", b"")
    sink = RecordSink(settings, time.monotonic)

    sink.publish(
        [
            OutputRecord(settings.topic_incoming, b"first", b"1"),
            OutputRecord(settings.topic_incoming, b"large", large, smaller=smaller),
            OutputRecord(settings.topic_incoming, b"last", b"2"),
        ],
        StopRequest(time.monotonic, 20.0),
    )

    source = RecordSource(settings)
    records = _read(source, 3)
    source.close(5)
    assert {record.key: record.value for record in records} == {b"first": b"1", b"large": b"", b"last": b"2"}
    with pytest.raises(RecordTooLargeError, match=r"max\.message\.bytes"):
        sink.publish([OutputRecord(settings.topic_incoming, b"large", large)], StopRequest(time.monotonic, 20.0))
    sink.close(5)
