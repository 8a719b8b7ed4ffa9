"""In: a ticket that lists more than a result can hold. Out: the first fields, and a result that says so."""

from __future__ import annotations

from datetime import UTC, datetime

from service.decide import MAX_FIELDS, extract_fields
from service.normalize import normalize
from service.ticket import Ticket


def test_extract_fields_of_endless_prices_are_the_first_of_them() -> None:
    body = " and ".join(f"{number}.00 EUR" for number in range(1, 2 * MAX_FIELDS))
    ticket = Ticket(ticket_id="t1", body=body)

    fields = extract_fields(ticket, normalize(None, body), [], datetime(2026, 3, 3, tzinfo=UTC))

    assert len(fields) == MAX_FIELDS
    assert (fields[0].value, fields[-1].value) == ("1.00 EUR", f"{MAX_FIELDS}.00 EUR")
