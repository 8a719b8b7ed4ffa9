"""In: a machine that allows it. Out: a database on a disk that fills up, and three brokers of which a leader dies.

Raises `NotPossibleError`, with the reason, where the machine does not allow it.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kafka import KafkaAdminClient

from deploy.local.errors import LocalPartsError
from deploy.local.kafka import KafkaBroker
from deploy.local.postgres import PostgresServer
from deploy.local.process import wait_until
from load_tests.faults.parts import fresh_folder
from load_tests.faults.scenarios import Moments
from load_tests.faults.scene import Scene
from load_tests.faults.worker_process import WorkerTroubleError

_DISK_BYTES = 256 * 1_024 * 1_024
_CHUNK_BYTES = 64 * 1_024
_BALLAST = "ballast"
_START_LIMIT_S = 60.0


class NotPossibleError(Exception):
    """This machine does not allow it."""


@contextmanager
def small_disk() -> Iterator[Path]:
    """A folder on a tmpfs of 256 MiB."""
    with fresh_folder() as parent:
        folder = parent / "disk"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES},mode=0711", "tmpfs", str(folder)]
        try:
            mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise NotPossibleError(f"mount: {error}") from error
        if mounted.returncode != 0:
            raise NotPossibleError(mounted.stderr.strip() or "mount failed")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)


def disk_full(scene: Scene, server: PostgresServer, disk: Path, tickets: int, seconds: float) -> Moments:
    """The database's disk is full for a while under load; PostgreSQL may end over it and is then started again."""
    worker = scene.start_worker()
    worker.wait_for("worker_started")
    ballast = disk / _BALLAST
    with scene.producing(tickets, rate_per_s=tickets / (2 * seconds)):
        scene.wait_until_some_published(tickets // 10)
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            _fill(ballast)
            time.sleep(0.2)
        ballast.unlink()
        if not wait_until(lambda: _starts(server), limit_s=_START_LIMIT_S):
            raise WorkerTroubleError("PostgreSQL does not start again on a disk with room")
        back_s = time.time()
    if "StoreUnavailableError" not in worker.log:
        raise WorkerTroubleError("the worker never noticed the full disk")
    return [back_s]


def leader_killed(scene: Scene, nodes: Sequence[KafkaBroker], tickets: int, kills: int) -> Moments:
    """The broker that leads an input partition is killed under load, and comes back while another leads."""
    moments = []
    scene.start_worker().wait_for("worker_started")
    with scene.producing(tickets, rate_per_s=100):
        for kill in range(1, kills + 1):
            scene.wait_until_some_published(tickets * kill // (4 * kills))
            node = nodes[_leader(scene) - 1]
            node.kill()
            moments.append(time.time())
            time.sleep(10)
            node.start()
            time.sleep(10)
    return moments


def _leader(scene: Scene) -> int:
    with KafkaAdminClient(bootstrap_servers=scene.settings.kafka_bootstrap.split(",")) as admin:
        described = admin.describe_topics([scene.settings.topic_incoming])
    return int(described[0]["partitions"][0]["leader_id"])


def _starts(server: PostgresServer) -> bool:
    try:
        server.start()
    except LocalPartsError:
        return False
    return True


def _fill(file: Path) -> None:
    """Write until nothing more fits."""
    with file.open("ab", buffering=0) as out:
        try:
            while True:
                out.write(os.urandom(_CHUNK_BYTES))
        except OSError:
            return
