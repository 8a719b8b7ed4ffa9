"""In: the shipped sample, and a folder of public texts if there is one. Out: named sets of tickets to measure on.

Raises `ConfigurationError` where that folder has no complaints.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from service.decode import decode_ticket
from service.errors import ConfigurationError
from service.sample import SAMPLE_TICKETS_FILE
from service.ticket import Ticket

_COMPLAINTS_FILE = Path("cfpb") / "complaints_sample.csv"
_COMPLAINT_COLUMN = "Consumer complaint narrative"


@dataclass(frozen=True, slots=True)
class TicketSet:
    """Tickets as messages and decoded, in arrival order."""

    name: str
    messages: tuple[bytes, ...] = field(repr=False)
    tickets: tuple[Ticket, ...] = field(repr=False)


def read_ticket_sets(data_dir: Path | None, most_tickets: int, most_complaints: int) -> list[TicketSet]:
    """Sample tickets, spread evenly, and the first long consumer complaints (CFPB) of ``data_dir``."""
    sets = [_ticket_set("sample", spread(sample_messages(), most_tickets))]
    if data_dir is not None:
        sets.append(_ticket_set("cfpb", _complaints(data_dir / _COMPLAINTS_FILE, most_complaints)))
    return sets


def sample_messages() -> list[bytes]:
    """The tickets that ship, one message each."""
    return SAMPLE_TICKETS_FILE.read_bytes().splitlines()


def spread(messages: Sequence[bytes], most: int) -> list[bytes]:
    """At most ``most`` of the messages, evenly from first to last, in the same order."""
    count = min(most, len(messages))
    return [messages[index * len(messages) // count] for index in range(count)]


def _ticket_set(name: str, messages: Sequence[bytes]) -> TicketSet:
    return TicketSet(name, tuple(messages), tuple(decode_ticket(message) for message in messages))


def _complaints(file: Path, most: int) -> list[bytes]:
    messages: list[bytes] = []
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if len(messages) >= most:
                    break
                if row[_COMPLAINT_COLUMN]:
                    ticket = {"ticket_id": f"cfpb-{len(messages) + 1}", "body": row[_COMPLAINT_COLUMN]}
                    messages.append(json.dumps(ticket, ensure_ascii=False).encode())
    except OSError as error:
        raise ConfigurationError(f"no complaints at {file}: {error.strerror or error}") from error
    if not messages:
        raise ConfigurationError(f"no complaints in {file}")
    return messages
