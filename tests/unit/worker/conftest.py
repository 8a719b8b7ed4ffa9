"""In: nothing. Out: a `Plant`: one topic, one SQLite database, and workers that may be started on them one by one."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import cast

import pytest

from service.batching import BatchLimits
from service.clocks import Clocks
from service.decide import Decider
from service.neighbours import Controls, Neighbours, WorkerSettings
from service.publish import OutputTopics
from service.stopping import StopRequest
from service.store.engine import create_store_engine
from service.vitals import Vitals
from service.worker import Worker
from tests.unit.worker.fakes import (
    CORRECTIONS,
    NOW,
    FakeDecider,
    FakeSink,
    FakeSource,
    Script,
    ScriptedStore,
    Time,
    Topic,
)

OUTPUTS = OutputTopics("routed", "review", "dead-letter")


class Plant:
    """Everything around a worker. `start` makes the next worker, as a restarted process would be."""

    def __init__(self, topic: Topic, database: Path, batch_records: int) -> None:
        self.topic, self.database = topic, database
        self.script, self.time, self.decider = Script(), Time(), FakeDecider()
        self.sink = FakeSink(self.script)
        self.store = ScriptedStore(create_store_engine(f"sqlite:///{database}"), self.script)
        self._limits = BatchLimits(batch_records, 4_000_000, 0.05)
        self.source = FakeSource(topic, self.script, self.time)

    def start(self) -> Worker:
        self.source = FakeSource(self.topic, self.script, self.time)
        settings = WorkerSettings(
            "group", CORRECTIONS, OUTPUTS, self._limits, commit_interval_s=1.0, commit_timeout_s=5.0, topic_ids={}
        )
        clocks = Clocks(utc=lambda: NOW, monotonic=self.time, rng=Random(1))  # noqa: S311  jitter
        self.stop = StopRequest(self.time, limit_s=20.0)
        self.vitals = Vitals(self.time)
        neighbours = Neighbours(self.source, self.sink, self.store)
        controls = Controls(clocks, self.stop, self.vitals)
        worker = Worker(neighbours, cast(Decider, self.decider), settings, controls)
        self.source.on_idle = self.stop.request
        return worker

    def run(self) -> None:
        self.start().run()

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.database)) as connection:
            rows: list[tuple[object, ...]] = connection.execute(query).fetchall()
            connection.commit()
        return rows

    def stored_ids(self) -> list[object]:
        return [row[0] for row in self.rows("SELECT ticket_id FROM results ORDER BY ticket_id")]

    def watermarks(self) -> list[tuple[object, ...]]:
        return self.rows("SELECT next_offset, published_offset FROM consumer_offsets ORDER BY partition")


@pytest.fixture
def plant(tmp_path: Path, empty_database: Path) -> Iterator[Callable[..., Plant]]:
    """Make the surroundings of a worker from the messages of each partition."""
    made: list[Plant] = []

    def make(partitions: Mapping[int, Sequence[bytes]], *, batch_records: int = 4, first_offset: int = 0) -> Plant:
        database = tmp_path / "deskroute.db"
        shutil.copyfile(empty_database, database)
        made.append(Plant(Topic(partitions, first_offset), database, batch_records))
        return made[-1]

    yield make
    for one in made:
        one.store.close()
