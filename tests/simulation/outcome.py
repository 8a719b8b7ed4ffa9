"""In: nothing. Out: everything that a schedule leaves behind, as the checks ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from service.broker.records import OutputRecord
from service.errors import Reason
from service.publish import HEADER_PREFIX, output_records
from service.revisions import microseconds
from service.store.rows import Row
from service.store.values import Coordinates, StoredEvent
from tests.simulation.broker import Broker
from tests.simulation.messages import Message, What
from tests.simulation.tables import Tables
from tests.simulation.watch import OUTPUTS

Identity = tuple[str, int, str]
"""Ticket id, time and digest: the same for two records that say the same."""


@dataclass(frozen=True)
class Outcome:
    """The end of a schedule.

    ``lost`` are the outputs of what a rewind took from the store. ``deaths`` counts the processes that ended early
    and not by a ticket that kills, and the rewinds, which bring back what was counted before: a record that several of
    them met may be condemned though it is sound.
    """

    messages: Sequence[Message]
    broker: Broker
    stored: Tables
    lost: frozenset[OutputRecord]
    deaths: int

    @cached_property
    def expected(self) -> list[OutputRecord]:
        """What should be on the topics by what is stored."""
        events = [StoredEvent(row["event_id"], row["document"]) for row in self.stored.results.values()]
        return output_records(OUTPUTS, events, list(self.stored.letters.values()))

    @cached_property
    def rows(self) -> dict[Identity, list[Row]]:
        """The stored results of each version."""
        rows: dict[Identity, list[Row]] = {}
        for row in self.stored.results.values():
            rows.setdefault((row["ticket_id"], row["revised_us"], row["content_digest"]), []).append(row)
        return rows

    @cached_property
    def versions(self) -> dict[Identity, list[Message]]:
        """The records of each version that went in."""
        versions: dict[Identity, list[Message]] = {}
        for message in self.messages:
            if (version := message.version) is not None:
                versions.setdefault((version.ticket_id, version.revised_us, version.digest), []).append(message)
        return versions

    def has_letter(self, message: Message) -> bool:
        """Whether the record is a dead letter."""
        return coordinates(message) in self.stored.letters

    def was_condemned(self, message: Message) -> bool:
        """Whether the record was ever published as one that the process died of."""
        at = message.record.source
        names = {"topic": at.topic, "partition": str(at.partition), "offset": str(message.record.offset)}
        said = {(f"{HEADER_PREFIX}{name}", value.encode()) for name, value in names.items()}
        said.add((f"{HEADER_PREFIX}reason", Reason.PROCESS_DIED.value.encode()))
        return any(said <= set(one.headers) for one in self.broker.published if one.topic == OUTPUTS.dead_letter)

    def tombstones(self, ticket_id: str) -> list[Message]:
        """What says that the ticket is deleted; a tombstone that was condemned says nothing."""
        found = (one for one in self.messages if one.what is What.TOMBSTONE and one.ticket_id == ticket_id)
        return [one for one in found if not self.has_letter(one)]

    def erased_us(self, ticket_id: str) -> int:
        """Up to which time the ticket's revisions are erased."""
        return max((microseconds(one.record.received_at) for one in self.tombstones(ticket_id)), default=-1)


def coordinates(message: Message) -> Coordinates:
    """Where the record stands."""
    source = message.record.source
    return Coordinates(source.topic, source.partition, message.record.offset)
