"""In: a Kafka and a PostgreSQL. Out: a scene on them: topics, a database, load, workers, and the oracle's verdict.

Every scene has topics, a consumer group and a database of its own, so scenes may share a broker. Raises
`WorkerTroubleError` where a worker does not do what it is waited for.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from deploy.local.databases import create_database, drop_database
from deploy.local.errors import LocalPartsError
from deploy.local.topics import create_topics, delete_topics
from load_tests.faults.worker_process import WorkerProcess, WorkerTroubleError
from load_tests.journal import read_journal
from load_tests.messages import Mix
from load_tests.oracle.check import Evidence, check
from load_tests.oracle.report import Report
from load_tests.oracle.sampler import WatermarkSampler, sample_service
from load_tests.oracle.samples import NO_SAMPLES, read_samples
from load_tests.oracle.store_reader import StoreReader
from load_tests.oracle.topic_reader import GroupReader
from load_tests.produce import Pace, produce
from service.broker.records import PartitionId
from service.errors import TransientError
from service.settings import PREFIX, Settings
from service.store import migrate

PARTITIONS: Final = 4
FINISH_LIMIT_S: Final = 120.0
FULL_SPEED: Final = 100_000.0
SESSION_TIMEOUT_MS: Final = 3_000
"""Short, so that a test need not wait long until the group gives up a dead member."""

_TOPICS = ("incoming", "corrections", "routed", "review", "dead_letter")
_ASK_AGAIN_S = 0.2
_ANSWER_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scene lies. Workers are given ``worker_database_url`` where they shall take another way to it."""

    bootstrap: str
    server_url: str = field(repr=False)
    folder: Path
    partitions: int = PARTITIONS


class Scene:
    """Topics, a database, and what happens on them. Made by `open_scene`."""

    def __init__(self, place: Place, database_url: str, name: str) -> None:
        self.partitions, self.folder, self.name = place.partitions, place.folder, name
        self.journal = place.folder / "journal.jsonl"
        self.samples_file = place.folder / "samples.jsonl"
        self.settings = _settings(place.bootstrap, database_url, name)
        self.workers: list[WorkerProcess] = []
        self._sampler: WatermarkSampler | None = None

    def start_worker(
        self,
        *,
        fail: Sequence[str] = (),
        decider: str = "scripted",
        arguments: Sequence[str] = (),
        **changed: object,
    ) -> WorkerProcess:
        """A worker with this scene's settings, but for those that are ``changed``, and with fail-points."""
        environment = _environment(self.settings) | {
            f"{PREFIX}{name.upper()}": str(value) for name, value in changed.items()
        }
        log = self.folder / f"worker-{len(self.workers)}.log"
        options = [part for point in fail for part in ("--fail", point)] + ["--decider", decider, *arguments]
        self.workers.append(WorkerProcess(environment, log, options))
        return self.workers[-1]

    def produce(self, count: int, mix: Mix | None = None, rate_per_s: float = FULL_SPEED) -> int:
        """Send messages and journal what was acknowledged; returns how many were."""
        return produce(self.settings, count, Pace(rate_per_s), mix or Mix(), self.journal)

    @contextmanager
    def producing(self, count: int, rate_per_s: float, mix: Mix | None = None) -> Iterator[None]:
        """The same while the block runs; at its end everything has been sent."""
        with ThreadPoolExecutor(1, thread_name_prefix="producer") as threads:
            sending = threads.submit(self.produce, count, mix, rate_per_s)
            yield
            sending.result()

    def sample(self, interval_s: float = 0.5) -> None:
        """Sample watermarks and memory from now on until `finish`."""
        self._sampler = sample_service(
            self.settings, self.samples_file, lambda: [worker.pid for worker in self.workers if not worker.exit_status]
        )

    def wait_until_published(self, limit_s: float = FINISH_LIMIT_S) -> None:
        """Return when every record on the input topics is published."""
        deadline_s = time.monotonic() + limit_s
        left: Mapping[PartitionId, int] | None = None
        with self._readers() as (store, group):
            while left is None or any(left.values()):
                if time.monotonic() > deadline_s:
                    raise WorkerTroubleError(f"not published within {limit_s} s: {left}\n{self._last_words()}")
                if left and all(worker.exit_status is not None for worker in self.workers):
                    raise WorkerTroubleError(f"no worker is left, not published: {left}\n{self._last_words()}")
                time.sleep(_ASK_AGAIN_S)
                try:
                    left = self._left(store, group)
                except TransientError:
                    group.close()

    def published(self) -> int:
        """How many input records are published so far; raises `TransientError` while the database is away."""
        with self._readers() as (store, _):
            return sum(marks.published_offset for marks in store.read_marks().values())

    def wait_until_some_published(self, count: int, limit_s: float = FINISH_LIMIT_S) -> None:
        """Return when at least so many input records are published."""
        deadline_s = time.monotonic() + limit_s
        with self._readers() as (store, _):
            while sum(marks.published_offset for marks in store.read_marks().values()) < count:
                if time.monotonic() > deadline_s:
                    raise WorkerTroubleError(f"fewer than {count} published within {limit_s} s\n{self._last_words()}")
                time.sleep(_ASK_AGAIN_S / 4)

    def finish(self, limit_s: float = FINISH_LIMIT_S, **evidence: Any) -> Report:
        """Wait until everything is published, stop the workers that run, and have it judged."""
        self.wait_until_published(limit_s)
        for worker in self.workers:
            if worker.exit_status is None:
                worker.wait_for("worker_started")  # before that, SIGTERM ends it as it ends any program
                worker.stop()
        return self.judge(**evidence)

    def judge(self, **evidence: Any) -> Report:
        """The oracle's report on what there is now."""
        samples = NO_SAMPLES
        if self._sampler is not None:
            self._sampler.close()
            self._sampler = None
        if self.samples_file.exists():
            samples = read_samples(self.samples_file)
        return check(read_journal(self.journal), self.settings, Evidence(samples=samples, **evidence))

    def close(self) -> None:
        """End every worker."""
        if self._sampler is not None:
            self._sampler.close()
        for worker in self.workers:
            worker.discard()

    @contextmanager
    def _readers(self) -> Iterator[tuple[StoreReader, GroupReader]]:
        store = StoreReader(self.settings.database_url.get_secret_value(), self.settings.kafka_group)
        group = GroupReader(self.settings, _ANSWER_LIMIT_S)
        try:
            yield store, group
        finally:
            store.close()
            group.close()

    def _left(self, store: StoreReader, group: GroupReader) -> Mapping[PartitionId, int]:
        """How many records of each partition are not published; a partition that nobody claimed counts as a whole."""
        at = [
            PartitionId(topic, number)
            for topic in (self.settings.topic_incoming, self.settings.topic_corrections)
            for number in range(self.partitions)
        ]
        ends = group.read_marks(at)
        published = store.read_marks()
        return {one: ends[one].end - (published[one].published_offset if one in published else 0) for one in at}

    def _last_words(self) -> str:
        return "\n".join(f"{worker.log_file.name}: {worker.log[-1_500:]}" for worker in self.workers[-3:])


@contextmanager
def open_scene(place: Place) -> Iterator[Scene]:
    """A scene on fresh topics and a fresh, migrated database; afterwards all of it is deleted."""
    name = f"f{uuid.uuid4().hex[:10]}"
    place.folder.mkdir(parents=True, exist_ok=True)
    create_database(place.server_url, name)
    database_url = urlsplit(place.server_url)._replace(path=f"/{name}").geturl()
    migrate.upgrade(database_url)
    scene = Scene(place, database_url, name)
    topics = topic_names(scene.settings)
    create_topics(place.bootstrap, place.partitions, {topic: {} for topic in topics})
    try:
        yield scene
    finally:
        scene.close()
        with suppress(LocalPartsError):  # a scene may end while one of the two is away
            delete_topics(place.bootstrap, topics)
            drop_database(place.server_url, name)


def topic_names(settings: Settings) -> list[str]:
    """Every topic that a worker with these settings uses."""
    return [getattr(settings, f"topic_{name}") for name in _TOPICS]


def _settings(bootstrap: str, database_url: str, name: str) -> Settings:
    topics: dict[str, Any] = {f"topic_{topic}": f"{name}.{topic}" for topic in _TOPICS}
    return Settings(
        kafka_bootstrap=bootstrap,
        kafka_group=name,
        kafka_session_timeout_ms=SESSION_TIMEOUT_MS,
        database_url=database_url,
        batch_max_tickets=64,
        commit_interval_ms=200,
        publish_timeout_ms=10_000,
        shutdown_timeout_ms=10_000,
        **topics,
    )


def _environment(settings: Settings) -> dict[str, str]:
    """The variables that make the same settings."""
    given = settings.model_dump(exclude_unset=True) | {"database_url": settings.database_url.get_secret_value()}
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in given.items()}
