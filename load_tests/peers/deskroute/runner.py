"""In: a job. Out: the answers of the default model and its patterns, every head and field at once, timed.

It takes the settings of the service; texts that came before are not remembered, so each round does the whole work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from load_tests.peers.job import Answer, Span, Text
from load_tests.peers.phases import Answerer, run
from service.clocks import Clocks
from service.decide import Understanding
from service.settings import load_settings
from service.ticket import Ticket
from service.wiring import build_decider

_BATCH_TICKETS = 256


def open_ways(_folder: Path) -> Mapping[str, Answerer]:
    """One way: batches, as the worker makes them."""
    decider = build_decider(load_settings({"inference_recent_texts": 0}), Clocks())

    def answer(texts: Sequence[Text]) -> list[Answer]:
        tickets = [Ticket(ticket_id=str(number), subject=t.subject, body=t.body) for number, t in enumerate(texts)]
        understood: list[Understanding] = []
        for start in range(0, len(tickets), _BATCH_TICKETS):
            understood += decider.understand(tickets[start : start + _BATCH_TICKETS])
        return [
            Answer(what.category.label, tuple(Span(field.type, field.start, field.end) for field in what.fields))
            for what in understood
        ]

    return {f"batches of {_BATCH_TICKETS}": answer}


if __name__ == "__main__":
    run(None, open_ways, ("onnxruntime", "tokenizers"))
