"""In: seeds. Out: their whole schedules end on the real store, over SQLite, exactly as they do on `MemoryStore`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from service.store.values import PartitionClaim
from service.worker import Worker
from tests.simulation.cluster import Cluster
from tests.simulation.memory_store import MemoryStore
from tests.simulation.plan import plan_of
from tests.simulation.sqlite_store import SqliteStore
from tests.simulation.trial import judge

SCHEDULES = 25


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_schedule_on_the_real_store_ends_as_it_does_in_memory(
    seed: int, open_sqlite: Callable[[], SqliteStore]
) -> None:
    clusters = [Cluster(plan_of(seed), Worker, store) for store in (MemoryStore(), open_sqlite())]

    in_memory, on_sqlite = (judge(cluster) for cluster in clusters)

    assert sorted(in_memory.broken) == sorted(on_sqlite.broken)
    assert clusters[0].broker.published == clusters[1].broker.published
    mine, real = in_memory.stored, on_sqlite.stored
    assert mine.results == real.results
    assert mine.letters == real.letters
    assert mine.attempts == real.attempts
    assert mine.suppressions == real.suppressions
    assert {key: row["revision"] for key, row in mine.current.items()} == {
        key: row["revision"] for key, row in real.current.items()
    }
    assert [_watermarks(claim) for claim in mine.offsets.values()] == [
        _watermarks(claim) for _, claim in sorted(real.offsets.items())
    ]


def _watermarks(claim: PartitionClaim) -> tuple[str, int, int, int, int]:
    return claim.topic, claim.partition, claim.next_offset, claim.published_offset, claim.epoch
