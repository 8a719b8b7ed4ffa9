"""In: lines of JSON, one ticket each. Out: one line of JSON each, in the same order: a result, or what is wrong.

An error object says the line, the reason and the stage; a bad line never stops the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from service.decide import Decider
from service.decode import try_decode
from service.errors import InvalidMessageError
from service.isolate import decide_isolating
from service.result import TicketResult
from service.ticket import Ticket


@dataclass(frozen=True, slots=True)
class ClassifiedLine:
    """The answer to one line, counted from 1."""

    number: int
    outcome: TicketResult | InvalidMessageError
    ticket: Ticket | None

    def to_json(self) -> str:
        """The line to print."""
        if isinstance(self.outcome, TicketResult):
            return json.dumps(self.outcome.to_json(), ensure_ascii=False)
        error: dict[str, Any] = {
            "line": self.number,
            "reason": self.outcome.reason,
            "stage": self.outcome.stage,
            "detail": self.outcome.detail,
        }
        return json.dumps({"error": error}, ensure_ascii=False)


def classify_lines(decider: Decider, lines: Iterable[bytes], batch_size: int) -> Iterator[ClassifiedLine]:
    """Classify lines in batches; memory holds one batch at a time."""
    numbered = enumerate(lines, 1)
    while batch := list(islice(numbered, batch_size)):
        decoded = [(number, try_decode(line)) for number, line in batch]
        tickets = [outcome for _, outcome in decoded if isinstance(outcome, Ticket)]
        decided = iter(decide_isolating(decider.decide, tickets))
        for number, outcome in decoded:
            if isinstance(outcome, Ticket):
                yield ClassifiedLine(number, next(decided), outcome)
            else:
                yield ClassifiedLine(number, outcome, None)
