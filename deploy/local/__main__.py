"""In: `up`, `down` or `install` on the command line. Out: the deed, one line a step, and exit 0 only on success.

Errors are one line on stderr with exit 1; bad usage exits 2.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from deploy.local.down import down
from deploy.local.errors import LocalPartsError, MissingProgramError
from deploy.local.host import install_missing
from deploy.local.jars import resolve_jars
from deploy.local.settings import LocalSettings, read_settings
from service.errors import DeskrouteError


def main() -> int:
    """Run one command."""
    arguments = _parser().parse_args()
    try:
        settings = read_settings(os.environ)
        if arguments.command == "install":
            _install(optional=arguments.optional)
            return 0
        with _lock(settings.run_dir):
            if arguments.command == "down":
                down(settings, print, delete=arguments.delete)
            else:
                _up(settings)
    except (LocalPartsError, DeskrouteError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description="Kafka and PostgreSQL on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start both, create topics and schema, print how to reach them")
    stop = commands.add_parser("down", help="stop both")
    stop.add_argument("--delete", action="store_true", help="delete their data too")
    install = commands.add_parser("install", help="install the programs they need by apt-get, and fetch Kafka's jars")
    install.add_argument("--optional", action="store_true", help="exit 0 where this user cannot install programs")
    return parser


def _up(settings: LocalSettings) -> None:
    from deploy.local.up import up  # it imports the service, and `down` must work while that cannot be imported

    addresses = up(settings, print)
    print(f"\n{addresses.to_exports()}\n# the same lines are in {settings.run_dir / 'env'}")


def _install(*, optional: bool) -> None:
    try:
        print(install_missing())
        print(f"Kafka's jars are in {resolve_jars()}")
    except MissingProgramError as error:
        if not optional:
            raise
        print(f"Kafka and PostgreSQL cannot run here: {error}")


@contextlib.contextmanager
def _lock(run_dir: Path) -> Iterator[None]:
    """Two calls at once on the same folder take turns."""
    run_dir.mkdir(parents=True, exist_ok=True)
    with (run_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
