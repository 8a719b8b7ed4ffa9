"""In: tickets and the parts of the service. Out: the CPU microseconds that each stage takes for one ticket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from service.bench.texts import TicketSet
from service.clocks import Clocks
from service.decide import Decider, extract_fields, own_words, routing_facts
from service.decode import decode_ticket
from service.events import routed_event
from service.inference.engine import InferenceEngine
from service.language import detect_language
from service.normalize import normalize
from service.record import stored_decision
from service.routing.engine import route
from service.store import migrate
from service.store.engine import create_store_engine
from service.store.store import Store

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
        self._cpu_s[name] = self._cpu_s.get(name, 0.0) + time.process_time() - before

    def microseconds_per_ticket(self, tickets: int) -> dict[str, float]:
        """CPU time of each stage for one ticket."""
        return {name: round(seconds / tickets * 1e6, 1) for name, seconds in self._cpu_s.items()}


def measure_stages(engine: InferenceEngine, decider: Decider, ticket_set: TicketSet) -> dict[str, float]:
    """Run the tickets through every stage, batch by batch, as the embedded pipeline does."""
    times = StageTimes()
    clocks = Clocks()
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        migrate.upgrade(url)
        store = Store(create_store_engine(url))
        for start in range(0, len(ticket_set.messages), _BATCH_TICKETS):
            with times.stage("decode"):
                tickets = [decode_ticket(message) for message in ticket_set.messages[start : start + _BATCH_TICKETS]]
            with times.stage("normalize"):
                texts = [normalize(ticket.subject, ticket.body) for ticket in tickets]
            with times.stage("tokenize"):
                encoded = engine.encode(texts)
            with times.stage("infer"):
                predictions = engine.run(encoded, texts)
            now = clocks.utc()
            with times.stage("fields"):
                for ticket, text, prediction in zip(tickets, texts, predictions, strict=True):
                    extract_fields(ticket, text, prediction.spans, now)
            with times.stage("language"):
                for text in texts:
                    detect_language(own_words(text))
            understood = decider.understand_predicted(tickets, texts, predictions)
            with times.stage("route"):
                for ticket, what in zip(tickets, understood, strict=True):
                    route(decider.rules, routing_facts(ticket, what))
            decisions = [
                stored_decision(ticket, result, now)
                for ticket, result in zip(tickets, decider.conclude(tickets, understood, now), strict=True)
            ]
            with times.stage("store"):
                store.record_results(decisions)
            with times.stage("read_back"):
                events = store.read_events(
                    [(item.result.tenant, item.result.ticket_id, item.result.revision) for item in decisions]
                )
            with times.stage("build_events"):
                for event in events:
                    routed_event(event.document)
        store.close()
    return times.microseconds_per_ticket(len(ticket_set.messages))
