"""In: a running service. Out: a file of samples of its watermarks, in the store and in Kafka, and of its memory.

One thread each asks the store, Kafka and the kernel, so that one that is away holds up no other. A neighbour that is
away leaves samples with an error; anything else that goes wrong is raised by `close`, or samples that are not there
would count as good ones.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock
from types import TracebackType
from typing import Protocol, Self

from load_tests.oracle.samples import (
    BrokerMarks,
    BrokerSample,
    MemorySample,
    Sample,
    StoreMarks,
    StoreSample,
    to_json,
)
from load_tests.oracle.store_reader import StoreReader
from load_tests.oracle.topic_reader import GroupReader
from service.broker.records import PartitionId
from service.errors import TransientError
from service.settings import Settings

_INTERVAL_S = 0.5
_ANSWER_LIMIT_S = 5.0

ProcessIds = Callable[[], Iterable[int]]


class StoreMarksReader(Protocol):
    """What is needed of the store (`StoreReader`)."""

    def read_marks(self) -> Mapping[PartitionId, StoreMarks]: ...
    def close(self) -> None: ...


class BrokerMarksReader(Protocol):
    """What is needed of Kafka (`GroupReader`); after an error it is closed and asked again."""

    def read_marks(self, partitions: Sequence[PartitionId]) -> Mapping[PartitionId, BrokerMarks]: ...
    def close(self) -> None: ...


class WatermarkSampler:
    """Samples from construction until `close`. ``processes`` names those whose memory is sampled, anew each time.

    Of Kafka the partitions are sampled that the store has watermarks of.
    """

    def __init__(
        self,
        file: Path,
        store: StoreMarksReader,
        broker: BrokerMarksReader,
        processes: ProcessIds = tuple,
        interval_s: float = _INTERVAL_S,
    ) -> None:
        self._out, self._lock = file.open("ab", buffering=0), Lock()
        self._store, self._broker, self._processes = store, broker, processes
        self._interval_s = interval_s
        self._partitions: tuple[PartitionId, ...] = ()
        self._stop = Event()
        self._threads = ThreadPoolExecutor(3, thread_name_prefix="sampler")
        self._running: list[Future[None]] = [
            self._threads.submit(self._repeat, look)
            for look in (self._look_at_store, self._look_at_broker, self._look_at_memory)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take a last sample of each and end; waits for answers that are outstanding. Raises what ended a thread."""
        self._stop.set()
        self._threads.shutdown(wait=True)
        self._store.close()
        self._broker.close()
        self._out.close()
        for thread in self._running:
            thread.result()

    def _repeat(self, look: Callable[[], None]) -> None:
        is_last = False
        while not is_last:
            # The last look comes after the stop, so that the end of the run is in the samples.
            is_last = self._stop.wait(self._interval_s)
            look()

    def _look_at_store(self) -> None:
        at_s = time.time()
        try:
            marks = self._store.read_marks()
        except TransientError as error:
            self._write(StoreSample(at_s, {}, str(error)))
            return
        self._partitions = tuple(sorted(marks))
        self._write(StoreSample(at_s, marks))

    def _look_at_broker(self) -> None:
        if not self._partitions:
            return
        try:
            marks = self._broker.read_marks(self._partitions)
        except TransientError as error:
            self._broker.close()
            self._write(BrokerSample(time.time(), {}, str(error)))
            return
        self._write(BrokerSample(time.time(), marks))

    def _look_at_memory(self) -> None:
        for process_id in self._processes():
            size_bytes = resident_bytes(process_id)
            if size_bytes:
                self._write(MemorySample(time.time(), process_id, size_bytes))

    def _write(self, sample: Sample) -> None:
        line = json.dumps(to_json(sample), separators=(",", ":")).encode() + b"\n"
        with self._lock:
            self._out.write(line)


def sample_service(settings: Settings, file: Path, processes: ProcessIds = tuple) -> WatermarkSampler:
    """A sampler of the service that these settings are those of; nothing needs to run yet."""
    store = StoreReader(settings.database_url.get_secret_value(), settings.kafka_group)
    return WatermarkSampler(file, store, GroupReader(settings, _ANSWER_LIMIT_S), processes)


def resident_bytes(process_id: int) -> int | None:
    """The resident memory of a process, as Linux counts it; None where there is no such process (any more)."""
    try:
        statm = Path(f"/proc/{process_id}/statm").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(statm.split()[1]) * resource.getpagesize()
