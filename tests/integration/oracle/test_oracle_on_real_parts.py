"""In: a real broker, a real PostgreSQL, the producer and a worker process. Out: proof that the oracle sees what is so.

It says that all is well where all is well, and what is wrong as soon as one row is gone, through its command too.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from load_tests.journal import JournalEntry, read_journal
from load_tests.messages import Mix
from load_tests.oracle.check import Evidence, check
from load_tests.oracle.report import Report, Trouble
from load_tests.oracle.sampler import sample_service
from load_tests.oracle.samples import Samples, read_samples
from load_tests.produce import Pace, produce
from service.settings import Settings
from service.store import migrate
from tests.services import TopicFactory

MESSAGES = 60
FINISH_LIMIT_S = 240
STOP_LIMIT_S = 30
_PARTITIONS = 2
_MIX = Mix(invalid_share=0.05, duplicate_share=0.1, late_share=0.1, seed=4)
_PLANTED = ("Beispielname Niemandsen", "niemandsen@example.org")


@dataclass(frozen=True, slots=True)
class Run:
    """What a worker made of a load."""

    settings: Settings
    journal_file: Path
    samples: Samples
    log_file: Path

    @property
    def journal(self) -> list[JournalEntry]:
        """What the producer was acknowledged."""
        return read_journal(self.journal_file)

    def check(self) -> Report:
        """The oracle's verdict with everything that was watched."""
        evidence = Evidence(
            samples=self.samples,
            planted=_PLANTED,
            logs=(self.log_file,),
            recovery_limit_s=FINISH_LIMIT_S,
        )
        return check(self.journal, self.settings, evidence)

    def environment(self) -> dict[str, str]:
        """The settings as another process reads them."""
        return _environment(self.settings)

    def execute(self, statement: str) -> None:
        """Change something behind the worker's back."""
        engine = create_engine(self.settings.database_url.get_secret_value())
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()


@pytest.fixture
def settings(kafka_bootstrap: str, postgres_database: str, topics: TopicFactory) -> Settings:
    """A service of this test's own."""
    migrate.upgrade(postgres_database)
    names = {
        name: topics(f"tickets.{name}", partitions=_PARTITIONS)
        for name in ("incoming", "corrections", "routed", "review", "dead-letter")
    }
    return Settings(
        kafka_bootstrap=kafka_bootstrap,
        database_url=postgres_database,
        kafka_group=names["incoming"],
        topic_incoming=names["incoming"],
        topic_corrections=names["corrections"],
        topic_routed=names["routed"],
        topic_review=names["review"],
        topic_dead_letter=names["dead-letter"],
    )


@pytest.fixture
def finished(settings: Settings, tmp_path: Path) -> Iterator[Run]:
    """A load that a worker has worked off, watched by a sampler."""
    journal_file, samples_file, log_file = (tmp_path / name for name in ("journal", "samples", "worker.log"))
    with log_file.open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "worker"],
            env=os.environ | _environment(settings),
            stdout=log,
            stderr=log,
        )
    try:
        with sample_service(settings, samples_file, lambda: [worker.pid]):
            acknowledged = produce(settings, MESSAGES, Pace(1_000.0, outstanding=10), _MIX, journal_file)
            assert acknowledged == MESSAGES
            _wait_until_published(samples_file, MESSAGES, worker, log_file)
            worker.send_signal(signal.SIGTERM)
            worker.wait(STOP_LIMIT_S)
        yield Run(settings, journal_file, read_samples(samples_file), log_file)
    finally:
        worker.kill()
        worker.wait(STOP_LIMIT_S)


@pytest.mark.model
@pytest.mark.timeout(FINISH_LIMIT_S + 120)
def test_oracle_after_a_real_run_says_all_is_well_and_after_a_row_is_deleted_what_is_wrong(finished: Run) -> None:
    report = finished.check()

    assert report.holds, report.to_json()
    assert set(report.not_checked) == {"I11"}
    assert len(finished.journal) == report.counts.acknowledged == MESSAGES
    assert report.counts.rows == report.counts.revisions < MESSAGES - report.counts.dead_letters
    assert report.counts.dead_letters > 0
    assert report.counts.waiting == 0
    assert report.counts.partition_stalled_s is not None
    assert finished.samples.memory
    assert _run_command(finished).returncode == 0

    finished.execute(
        "DELETE FROM results WHERE (tenant, ticket_id, revision) IN"
        " (SELECT tenant, ticket_id, revision FROM ticket_current LIMIT 1)"
    )
    broken = _run_command(finished, "--json")

    found = json.loads(broken.stdout)
    assert broken.returncode == 1, broken.stderr
    assert set(found["violated"]) >= {"I1", "I4", "I5", "I6"}
    assert {one["trouble"] for one in found["findings"]["I1"]} == {Trouble.LOST}
    assert {one["trouble"] for one in found["findings"]["I4"]} == {Trouble.EVENT_WITHOUT_ROW}


def _environment(settings: Settings) -> dict[str, str]:
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    given["database_url"] = settings.database_url.get_secret_value()
    return {f"DESKROUTE_{name.upper()}": str(value) for name, value in given.items()}


def _wait_until_published(samples_file: Path, count: int, worker: subprocess.Popen[bytes], log_file: Path) -> None:
    deadline_s = time.monotonic() + FINISH_LIMIT_S
    while not (published := _published(samples_file)) or published < count:
        assert worker.poll() is None, log_file.read_text(encoding="utf-8")
        assert time.monotonic() < deadline_s, f"only {published} published\n{log_file.read_text(encoding='utf-8')}"
        time.sleep(0.5)


def _published(samples_file: Path) -> int:
    stored = read_samples(samples_file).store
    return sum(marks.published_offset for marks in stored[-1].marks.values()) if stored else 0


def _run_command(run: Run, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "load_tests.oracle", "--journal", str(run.journal_file), *options],
        env=os.environ | run.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
