"""In: dead letters in a real PostgreSQL, a real broker and `deskroute dead-letters` as a process. Out: proof that a
replay sends what came, notes what it sent, and loses nothing when it is killed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition
from sqlalchemy import Engine, text

from service.errors import Reason, Stage
from service.store import migrate
from service.store.engine import create_store_engine
from service.store.store import Store
from service.store.values import BatchRange, DeadLetter
from tests.services import TopicFactory

PARTITIONS = 2
LIMIT_S = 60
SECRET = "hunter2-private-text"
INVALID = b'{"ticket_id": "broken", "text": "' + SECRET.encode() + b'"}'
OUTPUTS = ("tickets.corrections", "tickets.routed", "tickets.review", "tickets.dead-letter")

_PUBLISHED = "SELECT sum(published_offset) FROM consumer_offsets WHERE group_id = 'deskroute'"

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def engine(postgres_database: str) -> Iterator[Engine]:
    """The migrated database of this test."""
    migrate.upgrade(postgres_database)
    opened = create_store_engine(postgres_database)
    yield opened
    opened.dispose()


@pytest.fixture
def topic(topics: TopicFactory) -> str:
    """The topic that the letters came on."""
    return topics("tickets.incoming", partitions=PARTITIONS)


@pytest.fixture
def environment(kafka_bootstrap: str, postgres_database: str, topic: str, tmp_path: Path) -> dict[str, str]:
    """Settings of a command that runs on the real parts, and no others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DESKROUTE_")}
    return inherited | {
        "DESKROUTE_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "DESKROUTE_DATABASE_URL": postgres_database,
        "DESKROUTE_TOPIC_INCOMING": topic,
        "DESKROUTE_CONFIG": str(tmp_path / "none.toml"),
    }


@pytest.fixture
def run(environment: dict[str, str], engine: Engine) -> Run:
    """Runs `deskroute dead-letters …` to its end."""

    def command(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(_command(*arguments), env=environment, capture_output=True, timeout=LIMIT_S, check=False)

    return command


def test_replay_sends_what_came_to_where_it_came_from_and_notes_it(
    kafka_bootstrap: str, engine: Engine, topic: str, run: Run
) -> None:
    first, second = _letter(topic, 0), _letter(topic, 1, reason=Reason.PROCESS_DIED, stage=Stage.INFER)
    _store(engine, [first, second, _letter(topic, 2, INVALID)])

    foreseen = run("replay", "--all", "--policy", "requeue", "--dry-run")
    before = _read(kafka_bootstrap, topic)
    outcome = run("replay", "--all", "--policy", "requeue")
    sent = _read(kafka_bootstrap, topic)

    assert foreseen.stdout.endswith(b"2 would be replayed, 1 still invalid (would be left), 0 would be dropped\n")
    assert before == []
    assert (outcome.returncode, outcome.stdout) == (0, b"2 replayed, 1 still invalid (left), 0 dropped\n"), outcome
    assert sorted(sent) == sorted(
        (one.key, one.value, (("traceparent", b"00-ab-cd-01"), ("x", b""), ("deskroute-replay", str(one.id).encode())))
        for one in (first, second)
    )
    assert _states(engine) == {0: "replayed", 1: "replayed", 2: "open"}


def test_list_and_show_find_letters_by_filter_and_short_id_and_print_no_text(
    engine: Engine, topic: str, run: Run
) -> None:
    _store(engine, [_letter(topic, 0), _letter(topic, 1, INVALID)])

    listed = run("list", "--json", "--topic", topic, "--since", "1h", "--reason", "schema_violation")
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    shown = run("show", rows[0]["id"][:10])
    value = run("show", rows[0]["id"][:10], "--value")

    assert [row["offset"] for row in rows] == [1, 0]
    assert shown.returncode == 0
    assert rows[0]["id"].encode() in shown.stdout
    assert SECRET.encode() not in listed.stdout + shown.stdout + run("list").stdout
    assert value.stdout == INVALID


def test_replay_killed_half_way_loses_no_letter_and_repeats_at_most_one(
    kafka_bootstrap: str, engine: Engine, topic: str, environment: dict[str, str], run: Run
) -> None:
    letters = [_letter(topic, offset) for offset in range(30)]
    _store(engine, letters)

    with subprocess.Popen(_command("replay", "--all", "--rate", "20"), env=environment) as process:
        _wait_for(lambda: _count(engine, "replayed_at IS NOT NULL") >= 5)
        process.kill()
    noted = _count(engine, "replayed_at IS NOT NULL")
    outcome = run("replay", "--all", "--rate", "1000")
    copies = Counter(key for key, _, _ in _read(kafka_bootstrap, topic))

    assert 5 <= noted < 30
    assert outcome.stdout == f"{30 - noted} replayed, 0 still invalid (left), 0 dropped\n".encode()
    assert set(copies) == {one.key for one in letters}
    assert copies.total() <= 31
    assert _count(engine, "replayed_at IS NULL") == 0


def test_replay_to_a_topic_that_is_gone_says_so_in_one_line(engine: Engine, topic: str, run: Run) -> None:
    gone = topic + ".gone"
    _store(engine, [_letter(gone, 0)])

    foreseen, outcome = run("replay", "--all", "--dry-run"), run("replay", "--all")

    for ended in (foreseen, outcome):
        assert ended.returncode == 1
        assert f"has no topic {gone}".encode() in ended.stderr
        assert ended.stderr.count(b"\n") == 1
    assert _states(engine) == {0: "open"}


def test_replay_with_the_policy_drop_passes_every_page_of_letters(engine: Engine, topic: str, run: Run) -> None:
    _store(engine, [_letter(topic, offset, INVALID) for offset in range(600)])

    outcome = run("replay", "--stage", "decode", "--policy", "drop")

    assert (outcome.returncode, outcome.stdout) == (0, b"0 replayed, 0 still invalid (left), 600 dropped\n"), outcome
    assert _count(engine, "dropped_at IS NOT NULL") == 600


@pytest.mark.model
@pytest.mark.timeout(240)
def test_replay_sent_twice_becomes_one_row(
    engine: Engine, topics: TopicFactory, topic: str, environment: dict[str, str], run: Run, tmp_path: Path
) -> None:
    _store(engine, [_letter(topic, 0, stage=Stage.INFER, reason=Reason.PROCESS_DIED)])
    for name in OUTPUTS:
        environment[f"DESKROUTE_TOPIC_{name.removeprefix('tickets.').replace('-', '_').upper()}"] = topics(name)

    first = run("replay", "--all")
    with engine.begin() as connection:
        connection.execute(text("UPDATE dead_letters SET replayed_at = NULL"))  # as if killed before it was noted
    second = run("replay", "--all")
    log = tmp_path / "worker.log"
    with log.open("wb") as output, subprocess.Popen(_worker_command(), env=environment, stderr=output) as worker:
        try:
            _wait_for(lambda: _scalar(engine, _PUBLISHED) == 2, limit_s=150)
        finally:
            worker.terminate()

    assert first.stdout == second.stdout == b"1 replayed, 0 still invalid (left), 0 dropped\n"
    assert _scalar(engine, "SELECT count(*) FROM results") == 1, log.read_text()
    assert _scalar(engine, "SELECT count(*) FROM dead_letters") == 1


def _letter(
    topic: str,
    offset: int,
    value: bytes | None = None,
    *,
    reason: Reason = Reason.SCHEMA,
    stage: Stage = Stage.DECODE,
) -> DeadLetter:
    ticket = {"ticket_id": f"t-{offset}", "body": SECRET, "updated_at": "2026-03-03T12:00:00Z"}
    return DeadLetter(
        topic=topic,
        partition=0,
        offset=offset,
        key=f"default/t-{offset}".encode(),
        value=json.dumps(ticket).encode() if value is None else value,
        headers=(("traceparent", b"00-ab-cd-01"), ("x", None)),
        reason=reason,
        stage=stage,
        detail="body: Field required",
        service_version="0.1.0",
        model_version="1",
        failed_at=datetime.now(UTC),
    )


def _store(engine: Engine, letters: list[DeadLetter]) -> None:
    """Write them as a worker does, in a consumer group of its own."""
    store = Store(engine)
    (claim,) = store.claim("who-failed", letters[0].topic, {0: 0}, uuid.uuid4(), None)
    store.write_batch([BatchRange(claim, 0, len(letters))], [], letters)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "service.cli", "dead-letters", *arguments]


def _worker_command() -> list[str]:
    return [sys.executable, "-m", "service.cli", "worker"]


def _read(bootstrap: str, topic: str) -> list[tuple[bytes, bytes, tuple[tuple[str, bytes], ...]]]:
    """Key, value and headers of every record."""
    with KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False) as reader:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        reader.assign(partitions)
        reader.seek_to_beginning(*partitions)
        ends = reader.end_offsets(partitions)
        found = []
        while any(reader.position(partition) < ends[partition] for partition in partitions):
            for records in reader.poll(timeout_ms=500).values():
                found += [(record.key, record.value, tuple(record.headers)) for record in records]
        return found


def _states(engine: Engine) -> dict[int, str]:
    query = 'SELECT "offset", replayed_at, dropped_at FROM dead_letters'
    with engine.connect() as connection:
        rows = connection.execute(text(query)).all()
    return {offset: "replayed" if replayed else "dropped" if dropped else "open" for offset, replayed, dropped in rows}


def _count(engine: Engine, condition: str) -> int:
    return int(_scalar(engine, f"SELECT count(*) FROM dead_letters WHERE {condition}"))  # noqa: S608  our own text


def _scalar(engine: Engine, query: str, **parameters: str) -> int:
    with engine.connect() as connection:
        return connection.execute(text(query), parameters).scalar_one() or 0


def _wait_for(condition: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s, "not in time"
        time.sleep(0.1)
