"""In: records for topics that may be gone by now. Out: acknowledged sends, over a connection made when first needed.

Raises `InputPositionError` for a topic that does not exist and `BrokerUnavailableError` where no broker answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from service.broker.connection import read_topic_ids
from service.broker.records import OutputRecord
from service.broker.sink import RecordSink
from service.errors import InputPositionError
from service.settings import Settings
from service.stopping import StopRequest


class ReplayOutbox:
    """A `RecordSink` that looks before it sends; where nothing is sent, no producer is made."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float]) -> None:
        self._settings, self._monotonic = settings, monotonic
        self._never = StopRequest(monotonic, settings.shutdown_timeout_ms / 1_000)
        self._existing: set[str] = set()
        self._sink: RecordSink | None = None

    def require_topic(self, topic: str) -> None:
        """Ask the broker for the topic, once; may block until the broker answers."""
        if topic in self._existing:
            return
        try:
            read_topic_ids(self._settings, [topic])
        except InputPositionError as error:
            raise InputPositionError(f"{error}: create it again, or replay the letters of another topic") from error
        self._existing.add(topic)

    def publish(self, records: Sequence[OutputRecord]) -> None:
        """Send all records and wait for every acknowledgement."""
        if self._sink is None:
            self._sink = RecordSink(self._settings, self._monotonic)
        self._sink.publish(records, self._never)

    def close(self) -> None:
        """Close the connections in bounded time."""
        if self._sink is not None:
            self._sink.close(self._settings.shutdown_timeout_ms / 1_000)
