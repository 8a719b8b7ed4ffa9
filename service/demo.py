"""In: lines of tickets. Out: their results in a SQLite store and their events in a file: the whole flow, embedded.

The same steps as the worker's, in the same order, with a file for Kafka and SQLite for PostgreSQL.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from service.classify import ClassifiedLine, classify_lines
from service.decide import Decider
from service.events import routed_event
from service.record import stored_decision
from service.result import TicketResult
from service.revisions import version_of
from service.store import migrate
from service.store.engine import create_store_engine
from service.store.store import Store
from service.ticket import Ticket

EVENTS_FILE = "routed.jsonl"
DATABASE_FILE = "deskroute.db"
_BATCH_TICKETS = 128


@dataclass(frozen=True, slots=True)
class DemoTicket:
    """A routed ticket, and the subject or first words to show it by."""

    title: str
    result: TicketResult


@dataclass(frozen=True, slots=True)
class DemoRun:
    """What came of it, and where it lies."""

    tickets: tuple[DemoTicket, ...]
    bad_lines: tuple[ClassifiedLine, ...]
    elapsed_s: float
    events_file: Path
    database_file: Path


def run_demo(decider: Decider, lines: Iterable[bytes], folder: Path) -> DemoRun:
    """Classify, store, read back, publish. The two files are made anew; other files of the folder are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    events_file, database_file = folder / EVENTS_FILE, folder / DATABASE_FILE
    for suffix in ("", "-wal", "-shm"):
        database_file.with_name(database_file.name + suffix).unlink(missing_ok=True)
    url = f"sqlite:///{database_file}"
    migrate.upgrade(url)
    store = Store(create_store_engine(url))
    tickets: list[DemoTicket] = []
    bad_lines: list[ClassifiedLine] = []
    pending: list[tuple[Ticket, TicketResult]] = []
    started_s = time.monotonic()
    with events_file.open("w", encoding="utf-8") as events:
        for line in classify_lines(decider, lines, _BATCH_TICKETS):
            if isinstance(line.outcome, TicketResult) and line.ticket is not None:
                pending.append((line.ticket, line.outcome))
                tickets.append(DemoTicket(_title(line.ticket), line.outcome))
            else:
                bad_lines.append(line)
            if len(pending) >= _BATCH_TICKETS:
                _finish(store, events, pending)
                pending.clear()
        _finish(store, events, pending)
    store.close()
    return DemoRun(tuple(tickets), tuple(bad_lines), time.monotonic() - started_s, events_file, database_file)


def _finish(store: Store, events: TextIO, pending: list[tuple[Ticket, TicketResult]]) -> None:
    store.record_results(
        [stored_decision(ticket, version_of(ticket), result, result.processed_at) for ticket, result in pending]
    )
    for stored in store.read_events([(result.tenant, result.ticket_id, result.revision) for _, result in pending]):
        events.write(routed_event(stored.document).decode() + "\n")


def _title(ticket: Ticket) -> str:
    return " ".join((ticket.subject or ticket.body).split())
