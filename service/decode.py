"""In: the bytes of one message, as Kafka, a file or a caller hands them over. Out: a validated `Ticket`.

Raises `InvalidMessageError` with the reason and the place; what the customer wrote is never quoted. The native webhook
bodies of the help desks in `service.sources` are brought into a ticket's shape first.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from datetime import datetime
from typing import Any, Final, get_args

from pydantic import ValidationError
from pydantic_core import from_json

from service.errors import InvalidMessageError, Reason, Stage
from service.sources import find_help_desk
from service.ticket import Source, Ticket

MAX_MESSAGE_BYTES: Final = 999_999
_MAX_REPORTED_ERRORS: Final = 5
_MAX_LOCATION_CHARS: Final = 100
_KNOWN_SOURCES: Final = frozenset(get_args(Source))
_SURROGATE_ESCAPES: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def decode_ticket(raw: bytes, *, received_at: datetime | None = None) -> Ticket:
    """Decode one message; ``received_at`` (the Kafka timestamp) stands in for a missing ``created_at``."""
    payload = parse_object(raw)
    given_source = payload.get("source")
    if isinstance(given_source, str) and given_source not in _KNOWN_SOURCES:
        raise _invalid(Reason.UNKNOWN_SOURCE, f"source: should be one of {', '.join(sorted(_KNOWN_SOURCES))}")
    if help_desk := find_help_desk(payload):
        ticket = help_desk.to_ticket(payload)
        if ticket.get("ticket_id") is None:
            raise _invalid(Reason.SCHEMA, f"{help_desk.SOURCE}: {help_desk.ID_PATH}: Field required")
        payload = {"tenant": payload["tenant"], **ticket} if "tenant" in payload else ticket
    if payload.get("created_at") is None and received_at is not None:
        payload["created_at"] = received_at
    try:
        return Ticket.model_validate(payload)
    except ValidationError as error:
        # Not chained: pydantic's own text shows the input.
        raise _invalid(Reason.SCHEMA, condense(error)) from None


def try_decode(raw: bytes, *, received_at: datetime | None = None) -> Ticket | InvalidMessageError:
    """The same, with the reason given back instead of raised: a bad message must not stop its neighbours."""
    try:
        return decode_ticket(raw, received_at=received_at)
    except InvalidMessageError as error:
        return error


def parse_object(raw: bytes) -> dict[str, Any]:
    """The JSON object that a message is; raises `InvalidMessageError` where it is none."""
    if len(raw) > MAX_MESSAGE_BYTES:
        raise _invalid(Reason.TOO_LARGE, f"{len(raw)} bytes; at most {MAX_MESSAGE_BYTES} are accepted")
    text = raw.removeprefix(BOM_UTF8)
    if not text or text.isspace():
        raise _invalid(Reason.EMPTY, "the message is empty")
    try:
        payload = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        payload = _parse_again(text, error)
    if not isinstance(payload, dict):
        raise _invalid(Reason.NOT_AN_OBJECT, "the message is JSON, but not an object")
    return payload


def _parse_again(text: bytes, first_error: ValueError) -> Any:
    """Say what is wrong, or accept escapes of lone surrogates, each as one U+FFFD so that offsets still hold."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise _invalid(Reason.NOT_UTF8, f"the byte at position {error.start} is not UTF-8") from None
    repaired = _SURROGATE_ESCAPES.sub(lambda found: b"\\ufffd" if found["lone"] else found[0], text)
    if repaired == text:
        raise _invalid(Reason.NOT_JSON, str(first_error)) from None
    try:
        return from_json(repaired, allow_inf_nan=False)
    except ValueError as error:
        raise _invalid(Reason.NOT_JSON, str(error)) from None


def condense(error: ValidationError) -> str:
    """What is wrong and where, without the input."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    told = [
        ": ".join(filter(None, (_location(one["loc"]), one["msg"].removeprefix("Value error, "))))
        for one in errors[:_MAX_REPORTED_ERRORS]
    ]
    more = len(errors) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more else "")


def _location(keys: tuple[int | str, ...]) -> str:
    # A key that nobody knows may be as long as a message, and a dead letter's header must not.
    return ".".join(map(str, keys))[:_MAX_LOCATION_CHARS]


def _invalid(reason: Reason, detail: str) -> InvalidMessageError:
    return InvalidMessageError(reason, Stage.DECODE, detail)
