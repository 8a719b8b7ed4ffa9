"""In: stored events and stored dead letters. Out: the records to publish, in a fixed order.

An event is built from what the store holds and nothing else, so that a repeat is the same to the byte. A dead letter
carries the original key, bytes and headers untouched; what is said of the failure goes into headers beside them.
Where it is larger than the brokers take, it goes without value and original headers: the store has the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from service.broker.records import Headers, OutputRecord
from service.events import CONTENT_TYPE, routed_event
from service.store.values import DeadLetter, StoredEvent

_EVENT_HEADERS: Headers = (("content-type", CONTENT_TYPE.encode()),)
HEADER_PREFIX = "deskroute-"
MAX_LETTER_BYTES = 1_900_000
"""Below the 2 MiB that the output topics should take, and that the producer sends at most."""

MAX_KEY_BYTES = 1_024


@dataclass(frozen=True, slots=True)
class OutputTopics:
    """Where events and dead letters go."""

    routed: str
    review: str
    dead_letter: str


def output_records(
    topics: OutputTopics, events: Sequence[StoredEvent], letters: Sequence[DeadLetter]
) -> list[OutputRecord]:
    """Events on the routed topic, again on the review topic where a person must look, then the dead letters."""
    records = []
    for event in events:
        document = event.document
        key = f"{document['tenant']}/{document['ticket_id']}".encode()
        value = routed_event(document)
        records.append(OutputRecord(topics.routed, key, value, _EVENT_HEADERS))
        if document["route"]["needs_review"]:
            records.append(OutputRecord(topics.review, key, value, _EVENT_HEADERS))
    records += [_dead_letter_record(topics.dead_letter, letter) for letter in letters]
    return records


def _dead_letter_record(topic: str, letter: DeadLetter) -> OutputRecord:
    said = {
        "id": str(letter.id),
        "reason": letter.reason,
        "stage": letter.stage,
        "detail": letter.detail,
        "topic": letter.topic,
        "partition": str(letter.partition),
        "offset": str(letter.offset),
        "service-version": letter.service_version,
        "model-version": letter.model_version,
        "failed-at": letter.failed_at.isoformat(timespec="milliseconds"),
    }
    headers = tuple((f"{HEADER_PREFIX}{name}", text.encode()) for name, text in said.items())
    # A message may have come in compressed, or over a larger limit: no retry would make it fit.
    digest = sha256(letter.value or b"").hexdigest()
    omitted = (f"{HEADER_PREFIX}value-omitted", f"{len(letter.value or b'')} bytes, sha256 {digest}".encode())
    bare = OutputRecord(topic, letter.key[:MAX_KEY_BYTES] if letter.key else None, b"", (*headers, omitted))
    whole = OutputRecord(topic, letter.key, letter.value, letter.headers + headers, smaller=bare)
    return whole if whole.size_bytes <= MAX_LETTER_BYTES else bare
