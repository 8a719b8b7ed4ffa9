"""In: `kill@before:write_batch:3` and a worker's neighbours. Out: the same neighbours, with that fail-point in between.

Raises `ValueError` for a text that names no fail-point. The worker itself knows nothing of this: it is wrapped around
what the worker talks to.
"""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from service.neighbours import Neighbours, Sink, Source
from service.store.store import Store

SEAMS: Final = ("claim", "poll", "write_batch", "read_events", "publish", "mark_published", "commit")
"""The calls between two steps, in the order of the steps S0, S1, S4, S5, S6, S7, S7."""

MOMENTS: Final = ("before", "after")
_SIGNALS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
_SPELLING = re.compile(rf"({'|'.join(_SIGNALS)})@({'|'.join(MOMENTS)}):({'|'.join(SEAMS)}):([1-9]\d*)")


@dataclass(frozen=True, slots=True)
class FailPoint:
    """The process sends itself ``kind``'s signal before or after the ``number``-th call of a seam.

    Polls that bring nothing are not counted, since how many there are depends on the time of day.
    """

    kind: str
    moment: str
    seam: str
    number: int

    @classmethod
    def parse(cls, text: str) -> FailPoint:
        """Read `kill@before:write_batch:3`."""
        found = _SPELLING.fullmatch(text)
        if found is None:
            raise ValueError(f"{text}: should be kill or stop, @before or @after, one of {', '.join(SEAMS)}, a number")
        return cls(found[1], found[2], found[3], int(found[4]))

    def __str__(self) -> str:
        return f"{self.kind}@{self.moment}:{self.seam}:{self.number}"

    def trip(self) -> None:
        """Send the signal; after a stop this returns when somebody says go on."""
        os.kill(os.getpid(), _SIGNALS[self.kind])


def with_fail_points(points: Sequence[FailPoint], neighbours: Neighbours) -> Neighbours:
    """The neighbours, watched at the seams that the fail-points name."""
    return Neighbours(
        source=cast(Source, _Tripwire(neighbours.source, points)),
        sink=cast(Sink, _Tripwire(neighbours.sink, points)),
        store=cast(Store, _Tripwire(neighbours.store, points)),
    )


class _Tripwire:
    """Passes every call on, and counts those of the seams."""

    def __init__(self, target: object, points: Sequence[FailPoint]) -> None:
        self._target, self._points = target, points
        self._calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)
        watched = any(point.seam == name for point in self._points)
        return self._watch(name, method) if watched else method

    def _watch(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            number = self._calls[name] + 1
            self._trip("before", name, number)
            answer = method(*arguments, **named)
            if answer or name != "poll":
                self._calls[name] = number
                self._trip("after", name, number)
            return answer

        return call

    def _trip(self, moment: str, seam: str, number: int) -> None:
        for point in self._points:
            if (point.moment, point.seam, point.number) == (moment, seam, number):
                point.trip()
