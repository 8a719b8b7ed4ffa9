"""In: a store and a broker that answer, fail or break. Out: proof that samples tell which, and that none is lost."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from load_tests.oracle.sampler import WatermarkSampler
from load_tests.oracle.samples import BrokerMarks, Sample, SampleError, StoreMarks, read_samples, to_json
from service.broker.records import PartitionId
from service.errors import BrokerUnavailableError, StoreUnavailableError
from tests.unit.oracle.world import EVIDENCE, INPUT

_LIMIT_S = 10


@dataclass
class Answering:
    """A neighbour that gives these answers, one a call, the last for good; `answered` once it gave all of them."""

    answers: list[Callable[[], Mapping[PartitionId, object]]]
    answered: Event = field(default_factory=Event)
    closed: int = 0

    def next(self) -> Mapping[PartitionId, object]:
        if len(self.answers) == 1:
            self.answered.set()
            return self.answers[0]()
        return self.answers.pop(0)()

    def close(self) -> None:
        self.closed += 1


class Store(Answering):
    """A store's watermarks."""

    def read_marks(self) -> Mapping[PartitionId, StoreMarks]:
        return self.next()  # type: ignore[return-value]


class Broker(Answering):
    """A broker's watermarks."""

    def read_marks(self, partitions: Sequence[PartitionId]) -> Mapping[PartitionId, BrokerMarks]:
        assert list(partitions) == [INPUT]
        return self.next()  # type: ignore[return-value]


def _stored() -> Mapping[PartitionId, object]:
    return {INPUT: StoreMarks(3, 2, 1)}


def _ends() -> Mapping[PartitionId, object]:
    return {INPUT: BrokerMarks(None, 9)}


def _store_away() -> Mapping[PartitionId, object]:
    raise StoreUnavailableError("the database is away")


def _broker_away() -> Mapping[PartitionId, object]:
    raise BrokerUnavailableError("Kafka is away")


def _bug() -> Mapping[PartitionId, object]:
    raise RuntimeError("a bug")


def test_sampler_through_outages_of_both_has_samples_of_before_and_after(tmp_path: Path) -> None:
    file = tmp_path / "samples.jsonl"
    store, broker = Store([_stored, _store_away, _stored]), Broker([_ends, _broker_away, _ends])

    with WatermarkSampler(file, store, broker, lambda: [os.getpid()], interval_s=0.001):
        assert store.answered.wait(_LIMIT_S)
        assert broker.answered.wait(_LIMIT_S)

    samples = read_samples(file)
    assert [one.error for one in samples.store[:3]] == [None, "the database is away", None]
    assert [one.error for one in samples.broker[:3]] == [None, "Kafka is away", None]
    assert samples.store[0].marks == _stored()
    assert samples.store[1].marks == {}
    assert samples.broker[-1].marks == _ends()
    assert {one.process_id for one in samples.memory} == {os.getpid()}
    assert broker.closed == 2


def test_sampler_closed_at_once_still_takes_a_last_sample(tmp_path: Path) -> None:
    file = tmp_path / "samples.jsonl"

    with WatermarkSampler(file, Store([_stored]), Broker([_ends]), interval_s=3_600):
        pass

    assert len(read_samples(file).store) == 1


def test_sampler_whose_thread_met_a_bug_raises_it_when_closed(tmp_path: Path) -> None:
    store = Store([_bug])
    sampler = WatermarkSampler(tmp_path / "samples.jsonl", store, Broker([_ends]), interval_s=0.001)
    assert store.answered.wait(_LIMIT_S)

    with pytest.raises(RuntimeError, match="a bug"):
        sampler.close()

    assert store.closed == 1


def test_read_samples_of_what_was_written_is_the_same_in_order_of_time(tmp_path: Path) -> None:
    file = tmp_path / "samples.jsonl"
    samples = EVIDENCE.samples
    shuffled: list[Sample] = [*samples.memory, *samples.broker, *reversed(samples.store)]
    lines = [json.dumps(to_json(one)) for one in shuffled]

    file.write_text("\n".join([*lines, '{"kind": "sto']), encoding="utf-8")

    assert read_samples(file) == samples


@pytest.mark.parametrize("line", ["{", "[]", '{"kind": "other", "at_s": 1, "partitions": []}', '{"kind": "store"}'])
def test_read_samples_with_a_line_that_is_no_sample_is_refused(tmp_path: Path, line: str) -> None:
    file = tmp_path / "samples.jsonl"
    file.write_text(line + "\n", encoding="utf-8")

    with pytest.raises(SampleError, match="line 1"):
        read_samples(file)
