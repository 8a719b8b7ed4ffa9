"""In: planted strings, log files and events. Out: which plants occur where no customer's words may be (I9).

A plant is looked for as it is, as JSON or Python would escape it, and in percent-encoding, whatever the case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from load_tests.oracle.observed import Published
from load_tests.oracle.report import Finding, Trouble
from load_tests.oracle.rows import name_place
from service.store.values import Coordinates

_QUOTING_FIELD_KEYS = ("value", "normalized")


class Plants:
    """Planted strings. Findings name them by number, counted from 1, since a report is no place for them either."""

    def __init__(self, planted: Sequence[str]) -> None:
        self._spellings = [_spellings(one) for one in planted]

    def find(self, text: str) -> tuple[int, ...]:
        """The numbers of the plants that occur in the text."""
        folded = text.casefold()
        return tuple(
            number
            for number, spellings in enumerate(self._spellings, 1)
            if any(spelling in folded for spelling in spellings)
        )

    def find_in_event(self, event: Mapping[str, Any]) -> tuple[int, ...]:
        """The numbers of the plants that occur in an event outside `data.fields[].value` and `.normalized`.

        There they may: the contract says that a result's fields quote the ticket.
        """
        return self.find(json.dumps(_without_quotes(event), ensure_ascii=False)) if self._spellings else ()


def read_plants(file: Path) -> tuple[str, ...]:
    """One string a line; empty lines do not count."""
    return tuple(line for line in file.read_text(encoding="utf-8").splitlines() if line.strip())


def check_logs(plants: Plants, logs: Sequence[Path]) -> list[Finding]:
    """I9, logs: no plant occurs in any line."""
    findings = []
    for log in logs:
        with log.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                findings += [
                    Finding(Trouble.PLANT_FOUND, f"plant {plant} in {log.name}, line {number}")
                    for plant in plants.find(line)
                ]
    return findings


def check_published(published: Published) -> list[Finding]:
    """I9, events: no plant occurs in an event outside the fields, in its key or headers, or in what a letter says.

    A dead letter itself holds the message as received, by contract.
    """
    copies: list[tuple[Coordinates, tuple[int, ...]]] = [
        (copy.at, copy.plants) for copy in (*published.routed, *published.review)
    ]
    copies += [(letter.at, letter.plants) for letter in published.letters]
    return [
        Finding(Trouble.PLANT_FOUND, f"plant {plant} in {name_place(at)}") for at, found in copies for plant in found
    ]


def _spellings(planted: str) -> frozenset[str]:
    plain = (
        planted,
        json.dumps(planted)[1:-1],
        json.dumps(planted, ensure_ascii=False)[1:-1],
        repr(planted)[1:-1],
        repr(planted.encode("utf-8", "surrogatepass"))[2:-1],
        quote(planted, errors="surrogatepass"),
    )
    # A log line is JSON that may hold JSON: escaped once more.
    return frozenset(spelling.casefold() for one in plain for spelling in (one, json.dumps(one)[1:-1]))


def _without_quotes(event: Mapping[str, Any]) -> dict[str, Any]:
    data = event.get("data")
    fields = data.get("fields") if isinstance(data, dict) else None
    if not isinstance(fields, list):
        return dict(event)
    bare = [
        {name: value for name, value in one.items() if name not in _QUOTING_FIELD_KEYS}
        if isinstance(one, dict)
        else one
        for one in fields
    ]
    return {**event, "data": {**data, "fields": bare}} if isinstance(data, dict) else dict(event)
