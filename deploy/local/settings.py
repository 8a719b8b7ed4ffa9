"""In: `DESKROUTE_*` variables. Out: where the local parts live, on which ports, or which existing ones to use.

Raises `LocalPartsError` for a value that cannot be meant.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from deploy.local.errors import LocalPartsError

PROJECT_ROOT: Final = Path(__file__).resolve().parents[2]
DEFAULT_PARTITIONS: Final = 4
_LAST_PORT = 65_535
_MAX_PARTITIONS = 1_000

Way = Literal["auto", "native", "docker"]


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What `make up` and `make down` go by. A port of None means: any free one, kept from one start to the next."""

    run_dir: Path
    kafka_port: int | None
    postgres_port: int | None
    partitions: int
    way: Way
    kafka_bootstrap: str | None = None
    database_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Addresses:
    """How to reach the two parts: `host:port` for `bootstrap_servers`, and a SQLAlchemy URL."""

    kafka_bootstrap: str
    database_url: str = field(repr=False)

    def to_exports(self) -> str:
        """Lines for a shell to source."""
        return (
            f"export DESKROUTE_KAFKA_BOOTSTRAP={shlex.quote(self.kafka_bootstrap)}\n"
            f"export DESKROUTE_DATABASE_URL={shlex.quote(self.database_url)}\n"
        )


def read_settings(environment: Mapping[str, str]) -> LocalSettings:
    """Read the variables; an empty one counts as not set."""
    given = {name: value for name, value in environment.items() if value}
    return LocalSettings(
        run_dir=Path(given.get("DESKROUTE_RUN_DIR", PROJECT_ROOT / ".run")).absolute(),
        kafka_port=_integer(given, "DESKROUTE_KAFKA_PORT", _LAST_PORT),
        postgres_port=_integer(given, "DESKROUTE_POSTGRES_PORT", _LAST_PORT),
        partitions=_integer(given, "DESKROUTE_PARTITIONS", _MAX_PARTITIONS) or DEFAULT_PARTITIONS,
        way=_way(given.get("DESKROUTE_RUN_WITH", "auto")),
        kafka_bootstrap=given.get("DESKROUTE_KAFKA_BOOTSTRAP"),
        database_url=given.get("DESKROUTE_DATABASE_URL"),
    )


def _integer(given: Mapping[str, str], name: str, most: int) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= most):
        raise LocalPartsError(f"{name} must be a whole number from 1 to {most}")
    return int(value)


def _way(value: str) -> Way:
    if value == "auto":
        return "auto"
    if value == "native":
        return "native"
    if value == "docker":
        return "docker"
    raise LocalPartsError("DESKROUTE_RUN_WITH must be auto, native or docker")
