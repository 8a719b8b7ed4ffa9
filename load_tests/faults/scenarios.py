"""In: a scene. Out: one fault on it, while tickets flow; the moments at which work could go on again are returned.

Every scenario leaves at least one worker running that can finish. They are shared by the tests, which run each once,
and by the soak, which runs them for longer.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

import psycopg

from load_tests.faults.failpoints import MOMENTS
from load_tests.faults.parts import OwnKafka
from load_tests.faults.proxy import TcpProxy, Toxics
from load_tests.faults.scene import Scene
from load_tests.faults.worker_process import WorkerProcess, WorkerTroubleError
from load_tests.messages import Mix

MIXED: Final = Mix(invalid_share=0.01, duplicate_share=0.1, late_share=0.1, seed=1)
"""One in a hundred is no ticket, one in ten was sent before, one in ten is an older revision that comes late."""

STATIC_ID: Final = "one"
"""With a static member id a restarted worker has its partitions back at once."""

_USUAL_BATCH = 256

Moments = list[float]
"""Seconds since 1970."""


def kill_points(seam: str) -> list[str]:
    """A kill before and one after a seam: where a batch is worked on in the second, else at once."""
    number = 2 if seam in ("poll", "write_batch", "read_events", "publish") else 1
    return [f"kill@{moment}:{seam}:{number}" for moment in MOMENTS]


def kill_at_each(scene: Scene, points: Sequence[str], tickets: int, decider: str = "scripted") -> Moments:
    """One worker after the other kills itself at its fail-point; the last one has none."""
    moments = []
    scene.produce(tickets, MIXED)
    for point in points:
        dying = scene.start_worker(fail=[point], decider=decider, kafka_instance_id=STATIC_ID)
        if dying.wait() != -signal.SIGKILL:
            raise WorkerTroubleError(f"{point} was not reached\n{dying.log}")
        moments.append(time.time())
    scene.start_worker(decider=decider, kafka_instance_id=STATIC_ID)
    return moments


def zombie(scene: Scene, point: str, tickets: int) -> WorkerProcess:
    """A worker stops itself at the fail-point, another finishes, the first wakes up; returns it when it has ended."""
    scene.produce(tickets, MIXED)
    sleeper = scene.start_worker(fail=[point])
    sleeper.wait_until_stopped()
    scene.start_worker()
    scene.wait_until_published()
    sleeper.signal(signal.SIGCONT)
    sleeper.wait()
    return sleeper


class Killable(Protocol):
    """A server that can be killed as a crash would, and started again on the same port."""

    def kill(self) -> None: ...
    def start(self) -> str: ...


def server_killed(scene: Scene, server: Killable, tickets: int, kills: int = 1) -> Moments:
    """The broker, or the postmaster, is killed under load and started again."""
    moments = []
    scene.start_worker().wait_for("worker_started")
    with scene.producing(tickets, rate_per_s=200):
        for kill in range(1, kills + 1):
            scene.wait_until_some_published(tickets * kill // (4 * kills))
            server.kill()
            server.start()
            moments.append(time.time())
    return moments


def broker_away(scene: Scene, kafka: OwnKafka, tickets: int, away_s: float, look: Callable[[], None]) -> Moments:
    """The network to the broker is cut, for producer and worker alike; `look` is called about once a second."""
    scene.wait_until_some_published(tickets // 10)
    with kafka.proxy.suffering(Toxics(is_reset=True)):
        ends_s = time.monotonic() + away_s
        while time.monotonic() < ends_s:
            time.sleep(1)
            look()
    return [time.time()]


def backends_terminated(scene: Scene, tickets: int, seconds: float) -> Moments:
    """Every connection of the worker to PostgreSQL is ended by the server, once a second."""
    scene.start_worker().wait_for("worker_started")
    url = scene.settings.database_url.get_secret_value().replace("+psycopg", "", 1)
    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'deskroute'"
    )
    with scene.producing(tickets, rate_per_s=tickets / seconds), psycopg.connect(url, autocommit=True) as connection:
        scene.wait_until_some_published(1)
        ends_s = time.monotonic() + seconds
        ended = 0
        while time.monotonic() < ends_s:
            ended += len(connection.execute(query).fetchall())
            time.sleep(1)
    if not ended:
        raise WorkerTroubleError("the worker had no connection that could be ended")
    return [time.time()]


def network_toxic(scene: Scene, proxy: TcpProxy, toxics: Sequence[Toxics], tickets: int, each_s: float) -> Moments:
    """One toxic after the other, each for so many seconds, with a healthy second in between."""
    moments = []
    with scene.producing(tickets, rate_per_s=tickets / (len(toxics) * each_s)):
        scene.wait_until_some_published(1)
        for toxic in toxics:
            with proxy.suffering(toxic):
                time.sleep(each_s)
            moments.append(time.time())
            time.sleep(1)
    return moments


def shutdowns(scene: Scene, rounds: int, tickets: int, rng: random.Random, longest_s: float = 1.5) -> list[float]:
    """Two workers at a time are asked to stop at random moments under load; returns how many seconds each took."""
    took_s: list[float] = []
    with scene.producing(tickets, rate_per_s=tickets / (3 * rounds)):
        for _ in range(rounds):
            pair = [scene.start_worker(), scene.start_worker()]
            for worker in pair:
                worker.wait_for("worker_started")
            with ThreadPoolExecutor(len(pair)) as stopping:
                took_s += stopping.map(_stop_later, pair, [rng.uniform(0, longest_s) for _ in pair])
    scene.start_worker()
    return took_s


def random_kills(
    scene: Scene, tickets: int, rng: random.Random, gap_s: float, workers: int = 3, decider: str = "scripted"
) -> Moments:
    """Until nine tenths of the tickets are published, one of several workers is killed now and then."""
    moments = []
    scene.produce(tickets, MIXED)

    def start(number: int) -> WorkerProcess:
        return scene.start_worker(decider=decider, kafka_instance_id=str(number), batch_max_tickets=_USUAL_BATCH)

    running = [start(number) for number in range(workers)]
    while scene.published() < 0.9 * tickets:
        time.sleep(rng.uniform(gap_s / 2, gap_s * 1.5))
        number = rng.randrange(workers)
        running[number].kill()
        moments.append(time.time())
        running[number] = start(number)
    return moments


def rebalance_storm(scene: Scene, tickets: int, workers: int, rng: random.Random, seconds: float) -> Moments:
    """Members without a static id leave, die and come all the time, so that partitions move all the time."""
    moments = []
    running = [scene.start_worker() for _ in range(workers)]
    with scene.producing(tickets, rate_per_s=tickets / seconds):
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            time.sleep(rng.uniform(1, 4))
            leaving = running.pop(rng.randrange(len(running)))
            if leaving.exit_status is None:
                leaving.signal(rng.choice((signal.SIGTERM, signal.SIGKILL)))
                leaving.wait()
            moments.append(time.time())
            running.append(scene.start_worker())
    return moments


def _stop_later(worker: WorkerProcess, after_s: float) -> float:
    time.sleep(after_s)
    return worker.stop()
