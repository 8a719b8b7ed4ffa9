"""In: ids of dead letters. Out: each letter sent to its original topic again, left as it is, or dropped, and noted so.

Each letter passes these steps; a process that dies loses none, and at most the letter in hand is sent twice:

1. Read it; it is passed over where its state is no longer the wanted one, since someone else was faster.
2. Decode it with this version of the service; one that is still invalid is treated as the policy says.
3. Send key, bytes and headers to its original topic, marked with its id, and wait until all brokers have it.
4. Note that it was replayed. After a death before this the letter is still open and the next replay sends it again: the
   worker knows the same content of the same ticket and changes nothing.

Raises `BrokerUnavailableError` and `StoreUnavailableError` where a neighbour is away, and `InputPositionError` where
the original topic does not exist any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from service.broker.records import Headers, OutputRecord
from service.clocks import Clock
from service.decode import try_decode
from service.errors import InvalidMessageError, Reason, Stage, StoreUnavailableError
from service.publish import HEADER_PREFIX
from service.store.letters import LetterState, LetterSummary, StoredLetter

REPLAY_HEADER = f"{HEADER_PREFIX}replay"

Decode = Callable[[bytes], object]
"""Gives an `InvalidMessageError` back, or anything else for a valid message."""


class Letters(Protocol):
    """What a replay needs of the store (`service.store.letters.DeadLetterStore`)."""

    def read(self, letter_id: UUID) -> StoredLetter | None: ...
    def mark_replayed(self, letter_id: UUID, at: datetime) -> None: ...
    def mark_dropped(self, letter_id: UUID, at: datetime) -> None: ...


class Outbox(Protocol):
    """What a replay needs of Kafka (`service.broker.outbox.ReplayOutbox`)."""

    def require_topic(self, topic: str) -> None: ...
    def publish(self, records: Sequence[OutputRecord]) -> None: ...


class Policy(StrEnum):
    """What to do with a letter that is still invalid: end there, leave it open, or close it for good."""

    STOP = "stop"
    REQUEUE = "requeue"
    DROP = "drop"


class Action(StrEnum):
    """What was done with a letter, or would be."""

    REPLAY = "replay"
    LEAVE = "leave"
    DROP = "drop"
    STOP = "stop at"


_ACTION_OF_POLICY = {Policy.STOP: Action.STOP, Policy.REQUEUE: Action.LEAVE, Policy.DROP: Action.DROP}


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """How to replay. ``max_letters`` bounds what is changed: letters replayed and dropped, not those left.

    ``state`` is the state that a letter must be in, None for any. ``decoders`` names the topics that do not hold
    tickets. A dry run judges letters and checks topics, and changes nothing.
    """

    policy: Policy = Policy.STOP
    max_letters: int = 1_000
    state: LetterState | None = LetterState.OPEN
    dry_run: bool = False
    decoders: Mapping[str, Decode] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was done with a letter, and the error where it is still invalid."""

    letter: LetterSummary
    action: Action
    error: InvalidMessageError | None


class Pace:
    """Keeps calls of `wait` at least an interval apart; time lost is not made up for by a burst."""

    def __init__(self, rate_per_s: float, monotonic: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._interval_s, self._monotonic, self._sleep = 1 / rate_per_s, monotonic, sleep
        self._due_s = monotonic()

    def wait(self) -> None:
        """Return when the next call is due."""
        now_s = self._monotonic()
        if now_s < self._due_s:
            self._sleep(self._due_s - now_s)
        self._due_s = max(now_s, self._due_s) + self._interval_s


class Replay:
    """Replays letters one by one, so that a stop or a death leaves a clear line between sent and not sent."""

    def __init__(self, letters: Letters, outbox: Outbox, plan: ReplayPlan, pace: Pace, utc: Clock) -> None:
        self._letters, self._outbox, self._plan, self._pace, self._utc = letters, outbox, plan, pace, utc

    def run(self, ids: Iterable[UUID]) -> Iterator[Verdict]:
        """Yield what was done with each letter, once it is done; ends at the maximum and at a stop."""
        changed = 0
        for letter_id in ids:
            if changed >= self._plan.max_letters:
                return
            letter = self._letters.read(letter_id)  # 1
            if letter is None or self._plan.state not in (None, letter.about.state):
                continue
            error = still_invalid(letter, self._plan.decoders)  # 2
            action = Action.REPLAY if error is None else _ACTION_OF_POLICY[self._plan.policy]
            if action is Action.REPLAY:
                self._outbox.require_topic(letter.about.topic)
            if not self._plan.dry_run:
                self._carry_out(letter, action)
            changed += action in (Action.REPLAY, Action.DROP)
            yield Verdict(letter.about, action, error)
            if action is Action.STOP:
                return

    def _carry_out(self, letter: StoredLetter, action: Action) -> None:
        if action is Action.DROP:
            self._letters.mark_dropped(letter.about.id, self._utc())
        if action is not Action.REPLAY:
            return
        self._pace.wait()
        self._outbox.publish([replay_record(letter)])  # 3
        try:
            self._letters.mark_replayed(letter.about.id, self._utc())  # 4
        except StoreUnavailableError as error:
            raise StoreUnavailableError(
                f"{error}; letter {letter.about.short_id} was sent but not noted as replayed, and may be sent again"
            ) from error


def still_invalid(letter: StoredLetter, decoders: Mapping[str, Decode]) -> InvalidMessageError | None:
    """What this version of the service has against the message itself; None where only processing it can tell."""
    if letter.value is None:
        # A deletion counts from its record's time, which a replay would move past everything written since.
        return InvalidMessageError(Reason.EMPTY, Stage.DECODE, "a deletion is not replayed: send it again on purpose")
    outcome = decoders.get(letter.about.topic, try_decode)(letter.value)
    return outcome if isinstance(outcome, InvalidMessageError) else None


def replay_record(letter: StoredLetter) -> OutputRecord:
    """The message as it first came, on its original topic; the letter's id takes the place of an earlier replay's.

    The record's time is that of the failure, so that a ticket which names no time of its own is the same revision
    however often it is replayed.
    """
    original: Headers = tuple((name, value) for name, value in letter.headers if name != REPLAY_HEADER)
    mark = (REPLAY_HEADER, str(letter.about.id).encode())
    failed_ms = round(letter.about.failed_at.timestamp() * 1_000)
    return OutputRecord(letter.about.topic, letter.key, letter.value, (*original, mark), failed_ms)
