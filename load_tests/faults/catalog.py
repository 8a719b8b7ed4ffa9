"""In: a ground to run on. Out: every fault of the soak under its name, each a generator of judged runs.

Raises `WorkerTroubleError` where a worker does not do what it is waited for, and `NotPossibleError` where this machine
does not allow the fault.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from deploy.local.process import LOOPBACK
from load_tests.faults import extremes, scenarios
from load_tests.faults.failpoints import SEAMS
from load_tests.faults.parts import OwnKafka, OwnPostgres, free_ports, is_ready, own_cluster, own_postgres
from load_tests.faults.proxy import Toxics
from load_tests.faults.recovery import worst_recovery_s
from load_tests.faults.scene import Place, Scene, open_scene
from load_tests.faults.worker_process import WorkerTroubleError
from load_tests.messages import Mix
from load_tests.oracle.report import Report
from load_tests.oracle.samples import read_samples

_TOXICS = (
    Toxics(is_reset=True),
    Toxics(is_half_open=True),
    Toxics(slice_bytes=32),
    Toxics(latency_s=0.1),
    Toxics(bytes_per_s=100_000),
)
_MEMORY_MARGIN_BYTES = 100 * 1_024 * 1_024


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything; ``tickets`` go through the random kills, other faults take ``tickets_each``."""

    rounds: int
    tickets: int
    model_tickets: int
    tickets_each: int
    away_minutes: float


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a fault came to."""

    report: Report
    recovery_s: float | None


class Ground:
    """A broker and a database server for all faults, and the scenes on them."""

    def __init__(self, plan: Plan, folder: Path, kafka: OwnKafka, postgres: OwnPostgres) -> None:
        self.plan, self.folder, self.kafka, self.postgres = plan, folder, kafka, postgres
        self._numbers = count(1)

    @contextmanager
    def scene(
        self, partitions: int = 4, bootstrap: str | None = None, server_url: str | None = None
    ) -> Iterator[Scene]:
        """A sampled scene, on this ground's parts where no others are given."""
        folder = self.folder / f"scene-{next(self._numbers)}"
        place = Place(bootstrap or self.kafka.bootstrap, server_url or self.postgres.url, folder, partitions)
        with open_scene(place) as scene:
            scene.sample()
            yield scene


Fault = Callable[[Ground, random.Random], Iterator[Run]]


def _finish(scene: Scene, moments: Sequence[float] = (), *, each_partition: bool = False, limit_s: float = 600) -> Run:
    report = scene.finish(limit_s)
    return Run(report, worst_recovery_s(read_samples(scene.samples_file), moments, each_partition=each_partition))


def _kills_at_fail_points(ground: Ground, _: random.Random) -> Iterator[Run]:
    for seam in SEAMS:
        with ground.scene() as scene:
            yield _finish(scene, scenarios.kill_at_each(scene, scenarios.kill_points(seam), ground.plan.tickets_each))


def _zombies(ground: Ground, _: random.Random) -> Iterator[Run]:
    for point in ("stop@before:write_batch:2", "stop@before:publish:2"):
        with ground.scene() as scene:
            sleeper = scenarios.zombie(scene, point, ground.plan.tickets_each)
            if sleeper.exit_status != 1:
                raise WorkerTroubleError(f"a zombie ended with {sleeper.exit_status}\n{sleeper.log[-2_000:]}")
            yield _finish(scene)


def _postmaster_killed(ground: Ground, _: random.Random) -> Iterator[Run]:
    with ground.scene() as scene:
        yield _finish(scene, scenarios.server_killed(scene, ground.postgres.server, ground.plan.tickets_each, 3))


def _broker_killed(ground: Ground, _: random.Random) -> Iterator[Run]:
    with ground.scene() as scene:
        yield _finish(scene, scenarios.server_killed(scene, ground.kafka.broker, ground.plan.tickets_each, 3))


def _backends_terminated(ground: Ground, _: random.Random) -> Iterator[Run]:
    with ground.scene() as scene:
        yield _finish(scene, scenarios.backends_terminated(scene, ground.plan.tickets_each, seconds=20))


def _bad_network_to_postgres(ground: Ground, _: random.Random) -> Iterator[Run]:
    with ground.scene() as scene:
        url = ground.postgres.proxied(scene.settings.database_url.get_secret_value())
        scene.start_worker(database_url=url)
        moments = scenarios.network_toxic(scene, ground.postgres.proxy, _TOXICS, ground.plan.tickets_each, each_s=5)
        yield _finish(scene, moments)


def _bad_network_to_kafka(ground: Ground, _: random.Random) -> Iterator[Run]:
    with ground.scene() as scene:
        scene.start_worker()
        moments = scenarios.network_toxic(scene, ground.kafka.proxy, _TOXICS, ground.plan.tickets_each, each_s=5)
        yield _finish(scene, moments)


def _broker_away(ground: Ground, _: random.Random) -> Iterator[Run]:
    away_s = ground.plan.away_minutes * 60
    tickets = int(100 * away_s)
    looks: list[bool] = []
    sizes: list[int] = []
    with ground.scene() as scene:
        scene.produce(tickets)
        port = free_ports(1)[0]
        worker = scene.start_worker(health_host=LOOPBACK, health_port=port)

        def look() -> None:
            looks.append(is_ready(port))
            sizes.append(worker.rss_bytes)

        moments = scenarios.broker_away(scene, ground.kafka, tickets, away_s, look)
        if any(looks[len(looks) // 2 :]):
            raise WorkerTroubleError("a worker said it was ready while its broker was away")
        if max(sizes) > sizes[0] + _MEMORY_MARGIN_BYTES:
            raise WorkerTroubleError(f"memory grew from {sizes[0]:,} to {max(sizes):,} bytes while the broker was away")
        yield _finish(scene, moments)


def _shutdowns(ground: Ground, rng: random.Random) -> Iterator[Run]:
    with ground.scene() as scene:
        scenarios.shutdowns(scene, rounds=10, tickets=ground.plan.tickets_each, rng=rng)
        yield _finish(scene)


def _poison(ground: Ground, rng: random.Random) -> Iterator[Run]:
    with ground.scene() as scene:
        scene.produce(ground.plan.tickets_each, Mix(0.01, 0.3, 0.3, seed=rng.randrange(1_000)))
        scene.start_worker()
        yield _finish(scene)


def _rebalance_storm(ground: Ground, rng: random.Random) -> Iterator[Run]:
    with ground.scene(partitions=12) as scene:
        moments = scenarios.rebalance_storm(scene, ground.plan.tickets_each * 3, 3, rng, seconds=60)
        yield _finish(scene, moments, each_partition=True)


def _random_kills(ground: Ground, rng: random.Random) -> Iterator[Run]:
    with ground.scene(partitions=12) as scene:
        moments = scenarios.random_kills(scene, ground.plan.tickets, rng, gap_s=5)
        yield _finish(scene, moments, limit_s=3_600)


def _random_kills_with_the_model(ground: Ground, rng: random.Random) -> Iterator[Run]:
    with ground.scene(partitions=12) as scene:
        moments = scenarios.random_kills(scene, ground.plan.model_tickets, rng, gap_s=15, decider="model")
        yield _finish(scene, moments, limit_s=3_600)


def _disk_full(ground: Ground, _: random.Random) -> Iterator[Run]:
    with extremes.small_disk() as disk, own_postgres(disk) as postgres, ground.scene(server_url=postgres.url) as scene:
        moments = extremes.disk_full(scene, postgres.server, disk, ground.plan.tickets_each, seconds=10)
        yield _finish(scene, moments)


def _leader_killed(ground: Ground, _: random.Random) -> Iterator[Run]:
    with own_cluster() as nodes:
        bootstrap = ",".join(str(node.address) for node in nodes)
        with ground.scene(bootstrap=bootstrap) as scene:
            yield _finish(scene, extremes.leader_killed(scene, nodes, ground.plan.tickets_each, kills=2))


FAULTS: Final[dict[str, Fault]] = {
    "worker killed (SIGKILL) before and after each seam": _kills_at_fail_points,
    "worker stopped, replaced, woken up (zombie)": _zombies,
    "PostgreSQL's postmaster killed under load": _postmaster_killed,
    "PostgreSQL's disk full": _disk_full,
    "database connections ended every second": _backends_terminated,
    "bad network to PostgreSQL": _bad_network_to_postgres,
    "broker killed under load": _broker_killed,
    "bad network to Kafka": _bad_network_to_kafka,
    "three brokers, leader killed": _leader_killed,
    "broker away": _broker_away,
    "workers stopped (SIGTERM) under load, 20 a round": _shutdowns,
    "poison, duplicates and late revisions": _poison,
    "rebalance storm, three workers on 12 partitions": _rebalance_storm,
    "random SIGKILL of three workers": _random_kills,
    "random SIGKILL of three workers, real model": _random_kills_with_the_model,
}
LONG: Final = ("broker away", "random SIGKILL of three workers", "random SIGKILL of three workers, real model")
"""These take so many tickets, or so long, that one round is enough."""
