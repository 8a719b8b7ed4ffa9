"""In: dead letters before a store and a broker that may fail. Out: what is sent, noted and left, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.broker.records import OutputRecord
from service.corrections import try_decode_correction
from service.errors import BrokerUnavailableError, InputPositionError, Reason, Stage, StoreUnavailableError
from service.replay import Action, Pace, Policy, Replay, ReplayPlan, replay_record, still_invalid
from service.store.letters import LetterState, LetterSummary, StoredLetter
from service.store.values import DeadLetter
from tests.unit.dead_letters.letters import INVALID, VALID, letter
from tests.unit.store.samples import NOW, TOPIC


class Time:
    """A monotonic clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@dataclass
class Surroundings:
    """The letters and the broker of a test; ``log`` has every call in order, ``failing`` the call that fails."""

    stored: dict[UUID, StoredLetter]
    topics: set[str] = field(default_factory=lambda: {TOPIC})
    failing: str = ""
    log: list[str] = field(default_factory=list)
    sent: list[OutputRecord] = field(default_factory=list)
    time: Time = field(default_factory=Time)
    sent_at_s: list[float] = field(default_factory=list)

    def read(self, letter_id: UUID) -> StoredLetter | None:
        return self.stored.get(letter_id)

    def mark_replayed(self, letter_id: UUID, at: datetime) -> None:
        self._step("replayed", letter_id)
        self._change(letter_id, replayed_at=at)

    def mark_dropped(self, letter_id: UUID, at: datetime) -> None:
        self._step("dropped", letter_id)
        self._change(letter_id, dropped_at=at)

    def require_topic(self, topic: str) -> None:
        if topic not in self.topics:
            raise InputPositionError(f"Kafka has no topic {topic}")

    def publish(self, records: Sequence[OutputRecord]) -> None:
        for record in records:
            self._step("sent", UUID(dict(record.headers)["deskroute-replay"].decode()))  # type: ignore[union-attr]
        self.sent += records
        self.sent_at_s.append(self.time())

    def run(self, plan: ReplayPlan | None = None, rate_per_s: float = 100) -> list[Action]:
        pace = Pace(rate_per_s, self.time, self.time.sleep)
        replay = Replay(self, self, plan or ReplayPlan(), pace, lambda: NOW)
        return [verdict.action for verdict in replay.run(list(self.stored))]

    def states(self) -> list[LetterState]:
        return [one.about.state for one in self.stored.values()]

    def _step(self, name: str, letter_id: UUID) -> None:
        call = f"{name} {self.stored[letter_id].about.offset}"
        if call == self.failing:
            self.failing = ""
            raise (BrokerUnavailableError if name == "sent" else StoreUnavailableError)(f"{call} failed")
        self.log.append(call)

    def _change(self, letter_id: UUID, **times: datetime) -> None:
        one = self.stored[letter_id]
        self.stored[letter_id] = replace(one, about=replace(one.about, **times))  # type: ignore[arg-type]


def _stored(one: DeadLetter) -> StoredLetter:
    names = (
        "id",
        "topic",
        "partition",
        "offset",
        "detail",
        "service_version",
        "model_version",
        "failed_at",
        "attempts",
    )
    about = LetterSummary(
        **{name: getattr(one, name) for name in names},
        reason=one.reason,
        stage=one.stage,
        replayed_at=None,
        dropped_at=None,
    )
    return StoredLetter(about, one.key, one.value, one.headers)


def _surroundings(*letters: DeadLetter, failing: str = "") -> Surroundings:
    return Surroundings({one.id: _stored(one) for one in letters}, failing=failing)


def test_replay_valid_letters_sends_each_before_it_notes_it() -> None:
    around = _surroundings(letter(0), letter(1))

    actions = around.run()

    assert actions == [Action.REPLAY, Action.REPLAY]
    assert around.log == ["sent 0", "replayed 0", "sent 1", "replayed 1"]
    assert around.states() == [LetterState.REPLAYED, LetterState.REPLAYED]


@pytest.mark.parametrize(
    ("policy", "actions", "log"),
    [
        (Policy.STOP, [Action.REPLAY, Action.STOP], ["sent 0", "replayed 0"]),
        (
            Policy.REQUEUE,
            [Action.REPLAY, Action.LEAVE, Action.REPLAY],
            ["sent 0", "replayed 0", "sent 2", "replayed 2"],
        ),
        (
            Policy.DROP,
            [Action.REPLAY, Action.DROP, Action.REPLAY],
            ["sent 0", "replayed 0", "dropped 1", "sent 2", "replayed 2"],
        ),
    ],
)
def test_replay_at_a_letter_still_invalid_follows_the_policy(
    policy: Policy, actions: list[Action], log: list[str]
) -> None:
    around = _surroundings(letter(0), letter(1, INVALID), letter(2))

    assert around.run(ReplayPlan(policy=policy)) == actions
    assert around.log == log


@pytest.mark.parametrize(
    ("reason", "stage"), [(Reason.INFERENCE, Stage.INFER), (Reason.REJECTED_BY_STORE, Stage.STORE)]
)
def test_replay_of_a_later_stage_is_sent(reason: Reason, stage: Stage) -> None:
    around = _surroundings(letter(0, reason=reason, stage=stage))

    assert around.run() == [Action.REPLAY]


@pytest.mark.parametrize(("failing", "copies"), [("sent 1", [1, 1, 1]), ("replayed 1", [1, 2, 1])])
def test_replay_after_a_failure_at_any_step_loses_no_letter(failing: str, copies: list[int]) -> None:
    around = _surroundings(letter(0), letter(1), letter(2), failing=failing)

    with pytest.raises((BrokerUnavailableError, StoreUnavailableError), match=failing):
        around.run()
    after_failure = around.states()
    around.run()

    assert after_failure == [LetterState.REPLAYED, LetterState.OPEN, LetterState.OPEN]
    assert around.states() == [LetterState.REPLAYED] * 3
    assert [around.log.count(f"sent {offset}") for offset in range(3)] == copies


def test_replay_dry_run_judges_as_the_real_run_and_changes_nothing() -> None:
    around = _surroundings(letter(0), letter(1, INVALID), letter(2))

    foreseen = around.run(ReplayPlan(policy=Policy.DROP, dry_run=True))
    untouched = (list(around.log), around.states(), around.time())

    assert untouched == ([], [LetterState.OPEN] * 3, 100.0)
    assert foreseen == around.run(ReplayPlan(policy=Policy.DROP))


@pytest.mark.parametrize("dry_run", [True, False])
def test_replay_to_a_topic_that_is_gone_ends_there(dry_run: bool) -> None:
    around = _surroundings(letter(0), letter(1, topic="old.topic"), letter(2))

    with pytest.raises(InputPositionError, match=r"no topic old\.topic"):
        around.run(ReplayPlan(dry_run=dry_run))

    assert around.log == ([] if dry_run else ["sent 0", "replayed 0"])


def test_replay_of_invalid_letters_of_a_topic_that_is_gone_drops_them() -> None:
    around = _surroundings(letter(0, INVALID, topic="old.topic"))

    assert around.run(ReplayPlan(policy=Policy.DROP)) == [Action.DROP]


def test_replay_maximum_counts_what_is_changed_and_not_what_is_left() -> None:
    around = _surroundings(letter(0, INVALID), letter(1), letter(2, INVALID), letter(3), letter(4))

    actions = around.run(ReplayPlan(policy=Policy.REQUEUE, max_letters=2))

    assert actions == [Action.LEAVE, Action.REPLAY, Action.LEAVE, Action.REPLAY]


def test_replay_passes_over_a_letter_that_someone_else_replayed_or_erased() -> None:
    around = _surroundings(letter(0), letter(1), letter(2))
    ids = list(around.stored)
    around.mark_replayed(ids[0], NOW)
    del around.stored[ids[1]]

    passed = [
        verdict.letter.offset
        for verdict in Replay(around, around, ReplayPlan(), Pace(1, around.time, around.time.sleep), lambda: NOW).run(
            ids
        )
    ]

    assert passed == [2]


@given(rate_per_s=st.floats(0.1, 1_000), count=st.integers(1, 20))
def test_replay_never_sends_faster_than_the_rate(rate_per_s: float, count: int) -> None:
    around = _surroundings(*(letter(offset) for offset in range(count)))

    around.run(rate_per_s=rate_per_s)

    elapsed_s = around.sent_at_s[-1] - around.sent_at_s[0]
    assert elapsed_s == pytest.approx((count - 1) / rate_per_s)


def test_pace_after_a_pause_does_not_make_up_for_it_in_a_burst() -> None:
    time = Time()
    pace = Pace(10, time, time.sleep)
    pace.wait()
    time.sleep(60)

    pace.wait()
    pace.wait()

    assert time() == pytest.approx(160.1)


def test_replay_record_keeps_key_bytes_and_headers_and_adds_the_id() -> None:
    one = _stored(letter(3))

    record = replay_record(one)

    assert (record.topic, record.key, record.value) == (TOPIC, one.key, VALID)
    assert record.headers == (
        ("traceparent", b"00-ab-cd-01"),
        ("x", None),
        ("deskroute-replay", str(one.about.id).encode()),
    )


def test_replay_record_of_a_letter_replayed_before_names_the_newest_letter_only() -> None:
    one = replace(
        _stored(letter(3)), headers=(("deskroute-replay", b"older"), ("a", b"1"), ("deskroute-replay", b"old"))
    )

    record = replay_record(one)

    assert record.headers == (("a", b"1"), ("deskroute-replay", str(one.about.id).encode()))


def test_still_invalid_given_a_correction_judges_it_as_a_correction() -> None:
    correction = (
        b'{"ticket_id": "t-1", "corrected_at": "2026-03-03T12:00:00Z", "corrected_by": "p", "category": "refund"}'
    )
    one = _stored(letter(0, correction, topic="tickets.corrections"))

    assert still_invalid(one, {}) is not None
    assert still_invalid(one, {"tickets.corrections": try_decode_correction}) is None


def test_still_invalid_given_a_deletion_does_not_replay_it() -> None:
    error = still_invalid(_stored(letter(0, None)), {})

    assert error is not None
    assert "deletion" in error.detail


@given(st.binary(max_size=200))
def test_still_invalid_given_any_bytes_answers(value: bytes) -> None:
    error = still_invalid(_stored(letter(0, value)), {})

    assert error is None or error.stage is Stage.DECODE
