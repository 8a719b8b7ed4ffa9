"""In: tickets and lines of tickets. Out: results in the same order, whose fields are slices of the text as received."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.classify import classify_lines
from service.decide import Decider, region_of
from service.revisions import microseconds
from service.ticket import Ticket
from tests.unit.inference.conftest import NOW

pytestmark = pytest.mark.model


def ticket(body: str, ticket_id: str = "t", subject: str | None = None) -> Ticket:
    return Ticket(ticket_id=ticket_id, subject=subject, body=body)


def test_decide_html_ticket_fields_are_slices_of_the_text_as_received(decider: Decider) -> None:
    body = "<p>Hello,</p><p>refund invoice <b>INV-20417</b> to maria&#64;example.com &amp; call&nbsp;Maria Lopez</p>"
    given_ticket = ticket(body, subject="Invoice INV-20417")

    (result,) = decider.decide([given_ticket])

    assert {"email", "invoice_id"} <= {field.type for field in result.fields}
    assert all(field.value == given_ticket.text[field.start : field.end] for field in result.fields)


@settings(max_examples=40, deadline=None)
@given(
    st.none() | st.text(max_size=40), st.text(st.sampled_from("<>&;#p/ \n>\x00😀aB@.1234-€"), min_size=1, max_size=200)
)
def test_decide_any_text_gives_slices_and_probabilities(decider: Decider, subject: str | None, body: str) -> None:
    given_ticket = ticket(body, subject=subject)

    (result,) = decider.decide([given_ticket])

    assert all(field.value == given_ticket.text[field.start : field.end] for field in result.fields)
    assert all(0 <= p <= 1 for p in result.category.scores.values())
    assert -1 <= result.sentiment.score <= 1
    json.dumps(result.to_json())


def test_decide_results_stand_in_the_order_of_the_tickets(decider: Decider) -> None:
    tickets = [
        ticket(body, str(number)) for number, body in enumerate(["hi", "Cancel my contract " * 90, "where is it"])
    ]

    results = decider.decide(tickets)

    assert [result.ticket_id for result in results] == ["0", "1", "2"]
    assert all(result.processed_at == NOW and result.decided_by in ("fast", "full") for result in results)


def test_decide_plain_requests_are_understood(decider: Decider) -> None:
    cancel, access = decider.decide(
        [ticket("Please cancel my subscription."), ticket("I forgot my password and cannot sign in.")]
    )

    assert (cancel.category.label, access.category.label) == ("cancellation", "account_access")
    assert cancel.category.confidence == max(cancel.category.scores.values())


def test_microseconds_of_a_ticket_are_those_of_its_last_change_in_any_zone() -> None:
    berlin = timezone(timedelta(hours=1))
    changed = Ticket(
        ticket_id="t",
        body="b",
        created_at=datetime(2020, 1, 1, tzinfo=UTC),
        updated_at=datetime(1970, 1, 1, 1, 0, 1, 7, tzinfo=berlin),
    )

    assert microseconds(changed.revised_at) == 1_000_007
    assert microseconds(ticket("b").revised_at) == 0


@pytest.mark.parametrize(
    ("locale", "region"),
    [("de-AT", "AT"), ("en_gb", "GB"), ("zh-Hant-TW", "TW"), ("de", None), (None, None), ("", None)],
)
def test_region_of_a_locale(locale: str | None, region: str | None) -> None:
    assert region_of(locale) == region


def test_classify_lines_every_line_is_answered_in_order(decider: Decider) -> None:
    lines = [
        b'{"ticket_id": "a", "body": "Where is my parcel?"}',
        b"",
        b"{",
        b"\xff",
        b'{"ticket_id": "b", "body": "hi"}',
    ]

    answers = [json.loads(line.to_json()) for line in classify_lines(decider, lines, batch_size=2)]

    assert [answer.get("ticket_id") for answer in answers] == ["a", None, None, None, "b"]
    assert [answer["error"]["line"] for answer in answers if "error" in answer] == [2, 3, 4]
    assert [answer["error"]["reason"] for answer in answers if "error" in answer] == [
        "empty_message",
        "not_json",
        "not_utf8",
    ]


def test_classify_lines_are_read_no_further_than_the_batch_at_hand(decider: Decider) -> None:
    taken: list[int] = []

    def counted() -> Iterator[bytes]:
        for number in range(10):
            taken.append(number)
            yield b"{"

    next(classify_lines(decider, counted(), batch_size=3))

    assert taken == [0, 1, 2]
