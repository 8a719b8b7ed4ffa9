"""In: a file of samples, one JSON object a line. Out: what was seen of the watermarks and of memory, in order of time.

Raises `SampleError` for a line that is no sample, apart from a last one that its writer did not finish. A neighbour
that was away left a sample with an error in place of its values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from service.broker.records import PartitionId

STORE: Final = "store"
BROKER: Final = "broker"
MEMORY: Final = "memory"


class SampleError(ValueError):
    """A line of a file of samples is no sample."""


@dataclass(frozen=True, slots=True)
class StoreMarks:
    """A partition's row of `consumer_offsets`."""

    next_offset: int
    published_offset: int
    epoch: int


@dataclass(frozen=True, slots=True)
class BrokerMarks:
    """A partition's end, and the group's committed offset, None where there is none."""

    committed: int | None
    end: int


@dataclass(frozen=True, slots=True)
class StoreSample:
    """What the store said when asked at ``at_s`` (seconds since 1970, taken before asking); empty while it is away."""

    at_s: float
    marks: Mapping[PartitionId, StoreMarks]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class BrokerSample:
    """What Kafka had said by ``at_s`` (seconds since 1970, taken after the answer); empty while it is away."""

    at_s: float
    marks: Mapping[PartitionId, BrokerMarks]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class MemorySample:
    """The resident memory of a process."""

    at_s: float
    process_id: int
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Samples:
    """All samples of a run, each kind in order of time."""

    store: tuple[StoreSample, ...] = ()
    broker: tuple[BrokerSample, ...] = ()
    memory: tuple[MemorySample, ...] = ()


NO_SAMPLES: Final = Samples()

Sample = StoreSample | BrokerSample | MemorySample


def read_samples(file: Path) -> Samples:
    """The samples of one or several samplers that wrote to this file."""
    samples: list[Sample] = []
    for number, line in enumerate(file.read_bytes().split(b"\n")[:-1], 1):
        try:
            samples.append(_from_json(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise SampleError(f"line {number} is no sample: {type(error).__name__}: {error}") from error
    samples.sort(key=lambda sample: sample.at_s)
    return Samples(
        store=tuple(one for one in samples if isinstance(one, StoreSample)),
        broker=tuple(one for one in samples if isinstance(one, BrokerSample)),
        memory=tuple(one for one in samples if isinstance(one, MemorySample)),
    )


def to_json(sample: Sample) -> dict[str, Any]:
    """The sample as one JSON object."""
    if isinstance(sample, MemorySample):
        values = {"process_id": sample.process_id, "rss_bytes": sample.rss_bytes}
        return {"kind": MEMORY, "at_s": sample.at_s, **values}
    if isinstance(sample, StoreSample):
        partitions = [
            [at.topic, at.partition, marks.next_offset, marks.published_offset, marks.epoch]
            for at, marks in sorted(sample.marks.items())
        ]
        return {"kind": STORE, "at_s": sample.at_s, "partitions": partitions, "error": sample.error}
    ends = [[at.topic, at.partition, marks.committed, marks.end] for at, marks in sorted(sample.marks.items())]
    return {"kind": BROKER, "at_s": sample.at_s, "partitions": ends, "error": sample.error}


def _from_json(line: dict[str, Any]) -> Sample:
    kind, at_s = line["kind"], float(line["at_s"])
    if kind == MEMORY:
        return MemorySample(at_s, line["process_id"], line["rss_bytes"])
    partitions = {PartitionId(topic, partition): values for topic, partition, *values in line["partitions"]}
    if kind == STORE:
        return StoreSample(at_s, {at: StoreMarks(*values) for at, values in partitions.items()}, line["error"])
    if kind == BROKER:
        return BrokerSample(at_s, {at: BrokerMarks(*values) for at, values in partitions.items()}, line["error"])
    raise ValueError(f"kind should be {STORE}, {BROKER} or {MEMORY}")
