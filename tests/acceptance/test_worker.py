"""In: a real broker, a real PostgreSQL and `deskroute worker` as a process. Out: proof that the main job is done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from sqlalchemy import create_engine, text

from service.sample import SAMPLE_TICKETS_FILE
from service.store import migrate
from tests.services import TopicFactory

TICKETS = 2_000
PARTITIONS = 4
FINISH_LIMIT_S = 400
STOP_LIMIT_S = 30
INPUT, CORRECTIONS = "tickets.incoming", "tickets.corrections"
ROUTED, REVIEW, DEAD = "tickets.routed", "tickets.review", "tickets.dead-letter"


class WorkerProcess:
    """`deskroute worker`, its environment and its log."""

    def __init__(self, environment: dict[str, str], log_file: Path) -> None:
        self.environment = environment
        self._log_file = log_file
        with log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "service.cli", "worker"],
                env=os.environ | environment,
                stdout=log,
                stderr=log,
            )

    @property
    def log(self) -> str:
        """What the worker has said so far."""
        return self._log_file.read_text(encoding="utf-8")

    def stop(self) -> float:
        """SIGTERM, and the seconds until it has exited."""
        started_s = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_LIMIT_S)
        return time.monotonic() - started_s


@pytest.fixture
def topic_names(topics: TopicFactory) -> dict[str, str]:
    """The input and output topics of this test."""
    return {name: topics(name, partitions=PARTITIONS) for name in (INPUT, CORRECTIONS, ROUTED, REVIEW, DEAD)}


@pytest.fixture
def worker(
    kafka_bootstrap: str, postgres_database: str, topic_names: dict[str, str], tmp_path: Path
) -> Iterator[WorkerProcess]:
    """A running worker on the real parts; killed at the end if it still runs."""
    migrate.upgrade(postgres_database)
    running = WorkerProcess(
        {
            "DESKROUTE_KAFKA_BOOTSTRAP": kafka_bootstrap,
            "DESKROUTE_DATABASE_URL": postgres_database,
            "DESKROUTE_KAFKA_GROUP": topic_names[INPUT],
            "DESKROUTE_TOPIC_INCOMING": topic_names[INPUT],
            "DESKROUTE_TOPIC_CORRECTIONS": topic_names[CORRECTIONS],
            "DESKROUTE_TOPIC_ROUTED": topic_names[ROUTED],
            "DESKROUTE_TOPIC_REVIEW": topic_names[REVIEW],
            "DESKROUTE_TOPIC_DEAD_LETTER": topic_names[DEAD],
            "DESKROUTE_INFERENCE_THREADS": "2",
        },
        tmp_path / "worker.log",
    )
    yield running
    running.process.kill()
    running.process.wait(10)


@pytest.mark.model
@pytest.mark.timeout(FINISH_LIMIT_S + 120)
def test_worker_given_2000_tickets_stores_and_publishes_each_and_stops_cleanly_on_sigterm(
    kafka_bootstrap: str, postgres_database: str, topic_names: dict[str, str], worker: WorkerProcess
) -> None:
    keys = _produce_tickets(kafka_bootstrap, topic_names[INPUT], TICKETS)
    _produce(kafka_bootstrap, topic_names[INPUT], [(b"default/broken", b'{"ticket_id": "broken", "body": ')])

    events = _read_until(kafka_bootstrap, topic_names[ROUTED], TICKETS, worker)
    stop_s = worker.stop()
    rows = _rows(postgres_database, "SELECT tenant || '/' || ticket_id, event_id, document FROM results")
    letters = _read(kafka_bootstrap, topic_names[DEAD])

    assert worker.process.returncode == 0, worker.log
    assert stop_s < STOP_LIMIT_S
    assert {row[0] for row in rows} == keys
    assert len(rows) == TICKETS
    published = {event["id"]: event["data"] for event in map(json.loads, events)}
    assert len(events) == len(published) == TICKETS
    assert published == {str(row[1]): row[2] for row in rows}
    assert letters == [b'{"ticket_id": "broken", "body": ']
    assert _rows(postgres_database, "SELECT count(*) FROM dead_letters") == [(1,)]
    assert _committed(kafka_bootstrap, topic_names[INPUT]) == TICKETS + 1
    assert "Traceback" not in worker.log


@pytest.mark.model
@pytest.mark.timeout(240)
def test_worker_killed_while_it_works_loses_nothing_when_it_starts_again(
    kafka_bootstrap: str, postgres_database: str, topic_names: dict[str, str], worker: WorkerProcess, tmp_path: Path
) -> None:
    count = 300
    keys = _produce_tickets(kafka_bootstrap, topic_names[INPUT], count)
    _read_until(kafka_bootstrap, topic_names[ROUTED], 1, worker)

    worker.process.kill()
    worker.process.wait(10)
    second = WorkerProcess(worker.environment, tmp_path / "second.log")
    try:
        events = _read_until(kafka_bootstrap, topic_names[ROUTED], count, second)
        second.stop()
    finally:
        second.process.kill()
    rows = _rows(postgres_database, "SELECT tenant || '/' || ticket_id, event_id FROM results")

    assert {row[0] for row in rows} == keys
    assert len(rows) == count
    copies: dict[str, set[bytes]] = {}
    for event in events:
        copies.setdefault(json.loads(event)["id"], set()).add(event)
    assert set(copies) == {str(row[1]) for row in rows}
    assert all(len(different) == 1 for different in copies.values())


def _produce_tickets(bootstrap: str, topic: str, count: int) -> set[str]:
    samples = cycle(json.loads(line) for line in SAMPLE_TICKETS_FILE.read_bytes().splitlines())
    messages = []
    for number, sample in enumerate(islice(samples, count)):
        ticket = sample | {"ticket_id": f"t-{number}"}
        messages.append((f"default/t-{number}".encode(), json.dumps(ticket).encode()))
    _produce(bootstrap, topic, messages)
    return {key.decode() for key, _ in messages}


def _produce(bootstrap: str, topic: str, messages: list[tuple[bytes, bytes]]) -> None:
    with KafkaProducer(bootstrap_servers=bootstrap, acks="all", compression_type="lz4", linger_ms=20) as producer:
        sent = [producer.send(topic, value, key) for key, value in messages]
        producer.flush(30)
        assert all(future.succeeded() for future in sent)


def _read_until(bootstrap: str, topic: str, distinct: int, worker: WorkerProcess) -> list[bytes]:
    """Read a topic from its beginning until this many distinct events are there."""
    deadline_s = time.monotonic() + FINISH_LIMIT_S
    while True:
        events = _read(bootstrap, topic)
        if len({json.loads(event)["id"] for event in events}) >= distinct:
            return events
        assert worker.process.poll() is None, worker.log
        assert time.monotonic() < deadline_s, f"only {len(events)} events in time\n{worker.log[-2000:]}"
        time.sleep(0.5)


def _read(bootstrap: str, topic: str) -> list[bytes]:
    with KafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, isolation_level="read_committed"
    ) as reader:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        reader.assign(partitions)
        reader.seek_to_beginning(*partitions)
        ends = reader.end_offsets(partitions)
        values: list[bytes] = []
        while any(reader.position(partition) < ends[partition] for partition in partitions):
            for records in reader.poll(timeout_ms=500).values():
                values += [record.value for record in records]
        return values


def _committed(bootstrap: str, topic: str) -> int:
    with KafkaConsumer(bootstrap_servers=bootstrap, group_id=topic, enable_auto_commit=False) as reader:
        return sum(reader.committed(TopicPartition(topic, number)) or 0 for number in range(PARTITIONS))


def _rows(url: str, query: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return rows
