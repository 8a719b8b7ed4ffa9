"""In: tickets and the parts of the service. Out: the CPU time that each stage takes for one of them, in microseconds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from service.bench.texts import TicketSet
from service.clocks import Clocks
from service.decide import Decider, extract_fields, own_words
from service.decode import decode_ticket
from service.events import routed_event, routed_event_id
from service.inference.engine import InferenceEngine
from service.language import detect_language
from service.normalize import normalize
from service.store import migrate
from service.store.engine import create_store_engine
from service.store.store import Store
from service.store.values import StoredDecision

_BATCH_TICKETS = 256


@dataclass(slots=True)
class StageTimes:
    """CPU seconds by stage, summed; asking one by name gives microseconds a ticket."""

    tickets: int = 0
    cpu_s: dict[str, float] = field(default_factory=dict)

    def run[T](self, stage: str, work: Callable[[], T]) -> T:
        """Do some work and add its CPU time (all threads of the process) to a stage."""
        before = time.process_time()
        result = work()
        self.cpu_s[stage] = self.cpu_s.get(stage, 0.0) + time.process_time() - before
        return result

    def microseconds_per_ticket(self) -> dict[str, float]:
        """CPU time of each stage for one ticket."""
        return {stage: round(seconds / self.tickets * 1e6, 1) for stage, seconds in self.cpu_s.items()}
