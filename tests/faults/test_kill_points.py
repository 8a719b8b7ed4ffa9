"""In: a real worker, killed or stopped between two steps. Out: proof that nothing is lost or contradicted."""

from __future__ import annotations

import pytest

from load_tests.faults.failpoints import SEAMS
from load_tests.faults.scenarios import kill_at_each, kill_points, zombie
from load_tests.faults.scene import Scene

pytestmark = pytest.mark.timeout(600)
TICKETS = 400


@pytest.mark.parametrize("seam", SEAMS)
def test_worker_killed_before_and_after_a_seam_loses_nothing_when_it_starts_again(scene: Scene, seam: str) -> None:
    kill_at_each(scene, kill_points(seam), TICKETS)

    report = scene.finish()

    assert report.holds, report
    assert report.counts.acknowledged == TICKETS


@pytest.mark.parametrize("point", ["stop@before:write_batch:2", "stop@before:publish:2"])
def test_worker_stopped_and_replaced_is_fenced_when_it_wakes_up(scene: Scene, point: str) -> None:
    sleeper = zombie(scene, point, TICKETS)

    report = scene.finish()

    assert sleeper.exit_status == 1, sleeper.log
    assert "no longer owned" in sleeper.log
    assert report.holds, report


@pytest.mark.model
def test_worker_with_the_real_model_killed_twice_decides_nothing_twice(scene: Scene) -> None:
    kill_at_each(scene, ["kill@after:write_batch:1", "kill@before:publish:1"], 60, decider="model")

    report = scene.finish()

    assert report.holds, report
    assert report.counts.events >= report.counts.rows > 0
