"""In: a real worker, and a broker, a database or a network that fails. Out: proof that it waits and loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.process import LOOPBACK
from load_tests.faults.parts import OwnKafka, OwnPostgres, free_ports, is_ready
from load_tests.faults.proxy import Toxics
from load_tests.faults.scenarios import (
    backends_terminated,
    broker_away,
    network_toxic,
    server_killed,
)
from load_tests.faults.scene import Place, Scene, open_scene

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(600)]
TICKETS = 1_000
NOTICED_AFTER_S = 10
"""An idle worker asks its neighbours after 5 s, and gives them 5 s to answer."""
MEMORY_MARGIN_BYTES = 100 * 1_024 * 1_024
TOXICS = (
    Toxics(is_reset=True),
    Toxics(is_half_open=True),
    Toxics(slice_bytes=32),
    Toxics(latency_s=0.1),
)


def test_worker_waits_while_the_postmaster_is_killed_and_started_again(
    kafka_bootstrap: str, postgres: OwnPostgres, faults_folder: Path
) -> None:
    with open_scene(Place(kafka_bootstrap, postgres.url, faults_folder / "postgres-killed")) as scene:
        scene.sample()
        server_killed(scene, postgres.server, TICKETS)

        report = scene.finish()

    assert report.holds, report
    assert report.counts.acknowledged == TICKETS
    assert "StoreUnavailableError" in scene.workers[0].log


def test_worker_waits_while_the_broker_is_killed_and_started_again(
    kafka: OwnKafka, postgres_url: str, faults_folder: Path
) -> None:
    with open_scene(Place(kafka.bootstrap, postgres_url, faults_folder / "broker-killed")) as scene:
        scene.sample()
        server_killed(scene, kafka.broker, TICKETS)

        report = scene.finish()

    assert report.holds, report
    assert report.counts.acknowledged == TICKETS


def test_worker_whose_database_connections_end_every_second_goes_on(scene: Scene) -> None:
    scene.sample()
    backends_terminated(scene, TICKETS, seconds=5)

    report = scene.finish()

    assert report.holds, report


def test_worker_on_a_bad_network_to_postgres_loses_nothing(
    kafka_bootstrap: str, postgres: OwnPostgres, faults_folder: Path
) -> None:
    with open_scene(Place(kafka_bootstrap, postgres.url, faults_folder / "postgres-toxic")) as scene:
        through_proxy = postgres.proxied(scene.settings.database_url.get_secret_value())
        scene.start_worker(database_url=through_proxy)
        network_toxic(scene, postgres.proxy, TOXICS, TICKETS, each_s=2)

        report = scene.finish()

    assert report.holds, report


def test_worker_on_a_bad_network_to_kafka_loses_nothing(
    kafka: OwnKafka, postgres_url: str, faults_folder: Path
) -> None:
    with open_scene(Place(kafka.bootstrap, postgres_url, faults_folder / "kafka-toxic")) as scene:
        scene.start_worker()
        network_toxic(scene, kafka.proxy, TOXICS, TICKETS, each_s=2)

        report = scene.finish()

    assert report.holds, report


def test_worker_whose_events_are_swallowed_for_longer_than_it_waits_publishes_them_afterwards(
    kafka: OwnKafka, postgres_url: str, faults_folder: Path
) -> None:
    with open_scene(Place(kafka.bootstrap, postgres_url, faults_folder / "kafka-half-open")) as scene:
        worker = scene.start_worker(publish_timeout_ms=3_000)
        network_toxic(scene, kafka.proxy, [Toxics(is_half_open=True)] * 2, TICKETS, each_s=5)

        report = scene.finish()

    assert "holding" in worker.log
    assert report.holds, report


def test_worker_without_a_broker_is_not_ready_keeps_its_memory_and_catches_up(
    kafka: OwnKafka, postgres_url: str, faults_folder: Path
) -> None:
    port = free_ports(1)[0]
    said: list[bool] = []
    sizes: list[int] = []
    with open_scene(Place(kafka.bootstrap, postgres_url, faults_folder / "broker-away")) as scene:
        worker = scene.start_worker(health_host=LOOPBACK, health_port=port, publish_timeout_ms=4_000)

        def look() -> None:
            said.append(is_ready(port))
            sizes.append(worker.rss_bytes)

        with scene.producing(TICKETS, rate_per_s=100):
            scene.wait_until_some_published(TICKETS // 20)
            before_bytes = worker.rss_bytes
            was_ready = is_ready(port)
            broker_away(scene, kafka, TICKETS, away_s=NOTICED_AFTER_S + 8, look=look)
        scene.wait_until_published()
        was_ready_again = is_ready(port)
        report = scene.finish()

    assert was_ready
    assert not any(said[-5:])
    assert was_ready_again
    assert max(sizes) < before_bytes + MEMORY_MARGIN_BYTES
    assert report.holds, report
    assert report.counts.acknowledged == TICKETS
