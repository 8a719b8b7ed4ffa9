"""In: seeds. Out: schedules of the real worker with up to five faults each, after which every promise was kept.

`DESKROUTE_TEST_SIMULATION_SEEDS` sets how many. What a failing test prints is the smallest schedule that was found to
break the same, and everything that happens in it; `trial.explain` prints it again from the seed.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.simulation.messages import What
from tests.simulation.mutants import SOUND
from tests.simulation.plan import MOST_FAULTS, Kind, plan_of
from tests.simulation.trial import explain, first_broken, try_plan

SEEDS = int(os.environ.get("DESKROUTE_TEST_SIMULATION_SEEDS", "20000"))
PARTS = 10


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_worker_in_any_schedule_keeps_every_promise(part: int) -> None:
    seeds = range(SEEDS * part // PARTS, SEEDS * (part + 1) // PARTS)

    found = first_broken(seeds, SOUND)

    assert found is None, explain(found[0], SOUND)


def test_schedule_of_a_seed_is_the_same_every_time() -> None:
    worker = SOUND.worker()
    traces: list[list[str]] = [[], []]

    for trace in traces:
        for seed in range(20):
            try_plan(plan_of(seed), SOUND, worker, trace)

    first, second = ([line.split("owner=")[0] for line in trace] for trace in traces)
    assert first == second


def test_schedules_hold_every_kind_of_fault_and_of_record_often() -> None:
    worker = SOUND.worker()
    faults: Counter[Kind] = Counter()
    records: Counter[What] = Counter()

    for seed in range(500):
        plan = plan_of(seed)
        records.update({message.what for message in plan.messages})
        struck = try_plan(plan, SOUND, worker).struck
        assert sum(struck.values()) <= MOST_FAULTS
        faults.update(set(struck))

    assert min(faults[kind] for kind in Kind) >= 20
    assert min(records[what] for what in What) >= 10
