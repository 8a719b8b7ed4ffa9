"""In: a store that commits a batch and whose answer is lost. Out: no row beside a letter; every letter published."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from service.errors import StoreUnavailableError
from tests.unit.worker.conftest import Plant
from tests.unit.worker.fakes import message, messages
from tests.unit.worker.records import correct, correction, send, ticket

MakePlant = Callable[..., Plant]
LOST = StoreUnavailableError("the answer was lost")


def test_worker_answer_lost_for_a_letter_of_a_refused_row_publishes_the_letter(plant: MakePlant) -> None:
    made = plant({0: [message("t0"), message("refused"), message("t2")]}, batch_records=1)
    made.script.after["write_batch"] = [LOST, LOST, LOST]

    made.run()

    assert [record.value for record in made.sink.on("dead-letter")] == [message("refused")]
    assert made.stored_ids() == ["t0", "t2"]
    assert made.decider.decided == ["t0", "refused", "t2"]


def test_worker_answer_lost_and_read_again_in_another_batch_makes_no_row_of_a_letter(plant: MakePlant) -> None:
    made = plant({}, batch_records=1)
    correct(made.topic, [correction("a", seconds=1, queue="vip"), correction("a", seconds=2, queue="vip")])
    made.script.after["write_batch"] = [LOST]

    def a_ticket_comes_meanwhile() -> None:
        send(made.topic, [ticket("a")])

    made.store.next_offsets = _first(a_ticket_comes_meanwhile, made.store.next_offsets)  # type: ignore[method-assign]

    made.run()
    made.run()

    assert made.rows("SELECT reason FROM dead_letters") == [("unknown_ticket",)] * 2
    assert made.stored_ids() == ["a"]
    assert len(made.sink.on("dead-letter")) == 2


@pytest.mark.parametrize("batch_records", [2, 5])
def test_worker_answers_lost_again_and_again_store_and_publish_everything_once(
    plant: MakePlant, batch_records: int
) -> None:
    made = plant(
        {0: [*messages(6, "a"), b"no ticket"], 1: [message("poison"), *messages(3, "b")]}, batch_records=batch_records
    )
    made.script.after["write_batch"] = [LOST] * 10

    made.run()

    assert len(made.stored_ids()) == 9
    assert sorted(record.value or b"" for record in made.sink.on("dead-letter")) == [b"no ticket", message("poison")]
    assert len({record.key for record in made.sink.on("routed")}) == 9
    assert len(made.decider.decided) == 9


def _first(action: Callable[[], None], then: Callable[..., list[int]]) -> Callable[..., list[int]]:
    def call(*asked: object) -> list[int]:
        action()
        return then(*asked)

    return call
