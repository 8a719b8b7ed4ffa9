"""In: records and scripted failures. Out: a topic, a sink, a decider and a store that write down what is asked of them.

The store is the real one on SQLite; it only notes its calls and fails where the script says so. Time passes where the
worker polls, so nothing sleeps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Literal

from sqlalchemy import Engine

from service.broker.records import InputRecord, OutputRecord, PartitionId
from service.errors import BrokerUnavailableError, InferenceError
from service.result import CategoryResult, Label, ModelRef, Route, SentimentResult, TicketResult
from service.routing.actions import Defaults
from service.routing.rules import RuleSet
from service.stopping import StopRequest
from service.store.store import Store
from service.store.values import (
    BatchRange,
    DeadLetter,
    Erasure,
    PartitionClaim,
    StoredDecision,
    StoredEvent,
    TicketRevision,
    WriteOutcome,
)
from service.ticket import Ticket

TOPIC = "tickets.incoming"
CORRECTIONS = "tickets.corrections"
NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
_IDLE_POLLS = 6
_MOST_POLLS = 30_000


class Killed(Exception):  # noqa: N818  the process's end is no error of it
    """The process dies here."""


@dataclass(slots=True)
class Script:
    """What happened, in order, and what shall fail: step → failures left, raised before or after the step's work."""

    journal: list[str] = field(default_factory=list)
    before: dict[str, list[Exception]] = field(default_factory=dict)
    after: dict[str, list[Exception]] = field(default_factory=dict)

    def begin(self, step: str) -> None:
        self.journal.append(step)
        self._fail(self.before, step)

    def end(self, step: str) -> None:
        self._fail(self.after, step)

    @staticmethod
    def _fail(planned: dict[str, list[Exception]], step: str) -> None:
        if planned.get(step):
            raise planned[step].pop(0)


@dataclass(slots=True)
class Time:
    """Monotonic seconds that pass only where the test says so."""

    now_s: float = 1_000.0

    def __call__(self) -> float:
        return self.now_s


class Topic:
    """What a broker keeps: the records and the group's committed offsets."""

    def __init__(self, partitions: Mapping[int, Sequence[bytes]], first_offset: int = 0) -> None:
        self.first_offset = first_offset
        self.committed: dict[PartitionId, int] = {}
        self.records = {
            PartitionId(TOPIC, number): [
                InputRecord(PartitionId(TOPIC, number), first_offset + index, b"key", value, (), 1_700_000_000_000)
                for index, value in enumerate(values)
            ]
            for number, values in partitions.items()
        }

    def next_offset(self, partition: PartitionId) -> int:
        return self.first_offset + len(self.records[partition])


class FakeSource:
    """One member's view of a topic; when nothing is left to read it calls `on_idle`."""

    def __init__(self, topic: Topic, script: Script, time: Time) -> None:
        self.topic, self.script, self.time = topic, script, time
        self.on_idle: Callable[[], None] = lambda: None
        self.refuse_commits = False
        self.started: list[dict[PartitionId, int]] = []
        self.commits: list[dict[PartitionId, int]] = []
        self.assignments: list[frozenset[PartitionId]] = [frozenset(topic.records)]
        self._positions: dict[PartitionId, int] = {}
        self._paused: set[PartitionId] = set(topic.records)
        self._polls = self._idle = 0

    def poll(self, timeout_ms: int, max_records: int) -> list[InputRecord]:
        self._polls += 1
        assert self._polls < _MOST_POLLS, "the worker does not come to an end"
        polled: list[InputRecord] = []
        for partition in sorted(set(self._positions) - self._paused):
            start = self._positions[partition] - self.topic.first_offset
            taken = self.topic.records[partition][start:][: max_records - len(polled)]
            self._positions[partition] += len(taken)
            polled += taken
        if not polled:
            self.time.now_s += max(timeout_ms, 1) / 1_000
            self._idle = 0 if self._paused else self._idle + 1
            if self._idle >= _IDLE_POLLS:
                self.on_idle()
        return polled

    def take_assignment(self) -> frozenset[PartitionId] | None:
        return self.assignments.pop(0) if self.assignments else None

    def committed(self, partition: PartitionId) -> int | None:
        self.script.begin("committed")
        return self.topic.committed.get(partition)

    def beginning(self, partition: PartitionId) -> int:
        assert partition in self.topic.records
        return self.topic.first_offset

    def start_at(self, positions: Mapping[PartitionId, int]) -> None:
        self.started.append(dict(positions))
        self._positions.update(positions)
        self._paused -= set(positions)

    def pause(self, partitions: Sequence[PartitionId]) -> None:
        self.script.begin("pause")
        self._paused |= set(partitions)

    def probe(self) -> None:
        self.script.begin("probe")

    def commit(self, offsets: Mapping[PartitionId, int], timeout_s: float) -> bool:
        self.script.begin("commit")
        if self.refuse_commits:
            return False
        self.commits.append(dict(offsets))
        self.topic.committed.update(offsets)
        self.script.end("commit")
        return True


class FakeSink:
    """Topics to publish to; a failed call may have published a part, as in reality."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.tries: list[list[OutputRecord]] = []
        self.acknowledged: list[OutputRecord] = []
        self.failures = 0
        self.on_publish: Callable[[], None] = lambda: None

    def publish(self, records: Sequence[OutputRecord], stop: StopRequest) -> None:
        self.script.begin("publish")
        self.tries.append(list(records))
        if self.failures:
            self.failures -= 1
            self.acknowledged += records[: len(records) // 2]
            raise BrokerUnavailableError("not acknowledged in time")
        self.acknowledged += records
        self.script.end("publish")
        self.on_publish()

    def on(self, topic: str) -> list[OutputRecord]:
        return [record for record in self.acknowledged if record.topic == topic]


class FakeDecider:
    """Decides without a model. No two calls give the same result, so a second decision of a ticket would show."""

    model = ModelRef("fake", "7", "ab" * 32)
    labels: ClassVar = {
        "category": ("billing", "other"),
        "sentiment": ("negative", "neutral", "positive"),
        "urgency": ("low", "normal", "high"),
    }
    rules = RuleSet(Path("rules.toml"), Defaults("triage", "normal", {"normal": 480}), ())

    def __init__(self, poison: str = "poison", review: str = "review", refused: str = "refused") -> None:
        self.poison, self.review, self.refused = poison, review, refused
        self.decided: list[str] = []

    def decide(self, tickets: Sequence[Ticket]) -> list[TicketResult]:
        if any(ticket.ticket_id == self.poison for ticket in tickets):
            raise InferenceError("the graph failed")
        self.decided += [ticket.ticket_id for ticket in tickets]
        return [self._result(ticket) for ticket in tickets]

    def _result(self, ticket: Ticket) -> TicketResult:
        priced = float("nan") if ticket.ticket_id == self.refused else float(len(self.decided))
        return TicketResult(
            ticket_id=ticket.ticket_id,
            tenant=ticket.tenant,
            revision=1,
            category=CategoryResult("billing", 0.9, {"billing": 0.9, "other": 0.1}, None),
            sentiment=SentimentResult("neutral", 0.8, 0.0),
            urgency=Label("normal", 0.7),
            language=Label("en", 0.99),
            fields=(),
            route=Route("billing", "normal", 60, "billing", ticket.ticket_id == self.review, ()),
            model=self.model,
            decided_by="full",
            truncated=False,
            processed_at=NOW,
            latency_ms=priced,
        )


class ScriptedStore(Store):
    """The real store, with its calls written down and failures where the script plans them."""

    def __init__(self, engine: Engine, script: Script) -> None:
        super().__init__(engine)
        self.script = script
        self.published: dict[PartitionId, int] = {}

    def write_batch(
        self,
        ranges: Sequence[BatchRange],
        decisions: Sequence[StoredDecision],
        letters: Sequence[DeadLetter],
        erasures: Sequence[Erasure] = (),
    ) -> WriteOutcome:
        self.script.begin("write_batch")
        outcome = super().write_batch(ranges, decisions, letters, erasures)
        self.script.end("write_batch")
        return outcome

    def read_events(self, keys: Sequence[TicketRevision]) -> list[StoredEvent]:
        self.script.begin("read_events")
        events = super().read_events(keys)
        self.script.end("read_events")
        return events

    def mark_published(self, published: Sequence[tuple[PartitionClaim, int]]) -> list[int]:
        self.script.begin("mark_published")
        held = super().mark_published(published)
        self.published.update({PartitionId(claim.topic, claim.partition): offset for claim, offset in published})
        self.script.end("mark_published")
        return held


def message(ticket_id: str) -> bytes:
    """A valid message whose revision is its `updated_at`."""
    body = "Where is my invoice?"
    return json.dumps(
        {"ticket_id": ticket_id, "tenant": "acme", "body": body, "updated_at": "1970-01-01T00:00:00.000001Z"}
    ).encode()


def messages(count: int, prefix: str = "t") -> list[bytes]:
    return [message(f"{prefix}{number}") for number in range(count)]


Moment = Literal["before", "after"]
