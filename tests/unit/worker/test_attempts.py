"""In: records that kill the process, and processes that die for other reasons. Out: only the killers are condemned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest

from service.broker.records import InputRecord, PartitionId
from service.budget import MAX_INVALID_IN_A_ROW, DeadLetterBudgetError
from service.decode import try_decode
from service.errors import StoreUnavailableError
from service.result import TicketResult
from service.ticket import Ticket
from tests.unit.worker.conftest import Plant
from tests.unit.worker.fakes import TOPIC, Killed, message, messages

MakePlant = Callable[..., Plant]
MOST_STARTS = 7
"""Three in a batch, one more where an earlier batch made progress, two alone, and the one that condemns."""


def kill_at(made: Plant, *ticket_ids: str) -> None:
    """The process dies whenever it decides one of these."""
    decide = made.decider.decide

    def deadly(tickets: Sequence[Ticket]) -> list[TicketResult]:
        if any(ticket.ticket_id in ticket_ids for ticket in tickets):
            raise Killed
        return decide(tickets)

    made.decider.decide = deadly  # type: ignore[method-assign]


def run_until_it_lives(made: Plant, most_starts: int) -> int:
    """How many starts it took."""
    for start in range(1, most_starts + 1):
        try:
            made.run()
        except Killed:
            continue
        return start
    pytest.fail(f"still dying after {most_starts} starts")


def letters(made: Plant) -> list[tuple[object, ...]]:
    return made.rows('SELECT partition, "offset", reason FROM dead_letters ORDER BY partition, "offset"')


@pytest.mark.parametrize("position", range(11))
def test_worker_killer_becomes_a_dead_letter_after_a_bounded_number_of_starts(plant: MakePlant, position: int) -> None:
    made = plant({0: messages(11)}, batch_records=4)
    kill_at(made, f"t{position}")

    run_until_it_lives(made, MOST_STARTS)

    assert letters(made) == [(0, position, "process_died")]
    assert made.stored_ids() == sorted(f"t{number}" for number in range(11) if number != position)
    (published,) = made.sink.on("dead-letter")
    assert published.value == message(f"t{position}")
    assert made.watermarks() == [(11, 11)]


def test_worker_killer_condemns_no_neighbour_on_another_partition(plant: MakePlant) -> None:
    made = plant({0: messages(3, "a"), 1: messages(3, "b"), 2: messages(3, "c")}, batch_records=9)
    kill_at(made, "a0")

    run_until_it_lives(made, MOST_STARTS)

    assert letters(made) == [(0, 0, "process_died")]
    assert len(made.stored_ids()) == 8


def test_worker_several_killers_are_each_found(plant: MakePlant) -> None:
    made = plant({0: messages(5, "a"), 1: messages(5, "b")}, batch_records=10)
    kill_at(made, "a1", "a2", "b4")

    run_until_it_lives(made, 3 * MOST_STARTS)

    assert letters(made) == [(0, 1, "process_died"), (0, 2, "process_died"), (1, 4, "process_died")]
    assert len(made.stored_ids()) == 7


def test_worker_killer_of_the_decoder_is_not_decoded_again_on_replay(
    plant: MakePlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plant({0: [message("a"), b"deadly 1", b"deadly 2", message("d")]}, batch_records=4)

    def deadly(raw: bytes, **more: object) -> object:
        if raw.startswith(b"deadly"):
            raise Killed
        return try_decode(raw, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("service.intake.try_decode", deadly)

    run_until_it_lives(made, 2 * MOST_STARTS)

    assert letters(made) == [(0, 1, "process_died"), (0, 2, "process_died")]
    made.rows("UPDATE consumer_offsets SET published_offset = 0")
    made.topic.committed.clear()
    made.run()
    assert {record.value for record in made.sink.on("dead-letter")} == {b"deadly 1", b"deadly 2"}
    assert made.stored_ids() == ["a", "d"]


def test_worker_that_lives_leaves_no_counts_behind(plant: MakePlant) -> None:
    made = plant({0: messages(11), 1: messages(3, "u")}, batch_records=4)

    made.run()

    assert made.rows("SELECT * FROM record_attempts") == []


def test_worker_counts_its_start_before_it_decides(plant: MakePlant) -> None:
    made = plant({0: messages(3)})
    kill_at(made, "t0")

    for _ in range(2):
        with pytest.raises(Killed):
            made.run()

    assert made.rows("SELECT topic, partition, attempts FROM record_attempts") == [(TOPIC, 0, 2)]


def test_worker_transient_failures_and_rebalances_in_one_process_are_no_deaths(plant: MakePlant) -> None:
    made = plant({0: messages(3)})
    made.script.before["write_batch"] = [StoreUnavailableError("away") for _ in range(20)]
    worker = made.start()
    pause = made.source.pause

    def rebalance_too(partitions: Sequence[PartitionId]) -> None:
        pause(partitions)
        made.source.assignments.append(frozenset(made.topic.records))

    made.source.pause = rebalance_too  # type: ignore[method-assign]

    worker.run()

    assert letters(made) == []
    assert made.stored_ids() == ["t0", "t1", "t2"]
    assert made.rows("SELECT epoch FROM consumer_offsets") == [(21,)]


def test_worker_stopped_by_its_dead_letter_budget_again_and_again_drains_nothing(plant: MakePlant) -> None:
    made = plant({0: [b"no ticket"] * (2 * MAX_INVALID_IN_A_ROW)}, batch_records=2 * MAX_INVALID_IN_A_ROW)

    for _ in range(10):
        with pytest.raises(DeadLetterBudgetError):
            made.run()

    assert letters(made) == []
    assert made.watermarks() == [(0, 0)]


class KilledAnywhere(dict[str, list[Exception]]):
    """Failures for a `Script`: the process dies at the nth step from now, whichever that is."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.left = steps

    def get(self, _step: str, _default: object = None) -> bool:  # type: ignore[override]
        self.left -= 1
        return self.left == 0

    def __getitem__(self, _step: str) -> list[Exception]:
        return [Killed()]


@pytest.mark.parametrize("seed", range(6))
def test_worker_every_start_killed_at_a_random_place_condemns_nobody_and_loses_nothing(
    plant: MakePlant, seed: int
) -> None:
    rng = Random(seed)  # noqa: S311  places to die at
    made = plant({0: messages(9, "a"), 1: [*messages(6, "b"), b"no ticket"]}, batch_records=4)
    decide, begin_attempts = made.decider.decide, made.store.begin_attempts

    def decide_as_a_step(tickets: Sequence[Ticket]) -> list[TicketResult]:
        made.script.begin("decide")
        return decide(tickets)

    def count_as_a_step(*asked: object) -> list[int]:
        counts = begin_attempts(*asked)  # type: ignore[arg-type]
        made.script.end("begin_attempts")
        return counts

    made.decider.decide = decide_as_a_step  # type: ignore[method-assign]
    made.store.begin_attempts = count_as_a_step  # type: ignore[method-assign,assignment]

    for _ in range(40):
        made.script.before = made.script.after = KilledAnywhere(rng.randint(1, 30))
        try:
            made.run()
        except Killed:
            continue
    made.script.before, made.script.after = {}, {}
    made.run()

    assert letters(made) == [(1, 6, "not_json")]
    assert made.stored_ids() == sorted([*(f"a{n}" for n in range(9)), *(f"b{n}" for n in range(6))])
    assert made.watermarks() == [(9, 9), (7, 7)]
    keys = {record.key for record in made.sink.on("routed")}
    assert keys == {f"acme/{ticket_id}".encode() for ticket_id in made.stored_ids()}


def test_worker_alone_with_a_record_before_a_gap_in_the_offsets_still_finds_the_killer(plant: MakePlant) -> None:
    made = plant({0: messages(4)}, batch_records=4)
    partition = PartitionId(TOPIC, 0)
    made.topic.records[partition] = [
        InputRecord(partition, offset, b"key", message(f"t{offset}"), (), 1_700_000_000_000)
        for offset in (0, 1, 1_000, 1_001)
    ]
    positions = {0: 0, 1: 1, 1_000: 2, 1_001: 3, 1_002: 4, 2: 2}
    kill_at(made, "t1000")

    def index_of(offset: int) -> int:
        return positions[offset]

    for _ in range(2 * MOST_STARTS):
        worker = made.start()
        start_at = made.source.start_at
        made.source.start_at = lambda wanted, to=start_at: to(  # type: ignore[method-assign,misc]
            {at: index_of(offset) for at, offset in wanted.items()}
        )
        try:
            worker.run()
            break
        except Killed:
            continue

    assert letters(made) == [(0, 1_000, "process_died")]
    assert len(made.stored_ids()) == 3
