"""In: the written tickets and a peer's outcome on them. Out: its figures, by the same measures as `deskroute evaluate`.

`tickets` makes the job and keeps what is right; the peer never sees the held-out labels.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from load_tests.peers.environment import ROOT
from load_tests.peers.job import Example, Job, Outcome, Text
from load_tests.peers.roster import FIELDS_IN_COMMON, Peer
from service.bench.machine import describe_machine, load_average
from service.bench.peers import PeerFigures
from service.bench.texts import read_ticket_sets
from service.evaluation.data import LabelledTicket, read_labelled
from service.evaluation.field_metrics import SpanKey, field_figures
from service.evaluation.metrics import head_figures

_TICKETS = ROOT / "models" / "training" / "tickets"
_NO_LIMIT = 10**9


@dataclass(frozen=True, slots=True)
class Tickets:
    """A job, and the held-out tickets with their labels."""

    job: Job
    held_out: tuple[LabelledTicket, ...]


def tickets(data_dir: Path | None, complaints: int, rounds: int, limit: int | None) -> Tickets:
    """Train on the written training tickets, measure on the dev tickets, time on the sample and the CFPB texts."""
    most = _NO_LIMIT if limit is None else limit
    train = islice((row for row in read_labelled(_TICKETS / "train") if row.category), most)
    held_out = tuple(islice(read_labelled(_TICKETS / "dev"), most))
    sets = read_ticket_sets(data_dir, most, min(most, complaints))
    job = Job(
        train=[Example(row.text, row.category) for row in train if row.category],
        held_out=[Text(row.subject, row.body) for row in held_out],
        timed={one.name: [Text(ticket.subject, ticket.body) for ticket in one.tickets] for one in sets},
        rounds=rounds,
    )
    return Tickets(job, held_out)


def figures(name: str, peer: Peer, given: Tickets, outcome: Outcome, train_s: float | None) -> PeerFigures:
    """Measure an outcome."""
    return PeerFigures(
        name=name,
        answers=peer.answers,
        way=outcome.way,
        tickets_per_s={
            name: round(len(given.job.timed[name]) / statistics.median(seconds), 1)
            for name, seconds in outcome.wall_s.items()
        },
        cpu_ms_per_ticket={
            name: round(1e3 * statistics.median(seconds) / len(given.job.timed[name]), 2)
            for name, seconds in outcome.cpu_s.items()
        },
        category_macro_f1=_category_macro_f1(given, outcome) if peer.has_category else None,
        fields_f1=_fields_f1(given, outcome) if peer.has_fields else None,
        field_types=FIELDS_IN_COMMON if peer.has_fields else (),
        held_out_rows=len(given.held_out),
        train_rows=len(given.job.train) if train_s is not None else 0,
        train_s=train_s,
        threads=1,
        machine=describe_machine(),
        load_average=load_average(),
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=dict(outcome.versions),
    )


def _category_macro_f1(given: Tickets, outcome: Outcome) -> float:
    known = [
        (row.category, answer.category or "")
        for row, answer in zip(given.held_out, outcome.answers, strict=True)
        if row.category
    ]
    truth, said = [label for label, _ in known], [label for _, label in known]
    return round(head_figures(truth, said, [1.0] * len(known)).macro_f1, 4)


def _fields_f1(given: Tickets, outcome: Outcome) -> float:
    known = [
        (row.spans, answer.spans)
        for row, answer in zip(given.held_out, outcome.answers, strict=True)
        if row.spans is not None
    ]
    truth, found = (
        [[SpanKey(s.start, s.end, s.type) for s in spans if s.type in FIELDS_IN_COMMON] for spans in side]
        for side in zip(*known, strict=True)
    )
    return round(field_figures(truth, found).micro_f1, 4)
