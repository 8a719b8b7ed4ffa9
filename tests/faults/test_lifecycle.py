"""In: workers that stop, and positions that are lost. Out: proof that stops are clean and that loss is noticed."""

from __future__ import annotations

import random

import pytest
from kafka import KafkaAdminClient

from deploy.local.topics import create_topics, delete_topics
from load_tests.faults.scenarios import shutdowns
from load_tests.faults.scene import Scene
from load_tests.messages import Mix

pytestmark = pytest.mark.timeout(600)
NOTHING_TWICE = Mix(invalid_share=0.01, late_share=0.1, seed=7)
SHUTDOWN_ROUNDS = 10
"""Of two workers each."""


def test_worker_asked_to_stop_under_load_ends_in_time_with_status_0_twenty_times(scene: Scene) -> None:
    took_s = shutdowns(scene, SHUTDOWN_ROUNDS, tickets=4_000, rng=random.Random(6))  # noqa: S311

    report = scene.finish()

    assert len(took_s) == 2 * SHUTDOWN_ROUNDS
    assert max(took_s) < scene.settings.shutdown_timeout_ms / 1_000 + 5
    assert report.holds, report
    assert report.counts.acknowledged == 4_000


def test_worker_whose_group_offsets_were_deleted_goes_on_from_the_store(scene: Scene) -> None:
    scene.produce(300, NOTHING_TWICE)
    scene.start_worker()
    scene.wait_until_published()
    scene.workers[0].stop()
    scene.produce(300, NOTHING_TWICE)
    with KafkaAdminClient(bootstrap_servers=scene.settings.kafka_bootstrap) as admin:
        admin.delete_groups([scene.settings.kafka_group])
    scene.start_worker()

    report = scene.finish()

    assert report.holds, report
    assert report.counts.duplicate_events == 0


def test_worker_whose_topic_was_recreated_refuses_to_start(scene: Scene) -> None:
    scene.produce(200)
    scene.start_worker()
    scene.wait_until_published()
    scene.workers[0].stop()
    _recreate(scene)
    scene.produce(300)

    worker = scene.start_worker()

    assert worker.wait() == 1, worker.log
    assert "was recreated" in worker.log
    assert scene.published() == 200


def _recreate(scene: Scene) -> None:
    bootstrap, topic = scene.settings.kafka_bootstrap, scene.settings.topic_incoming
    delete_topics(bootstrap, [topic])
    while not create_topics(bootstrap, scene.partitions, {topic: {}}):
        pass
