"""In: tickets, some of which break the model. Out: an outcome each, in order; other errors pass through."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InferenceError, InvalidMessageError, Reason, Stage
from service.isolate import decide_isolating
from service.result import TicketResult
from service.ticket import Ticket
from tests.unit.store.samples import result


class Model:
    """Fails on any batch that holds one of the poisonous tickets."""

    def __init__(self, poisonous: set[str]) -> None:
        self.poisonous = poisonous
        self.runs: list[int] = []

    def decide(self, tickets: Sequence[Ticket]) -> list[TicketResult]:
        self.runs.append(len(tickets))
        if any(ticket.ticket_id in self.poisonous for ticket in tickets):
            raise InferenceError("the graph failed")
        return [result(ticket.ticket_id) for ticket in tickets]


def tickets(count: int) -> list[Ticket]:
    return [Ticket(ticket_id=str(number), body="hello") for number in range(count)]


def test_decide_isolating_healthy_batch_runs_once() -> None:
    model = Model(set())

    outcomes = decide_isolating(model.decide, tickets(64))

    assert model.runs == [64]
    assert len(outcomes) == 64


def test_decide_isolating_no_tickets_runs_nothing() -> None:
    model = Model(set())

    assert decide_isolating(model.decide, []) == []
    assert model.runs == []


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_decide_isolating_any_poison_hits_exactly_the_poisonous(case: tuple[int, set[int]]) -> None:
    count, poisonous = case
    model = Model({str(number) for number in poisonous})

    outcomes = decide_isolating(model.decide, tickets(count))

    for number, outcome in enumerate(outcomes):
        if number in poisonous:
            assert isinstance(outcome, InvalidMessageError)
            assert (outcome.reason, outcome.stage) == (Reason.INFERENCE, Stage.INFER)
        else:
            assert isinstance(outcome, TicketResult)
            assert outcome.ticket_id == str(number)
    assert len(outcomes) == count


def test_decide_isolating_one_poisonous_of_many_costs_a_logarithm_of_runs() -> None:
    model = Model({"100"})

    decide_isolating(model.decide, tickets(256))

    assert len(model.runs) == 1 + 2 * 8


def test_decide_isolating_bug_is_not_taken_for_an_invalid_message() -> None:
    def broken(_: Sequence[Ticket]) -> list[TicketResult]:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        decide_isolating(broken, tickets(4))
