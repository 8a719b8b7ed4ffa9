"""In: records that Kafka acknowledged. Out: a journal of them, one JSON object a line, and the journal read again.

What stands in it must be found behind the worker; `load_tests.oracle` checks that. Reading raises `JournalError` for a
line that is no entry, apart from a last one that its writer did not finish.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args

from service.store.values import Coordinates

Kind = Literal["ticket", "invalid", "tombstone", "correction"]


class JournalError(ValueError):
    """A line of a journal is no entry."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a record says, wherever it stands; the same content sent again is a duplicate."""

    key: str | None
    sha256: str


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An acknowledged record: where it stands, what it says, and what must become of it.

    ``revised_us`` is the time part of the revision that it makes, in microseconds since 1970: of a ticket its
    `updated_at` or `created_at`, of a correction its `corrected_at` (or one above the revision it corrects, if that is
    later), of a tombstone the record's timestamp; None where a message is invalid, and for a ticket without any time,
    which is then found by its coordinates. ``requester_digests`` only matters where requesters are erased.
    """

    kind: Kind
    at: Coordinates
    content: Content
    tenant: str | None
    ticket_id: str | None
    revised_us: int | None
    acked_at: datetime
    requester_digests: tuple[str, ...] = ()


class JournalWriter:
    """Appends entries to a file; each is out of this process when `write` returns, so a kill loses at most one."""

    def __init__(self, file: Path) -> None:
        self._out = file.open("ab", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._out.close()

    def write(self, entry: JournalEntry) -> None:
        """Append one entry."""
        self._out.write(json.dumps(_to_json(entry), separators=(",", ":")).encode() + b"\n")


def content_of(key: bytes | None, value: bytes | None) -> Content:
    """The content of a record; a null value counts as an empty one."""
    return Content(text_of(key), sha256(value or b"").hexdigest())


def text_of(key: bytes | None) -> str | None:
    """A key as text from which the bytes can be had again."""
    return None if key is None else key.decode("utf-8", "surrogateescape")


def read_journal(file: Path) -> list[JournalEntry]:
    """The entries, in the order in which they were written."""
    lines = file.read_bytes().split(b"\n")
    # After the last newline stands nothing, or what a killed writer left of a line.
    return [_from_line(line, number) for number, line in enumerate(lines[:-1], 1) if line]


def _from_line(line: bytes, number: int) -> JournalEntry:
    try:
        return _from_json(json.loads(line))
    except (ValueError, KeyError, TypeError) as error:
        raise JournalError(f"line {number} of the journal is no entry: {type(error).__name__}: {error}") from error


def _to_json(entry: JournalEntry) -> dict[str, Any]:
    return {
        "topic": entry.at.topic,
        "partition": entry.at.partition,
        "offset": entry.at.offset,
        "kind": entry.kind,
        "key": entry.content.key,
        "sha256": entry.content.sha256,
        "tenant": entry.tenant,
        "ticket_id": entry.ticket_id,
        "revised_us": entry.revised_us,
        "acked_at": entry.acked_at.isoformat(),
        "requester_digests": list(entry.requester_digests),
    }


def _from_json(line: dict[str, Any]) -> JournalEntry:
    if line["kind"] not in get_args(Kind):
        raise ValueError(f"kind should be one of {', '.join(get_args(Kind))}")
    return JournalEntry(
        kind=line["kind"],
        at=Coordinates(line["topic"], line["partition"], line["offset"]),
        content=Content(line["key"], line["sha256"]),
        tenant=line["tenant"],
        ticket_id=line["ticket_id"],
        revised_us=line["revised_us"],
        acked_at=datetime.fromisoformat(line["acked_at"]),
        requester_digests=tuple(line.get("requester_digests", ())),
    )
