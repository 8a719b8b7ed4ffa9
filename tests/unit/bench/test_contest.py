"""In: a few tickets and a model with one tier or two. Out: times of everyone, and answers that agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.bench.contest import hold_contest, open_contestants
from service.bench.stages import MODEL_STAGE, measure_stages
from service.bench.texts import read_ticket_sets
from service.bundled import default_model_folder
from service.clocks import Clocks
from service.inference.tier import EngineSettings
from service.normalize import normalize
from service.settings import Settings
from service.wiring import build_decider
from tests.unit.inference.test_cascade import ALWAYS, HEADS, write_folder

pytestmark = pytest.mark.model
(SAMPLE,) = read_ticket_sets(None, 6, 0)
TEXTS = [normalize(ticket.subject, ticket.body) for ticket in SAMPLE.tickets]


@pytest.fixture
def two_tiers(tmp_path: Path) -> Path:
    """A model whose fast tier is its own graph, and always sure."""
    return write_folder(tmp_path, dict.fromkeys(HEADS, ALWAYS))


def test_contest_of_a_model_with_one_tier_compares_equal_answers() -> None:
    contestants = open_contestants(default_model_folder(), EngineSettings(fast_tier=False))

    contest = hold_contest(contestants, TEXTS, rounds=1)

    assert contest.largest_difference <= 1e-4
    assert contest.full.cpu_s > 0
    assert contest.naive_service.cpu_s > 2 * min(contest.per_message.cpu_s, contest.padded.cpu_s)
    assert contest.tokens > len(TEXTS)


def test_contest_of_a_model_with_two_tiers_times_both(two_tiers: Path) -> None:
    contestants = open_contestants(two_tiers, EngineSettings())

    contest = hold_contest(contestants, TEXTS, rounds=1)

    assert set(contest.fast_share.values()) == {1.0}
    assert contest.cascade != contest.full
    # The full tier alone is what is compared with the naive order, whatever the fast tier says.
    assert contest.largest_difference <= 1e-4


def test_stages_of_the_pipeline_are_all_measured_and_the_model_takes_the_most(two_tiers: Path) -> None:
    engine = open_contestants(two_tiers, EngineSettings()).cascade
    decider = build_decider(Settings(model_dir=two_tiers), Clocks(), engine)

    stages = measure_stages(engine, decider, SAMPLE)

    assert max(stages, key=lambda name: stages[name]) == MODEL_STAGE
    assert {"decode", "normalize", "tokenize", "around_model", "fields", "conclude", "store"} <= set(stages)
    assert all(cpu_us >= 0 for cpu_us in stages.values())
