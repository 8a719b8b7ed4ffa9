"""In: workers and stores without one of the mechanisms that the promises rest on. Out: the seed that catches each."""

from __future__ import annotations

import pytest

from service import worker
from tests.simulation.mutants import MUTANTS, SOUND, Subject, changed_worker
from tests.simulation.plan import plan_of
from tests.simulation.trial import try_plan

MOST_SEEDS = 2_000


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_caught_within_a_tenth_of_the_schedules(mutant: Subject, capsys: pytest.CaptureFixture[str]) -> None:
    caught = _first_caught(mutant)

    assert caught is not None, f"{mutant.name} passed {MOST_SEEDS} schedules"
    seed, broken = caught
    with capsys.disabled():
        print(f" {mutant.name}: caught by seed {seed}: {broken[0][:100]}", end="")  # noqa: T201  the figure is wanted


def test_changed_worker_text_that_is_gone_is_an_error() -> None:
    with pytest.raises(ValueError, match="occurs 0 times"):
        changed_worker({worker: ("this text stands nowhere in the worker", "")})


def test_changed_worker_is_a_class_of_its_own() -> None:
    changed = [mutant.worker() for mutant in MUTANTS if mutant.edits]

    assert worker.Worker not in changed
    assert len(set(changed)) == len(changed)


def _first_caught(mutant: Subject) -> tuple[int, tuple[str, ...]] | None:
    """The first seed whose schedule breaks something with the mutant and nothing with the sound parts."""
    changed, sound = mutant.worker(), SOUND.worker()
    for seed in range(MOST_SEEDS):
        plan = plan_of(seed)
        broken = try_plan(plan, mutant, changed).broken
        if broken and not try_plan(plan, SOUND, sound).broken:
            return seed, broken
    return None
