"""In: a seed. Out: the schedule that it stands for: input, limits, and up to five faults with where they strike.

A plan is plain data, so that a failing one can be made smaller piece by piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Literal

from tests.simulation.messages import Message, draw_messages

MOST_FAULTS = 5

Moment = Literal["before", "midway", "after"]


class Kind(StrEnum):
    """What goes wrong."""

    KILL = "kill"
    ZOMBIE = "zombie"
    REWIND = "rewind"
    LOST_OFFSETS = "lost_offsets"
    REBALANCE = "rebalance"
    TRANSIENT = "transient"
    REFUSED = "commit_refused"


STORE_SEAMS = (
    *("claim", "known_revisions", "read_base", "begin_attempts", "write_batch"),
    *("read_events", "read_dead_letters", "mark_published", "next_offsets", "forget_attempts", "probe_store"),
)
BROKER_SEAMS = ("poll", "committed", "beginning", "publish", "commit", "probe_broker")
LOCAL_SEAMS = ("take_assignment", "start_at", "pause", "decide")
"""These ask nobody, so they cannot fail for a while."""

# How often each call comes in a run that goes well says little about how much can go wrong at it.
_SEAM_WEIGHTS = {
    "claim": 6,
    "known_revisions": 4,
    "read_base": 1,
    "begin_attempts": 3,
    "write_batch": 10,
    "read_events": 8,
    "read_dead_letters": 3,
    "mark_published": 6,
    "next_offsets": 2,
    "forget_attempts": 1,
    "poll": 6,
    "committed": 2,
    "beginning": 1,
    "publish": 10,
    "commit": 6,
    "take_assignment": 1,
    "start_at": 2,
    "pause": 1,
    "decide": 3,
    "probe_broker": 1,
    "probe_store": 1,
}
_KIND_WEIGHTS = {
    Kind.KILL: 28,
    Kind.ZOMBIE: 18,
    Kind.REWIND: 18,
    Kind.LOST_OFFSETS: 8,
    Kind.REBALANCE: 13,
    Kind.TRANSIENT: 18,
    Kind.REFUSED: 5,
}
_WITHIN_A_BATCH = ("known_revisions", "write_batch", "read_events", "publish")
_SHARE_OF_REWINDS_WITHIN_A_BATCH = 0.5
_KINDS, _KIND_SHARES = list(_KIND_WEIGHTS), list(_KIND_WEIGHTS.values())
_SEAMS, _SEAM_SHARES = list(_SEAM_WEIGHTS), list(_SEAM_WEIGHTS.values())
_FALLIBLE = [seam for seam in _SEAMS if seam not in LOCAL_SEAMS]
_FALLIBLE_SHARES = [_SEAM_WEIGHTS[seam] for seam in _FALLIBLE]


@dataclass(frozen=True, slots=True)
class Fault:
    """Strikes at the call of a seam that comes ``calls`` calls of that seam after the fault before it.

    What ``dice`` decides depends on the kind: how far the store goes back, which partitions a rebalance takes, for how
    many polls a zombie's successor runs and how it ends.
    """

    kind: Kind
    seam: str
    calls: int
    moment: Moment
    dice: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One schedule."""

    seed: int
    messages: tuple[Message, ...]
    faults: tuple[Fault, ...]
    batch_records: int
    commit_interval_s: float
    seconds_a_poll: float


def plan_of(seed: int) -> Plan:
    """The schedule of a seed."""
    rng = Random(seed)  # noqa: S311  reproducible chance
    return Plan(
        seed=seed,
        messages=draw_messages(rng),
        faults=tuple(_draw_fault(rng) for _ in range(rng.randint(0, MOST_FAULTS))),
        batch_records=rng.choice((1, 2, 3, 4, 6, 8)),
        commit_interval_s=rng.choice((0.0, 1.0)),
        seconds_a_poll=rng.choice((0.0, 0.02, 0.4)),
    )


def _draw_fault(rng: Random) -> Fault:
    (kind,) = rng.choices(_KINDS, _KIND_SHARES)
    if kind is Kind.REFUSED:
        seam = "commit"
    elif kind is Kind.REWIND and rng.random() < _SHARE_OF_REWINDS_WITHIN_A_BATCH:
        seam = rng.choice(_WITHIN_A_BATCH)
    elif kind is Kind.TRANSIENT:
        (seam,) = rng.choices(_FALLIBLE, _FALLIBLE_SHARES)
    else:
        (seam,) = rng.choices(_SEAMS, _SEAM_SHARES)
    moments: tuple[Moment, ...] = ("before", "midway", "after") if seam == "publish" else ("before", "after")
    moment = "before" if kind is Kind.REFUSED else rng.choice(moments)
    return Fault(kind, seam, rng.choice((0, 0, 0, 1, 1, 2, 3, 5)), moment, rng.randrange(1_000))
