"""In: settings. Out: what the topics hold from beginning to end, and where the group stands.

Raises `BrokerUnavailableError` where Kafka does not answer in time and `InputPositionError` for a topic that does not
exist.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from load_tests.journal import content_of, text_of
from load_tests.oracle.digests import document_digest, headers_digest
from load_tests.oracle.observed import EventCopy, Inputs, LetterCopy, Published
from load_tests.oracle.privacy import Plants
from load_tests.oracle.samples import BrokerMarks
from service.broker.connection import connection_options, read_topic_ids
from service.broker.header_names import read_any_header_name
from service.broker.records import PartitionId
from service.errors import BrokerUnavailableError
from service.publish import HEADER_PREFIX
from service.settings import Settings
from service.store.values import Coordinates

_ANSWER_LIMIT_S = 30.0
_LATEST = -1
_FIRST_HEADER = f"{HEADER_PREFIX}id"
_OMITTED = "value-omitted"


def read_inputs(settings: Settings, topics: Sequence[str]) -> Inputs:
    """The contents of input topics."""
    contents, first_offsets = {}, {}
    with _reader(settings, topics) as (reader, partitions):
        for at, first in reader.beginning_offsets(partitions).items():
            first_offsets[PartitionId(at.topic, at.partition)] = int(first)
        for record in _records(reader, partitions):
            contents[_coordinates(record)] = content_of(record.key, record.value)
    return Inputs(contents, first_offsets)


def read_published(settings: Settings, plants: Plants) -> Published:
    """The output topics, with the plants found in what is no quotation."""
    topics = (settings.topic_routed, settings.topic_review, settings.topic_dead_letter)
    events: dict[str, list[EventCopy]] = {topic: [] for topic in topics}
    letters: list[LetterCopy] = []
    unreadable: list[Coordinates] = []
    with _reader(settings, topics) as (reader, partitions):
        for record in _records(reader, partitions):
            try:
                if record.topic == settings.topic_dead_letter:
                    letters.append(letter_copy(record, plants))
                else:
                    events[record.topic].append(event_copy(record, plants))
            except (ValueError, KeyError, TypeError):
                unreadable.append(_coordinates(record))
    return Published(tuple(events[topics[0]]), tuple(events[topics[1]]), tuple(letters), tuple(unreadable))


def event_copy(record: Any, plants: Plants) -> EventCopy:
    """An event as read; raises `ValueError`, `KeyError` or `TypeError` for what is none."""
    event = json.loads(record.value)
    data = event["data"]
    around = [text_of(record.key) or "", *(f"{name}: {value!r}" for name, value in record.headers)]
    return EventCopy(
        at=_coordinates(record),
        record_key=text_of(record.key),
        subject=event["subject"],
        ticket=(data["tenant"], data["ticket_id"], data["revision"]),
        event_id=event["id"],
        value_sha256=content_of(None, record.value).sha256,
        data_sha256=document_digest(data),
        plants=tuple(sorted({*plants.find_in_event(event), *plants.find("\n".join(around))})),
    )


def letter_copy(record: Any, plants: Plants) -> LetterCopy:
    """A dead letter as read; the headers that the service adds follow those of the message.

    Of a message too large for a record only its size and digest are published, in a header of their own.
    """
    names = [name for name, _ in record.headers]
    # A message that was a dead letter before may bring such headers of its own.
    added = len(names) - names[::-1].index(_FIRST_HEADER) - 1
    said = {name.removeprefix(HEADER_PREFIX): value.decode() for name, value in record.headers[added:]}
    content = content_of(record.key, record.value)
    omitted = said.get(_OMITTED)
    return LetterCopy(
        at=_coordinates(record),
        original=Coordinates(said["topic"], int(said["partition"]), int(said["offset"])),
        content=replace(content, sha256=omitted.split()[-1]) if omitted else content,
        headers_sha256=headers_digest(record.headers[:added]),
        is_shortened=omitted is not None,
        plants=plants.find("\n".join(said.values())),
    )


class GroupReader:
    """Where partitions end and what a group has committed; every call may block until Kafka answers."""

    def __init__(self, settings: Settings, answer_limit_s: float = _ANSWER_LIMIT_S) -> None:
        self._group_id = settings.kafka_group
        self._options = connection_options(settings) | {
            "client_id": "deskroute-oracle",
            "request_timeout_ms": int(answer_limit_s * 1_000),
            "bootstrap_timeout_ms": int(answer_limit_s * 1_000),
        }
        self._admin: KafkaAdminClient | None = None

    def read_marks(self, partitions: Sequence[PartitionId]) -> Mapping[PartitionId, BrokerMarks]:
        """The marks of these partitions; committed is asked for first, so that it is never ahead of the end."""
        wanted = [TopicPartition(at.topic, at.partition) for at in partitions]
        with _translated():
            if self._admin is None:
                self._admin = KafkaAdminClient(**self._options)
            committed = self._admin.list_group_offsets({self._group_id: wanted})[self._group_id]
            ends = self._admin.list_partition_offsets(dict.fromkeys(wanted, _LATEST))
        offsets = {at: found.offset for at, found in committed.items() if found.offset >= 0}
        return {
            PartitionId(at.topic, at.partition): BrokerMarks(offsets.get(at), int(ends[at].offset)) for at in wanted
        }

    def close(self) -> None:
        """Close the connections; the next call makes new ones."""
        if self._admin is not None:
            self._admin.close()
            self._admin = None


@contextmanager
def _reader(settings: Settings, topics: Sequence[str]) -> Iterator[tuple[KafkaConsumer, list[TopicPartition]]]:
    read_any_header_name()
    read_topic_ids(settings, topics)
    with (
        _translated(),
        KafkaConsumer(
            **connection_options(settings),
            client_id="deskroute-oracle",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            max_poll_records=5_000,
        ) as reader,
    ):
        partitions = [
            TopicPartition(topic, number) for topic in topics for number in reader.partitions_for_topic(topic)
        ]
        reader.assign(partitions)
        yield reader, partitions


def _records(reader: KafkaConsumer, partitions: Sequence[TopicPartition]) -> Iterator[Any]:
    reader.seek_to_beginning(*partitions)
    ends = reader.end_offsets(partitions)
    heard_s = time.monotonic()
    while any(reader.position(at) < ends[at] for at in partitions):
        polled = reader.poll(timeout_ms=500)
        for at, records in polled.items():
            # What comes in while this reads is left for the next time.
            yield from (record for record in records if record.offset < ends[at])
        if polled:
            heard_s = time.monotonic()
        elif time.monotonic() - heard_s > _ANSWER_LIMIT_S:
            raise BrokerUnavailableError(f"nothing to read for {_ANSWER_LIMIT_S} s before the end was reached")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise BrokerUnavailableError(f"{type(error).__name__}: {error}") from error


def _coordinates(record: Any) -> Coordinates:
    return Coordinates(record.topic, record.partition, record.offset)
