"""In: messages, good and bad. Out: whether each gives a ticket, or an error that says what is wrong without a quote."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.decode import MAX_MESSAGE_BYTES, decode_ticket
from service.errors import InvalidMessageError, Reason, Stage

_TICKET: dict[str, Any] = {"ticket_id": "T-1", "subject": "Late", "body": "Where is order 4711?"}
_SECRET = "hunter2-secret"


def _raw(**changes: Any) -> bytes:
    return json.dumps(_TICKET | changes).encode()


def test_decode_ticket_complete_object_keeps_every_value() -> None:
    ticket = decode_ticket(
        _raw(
            tenant="acme",
            channel="email",
            updated_at="2026-03-03T10:00:00+01:00",
            requester={"id": 17, "email": "b@x.example"},
            tags=["vip"],
            source="zendesk",
            priority="high",
        )
    )

    assert ticket.key == "acme/T-1"
    assert ticket.text == "Late\n\nWhere is order 4711?"
    assert ticket.updated_at == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert ticket.requester.id == "17"
    assert ticket.extra == {"priority": "high"}


def test_decode_ticket_created_at_absent_defaults_to_the_time_received() -> None:
    received_at = datetime(2026, 1, 1, tzinfo=UTC)

    assert decode_ticket(_raw(), received_at=received_at).created_at == received_at
    assert decode_ticket(_raw(created_at=None), received_at=received_at).created_at == received_at
    assert decode_ticket(_raw(created_at="2025-01-01T00:00:00Z"), received_at=received_at).created_at != received_at
    assert decode_ticket(_raw()).created_at is None


@pytest.mark.parametrize("prefix", [b"\xef\xbb\xbf", b" \r\n", b""])
def test_decode_ticket_byte_order_mark_or_blanks_around_are_ignored(prefix: bytes) -> None:
    assert decode_ticket(prefix + _raw() + b"\n").ticket_id == "T-1"


def test_decode_ticket_lone_surrogates_become_one_replacement_character_each() -> None:
    raw = b'{"ticket_id": "a", "body": "x\\ud800y \\uDFFF \\ud83d\\ude00 \\\\ud800 \\udc00\\ud800"}'

    assert decode_ticket(raw).body == "x\ufffdy \ufffd 😀 \\ud800 \ufffd\ufffd"


def test_decode_ticket_nul_in_the_text_is_kept() -> None:
    assert decode_ticket(_raw(body="a\x00b")).body == "a\x00b"


def test_decode_ticket_longest_allowed_body_is_accepted() -> None:
    assert len(decode_ticket(_raw(body="é" * 100_000)).body) == 100_000


@pytest.mark.parametrize(
    ("raw", "reason", "detail"),
    [
        (b"", Reason.EMPTY, "empty"),
        (b" \r\n\t", Reason.EMPTY, "empty"),
        (b"\xef\xbb\xbf", Reason.EMPTY, "empty"),
        (b"x" * (MAX_MESSAGE_BYTES + 1), Reason.TOO_LARGE, "1000000 bytes; at most 999999"),
        (b'{"body": "\xff"}', Reason.NOT_UTF8, "position 10"),
        (b'{"body": "caf\xe9"}', Reason.NOT_UTF8, "position 13"),
        (b'{"ticket_id"', Reason.NOT_JSON, "line 1 column 12"),
        (b'{\n"a": nope}', Reason.NOT_JSON, "line 2 column"),
        (b'{"a": NaN}', Reason.NOT_JSON, "line 1 column"),
        (b'{"a": -Infinity}', Reason.NOT_JSON, "line 1 column"),
        (b'{"a": ' + b"9" * 900_000 + b"}", Reason.NOT_JSON, "out of range"),
        (b"[" * 500_000, Reason.NOT_JSON, "recursion limit"),
        (b'{"a":' * 100_000, Reason.NOT_JSON, "recursion limit"),
        (b'{"a": "\\ud800", }', Reason.NOT_JSON, "line 1 column"),
        (b"[]", Reason.NOT_AN_OBJECT, "not an object"),
        (b"null", Reason.NOT_AN_OBJECT, "not an object"),
        (b'"text"', Reason.NOT_AN_OBJECT, "not an object"),
        (b"{}", Reason.SCHEMA, "ticket_id: Field required; body: Field required"),
        (_raw(body="", subject=None), Reason.SCHEMA, "body may be empty only where subject is not"),
        (_raw(body="x" * 100_001), Reason.SCHEMA, "body: String should have at most 100000 characters"),
        (_raw(ticket_id=""), Reason.SCHEMA, "ticket_id: "),
        (_raw(ticket_id="a\nb"), Reason.SCHEMA, "ticket_id: "),
        (_raw(ticket_id="a\x00"), Reason.SCHEMA, "ticket_id: "),
        (_raw(tenant="Acme Ltd"), Reason.SCHEMA, "tenant: "),
        (_raw(updated_at="2026-03-03T10:00:00"), Reason.SCHEMA, "updated_at: Input should have timezone info"),
        (_raw(source="remedy"), Reason.UNKNOWN_SOURCE, "source: should be one of"),
    ],
)
def test_decode_ticket_bad_message_says_reason_and_place(raw: bytes, reason: Reason, detail: str) -> None:
    with pytest.raises(InvalidMessageError, match=re.escape(detail)) as caught:
        decode_ticket(raw)

    assert caught.value.reason is reason
    assert caught.value.stage is Stage.DECODE


@pytest.mark.parametrize(
    "changes",
    [
        {"channel": _SECRET},
        {"updated_at": _SECRET},
        {"tags": _SECRET},
        {"tenant": _SECRET.upper()},
        {"body": {"text": _SECRET}},
        {"requester": {"name": [_SECRET]}},
        {"source": _SECRET},
    ],
)
def test_decode_ticket_bad_value_is_never_quoted(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessageError) as caught:
        decode_ticket(_raw(**changes))

    assert _SECRET not in str(caught.value).lower()
    assert caught.value.__cause__ is None


def test_decode_ticket_many_errors_are_counted_not_listed() -> None:
    with pytest.raises(InvalidMessageError, match=r"; and \d+ more$"):
        decode_ticket(_raw(tags=list(range(50))))


@given(st.binary(max_size=200))
def test_decode_ticket_any_bytes_give_a_ticket_or_an_invalid_message(raw: bytes) -> None:
    with suppress(InvalidMessageError):
        assert decode_ticket(raw).ticket_id


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "body", "detail", "data", "item"]), inner),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    [
        "ticket_id",
        "body",
        "source",
        "type",
        "detail",
        "ticket",
        "article",
        "freshdesk_webhook",
        "data",
        "issue",
        "fields",
    ]
)


@given(st.dictionaries(_KEYS, _JSON))
def test_decode_ticket_any_object_gives_a_ticket_or_an_invalid_message(payload: dict[str, Any]) -> None:
    with suppress(InvalidMessageError):
        assert decode_ticket(json.dumps(payload).encode()).ticket_id
