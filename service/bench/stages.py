"""In: tickets and the parts of the service. Out: the CPU microseconds that each stage takes for one ticket.

``model`` is what onnxruntime uses, ``around_model`` what laying out its input and reading spans from its output take,
``conclude`` everything about a decision that no other stage names.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from service.bench.graph_time import GraphTime
from service.bench.texts import TicketSet
from service.clocks import Clocks
from service.decide import Decider, extract_fields, own_words, routing_facts
from service.decode import decode_ticket
from service.events import routed_event
from service.fields.date_value import normalize_date
from service.inference.engine import InferenceEngine
from service.language import detect_language
from service.normalize import normalize
from service.record import stored_decision
from service.revisions import version_of
from service.routing.engine import route
from service.store import migrate
from service.store.engine import create_store_engine
from service.store.store import Store

MODEL_STAGE = "model"
_BATCH_TICKETS = 256


class StageTimes:
    """CPU seconds by stage, of all threads of the process, summed over tickets."""

    def __init__(self) -> None:
        self._cpu_s: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the CPU time of the block to a stage."""
        before = time.process_time()
        yield
        self.add(name, time.process_time() - before)

    def add(self, name: str, cpu_s: float) -> None:
        """Add CPU time that was measured elsewhere; below zero takes away what another stage counts too."""
        self._cpu_s[name] = self._cpu_s.get(name, 0.0) + cpu_s

    def seconds(self, name: str) -> float:
        """CPU time of one stage so far."""
        return self._cpu_s.get(name, 0.0)

    def microseconds_per_ticket(self, tickets: int) -> dict[str, float]:
        """CPU time of each stage for one ticket."""
        return {name: round(max(0.0, seconds) / tickets * 1e6, 1) for name, seconds in self._cpu_s.items()}


def measure_stages(engine: InferenceEngine, decider: Decider, ticket_set: TicketSet) -> dict[str, float]:
    """Run the tickets through every stage, batch by batch, as the embedded pipeline does."""
    times = StageTimes()
    # dateparser reads its languages once a process, a quarter of a second: no part of what a ticket costs under load.
    normalize_date("no such day", Clocks().utc(), None)
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        migrate.upgrade(url)
        store = Store(create_store_engine(url))
        for start in range(0, len(ticket_set.messages), _BATCH_TICKETS):
            _measure_batch(times, engine, decider, store, ticket_set.messages[start : start + _BATCH_TICKETS])
        store.close()
    # The decider does these itself: they would count twice.
    times.add("conclude", -sum(times.seconds(part) for part in ("fields", "language", "route")))
    return times.microseconds_per_ticket(len(ticket_set.messages))


def _measure_batch(
    times: StageTimes, engine: InferenceEngine, decider: Decider, store: Store, messages: tuple[bytes, ...]
) -> None:
    now = Clocks().utc()
    with times.stage("decode"):
        tickets = [decode_ticket(message) for message in messages]
    with times.stage("normalize"):
        texts = [normalize(ticket.subject, ticket.body) for ticket in tickets]
    with times.stage("tokenize"):
        encoded = engine.encode(texts)
    spent = GraphTime()
    with spent.counted():
        predictions = engine.run(encoded, texts)
    times.add(MODEL_STAGE, spent.graphs_cpu_s)
    times.add("around_model", spent.total_cpu_s - spent.graphs_cpu_s)
    with times.stage("conclude"):
        understood = decider.understand_predicted(tickets, texts, predictions)
        results = decider.conclude(tickets, understood, now)
    # Measured again by themselves, and so with warm caches: they cost a little more within `conclude`.
    with times.stage("fields"):
        for ticket, text, prediction in zip(tickets, texts, predictions, strict=True):
            extract_fields(ticket, text, prediction.spans, now)
    with times.stage("language"):
        for text in texts:
            detect_language(own_words(text))
    with times.stage("route"):
        for ticket, what in zip(tickets, understood, strict=True):
            route(decider.rules, routing_facts(ticket, what))
    with times.stage("store"):
        decisions = [
            stored_decision(ticket, version_of(ticket), result, now)
            for ticket, result in zip(tickets, results, strict=True)
        ]
        store.record_results(decisions)
    with times.stage("read_back"):
        events = store.read_events(
            [(item.result.tenant, item.result.ticket_id, item.result.revision) for item in decisions]
        )
    with times.stage("build_events"):
        for event in events:
            routed_event(event.document)
