"""In: the JSON file that `python -m load_tests.peers` writes. Out: how public alternatives did, and deskroute itself.

Raises `ConfigurationError` where the file is not one of these.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from service.errors import ConfigurationError


class PeerFigures(BaseModel):
    """One alternative on one machine, with one thread, the faster of its ways; speeds are by ticket set.

    ``tickets_per_s`` is by the clock on the wall, ``cpu_ms_per_ticket`` depends less on who else uses the machine.

    ``category_macro_f1`` and ``fields_f1`` (micro, by overlap, over ``field_types``) are on the same held-out tickets
    for all; what it does not answer is None. ``load_average`` is the machine's, when it had been timed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    answers: str
    way: str
    tickets_per_s: dict[str, float]
    cpu_ms_per_ticket: dict[str, float]
    category_macro_f1: float | None
    fields_f1: float | None
    field_types: tuple[str, ...]
    held_out_rows: int
    train_rows: int
    train_s: float | None
    threads: int
    machine: str
    load_average: float | None
    measured_at: str
    versions: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return self.model_dump(mode="json")


_FILE = TypeAdapter(list[PeerFigures])


def read_peers(file: Path) -> list[PeerFigures]:
    """All peers of the file, in its order."""
    try:
        return _FILE.validate_json(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"no peers at {file}: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigurationError(f"{file} is no file of load_tests.peers: {where}: {first['msg']}") from error


def write_peers(file: Path, peers: list[PeerFigures]) -> None:
    """Write what `read_peers` reads."""
    file.write_text(json.dumps([peer.to_json() for peer in peers], indent=2) + "\n", encoding="utf-8")
