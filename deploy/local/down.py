"""In: the local settings. Out: the parts that `up` started are stopped, within a bound, and nothing else is.

Raises `LocalPartsError` when one does not stop. The data stays unless `delete` is asked for.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

from deploy.local.docker import Containers
from deploy.local.kafka import KafkaBroker
from deploy.local.postgres import PostgresServer
from deploy.local.settings import LocalSettings


def down(settings: LocalSettings, say: Callable[[str], None], *, delete: bool = False) -> None:
    """Stop what runs; calling it again changes nothing."""
    broker = KafkaBroker(settings.run_dir / "kafka")
    server = PostgresServer(settings.run_dir / "postgres")
    containers = Containers(settings)
    say(f"kafka: {'stopped' if broker.stop() else 'not running'}")
    say(f"postgres: {'stopped' if server.stop() else 'not running'}")
    if containers.stop(delete=delete):
        say("containers: removed")
    (settings.run_dir / "env").unlink(missing_ok=True)
    if delete:
        server.delete()
        for name in ("kafka", "postgres"):
            shutil.rmtree(settings.run_dir / name, ignore_errors=True)
        say(f"data in {settings.run_dir}: deleted")
