"""In: findings and numbers. Out: one report, as values for tests, as JSON for programs and as tables for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from rich.console import Console
from rich.table import Table

_SHOWN_FINDINGS = 20

PROMISES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "I1": "every acknowledged record is in the results or in the dead letters; what was erased is in neither",
        "I2": "one row for each distinct revision, and none that no record made",
        "I3": "every row has its event, every copy is the same to the byte and says what the row says",
        "I4": "no event without its row, no letter without its row",
        "I5": "the current ticket is its highest revision",
        "I6": "a reader that drops known ids is left with exactly the rows",
        "I7": "no watermark goes down, unless the database went back",
        "I8": "committed <= published <= stored",
        "I9": "no planted personal data in logs, nor in events outside the fields",
        "I10": "back at work in time",
        "I11": "memory stays flat",
    }
)


class Trouble(StrEnum):
    """What a finding is; the first group is counted in the report."""

    LOST = "lost"
    NOT_REACHED = "not_reached"
    DUPLICATED_ROW = "duplicated_row"
    EVENT_MISSING = "event_missing"

    LOST_BY_BROKER = "lost_by_broker"
    ROW_AND_LETTER = "row_and_letter"
    NOT_ERASED = "not_erased"
    INVALID_DECIDED = "invalid_decided"
    LETTER_ALTERED = "letter_altered"
    ROW_OF_NO_RECORD = "row_of_no_record"
    ROW_CONTRADICTS_RECORD = "row_contradicts_record"
    COPIES_DIFFER = "copies_differ"
    EVENT_CONTRADICTS_ROW = "event_contradicts_row"
    LETTER_MISSING = "letter_missing"
    EVENT_WITHOUT_ROW = "event_without_row"
    LETTER_WITHOUT_ROW = "letter_without_row"
    NOT_FOR_REVIEW = "not_for_review"
    UNREADABLE = "unreadable"
    CURRENT_WRONG = "current_wrong"
    READER_DIFFERS = "reader_differs"
    WENT_DOWN = "went_down"
    OUT_OF_ORDER = "out_of_order"
    PLANT_FOUND = "plant_found"
    STALLED = "stalled"
    GREW = "grew"


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation; ``what`` holds ids, coordinates and numbers, never text of a ticket."""

    trouble: Trouble
    what: str


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of a run; records, rows and events each, seconds where it says so.

    Allowed, and counted here only: ``duplicate_events``, copies of an event beyond the first; ``unacknowledged_rows``,
    rows of records that are on the input topic but not in the journal; ``other_rows``, rows that came from no topic;
    ``shortened_letters``, too large to be published whole; ``waiting``, records that the worker has not stored yet.
    """

    acknowledged: int = 0
    revisions: int = 0
    erased: int = 0
    rows: int = 0
    dead_letters: int = 0
    events: int = 0
    lost: int = 0
    not_reached: int = 0
    duplicated_rows: int = 0
    events_missing: int = 0
    duplicate_events: int = 0
    unacknowledged_rows: int = 0
    other_rows: int = 0
    shortened_letters: int = 0
    waiting: int = 0
    stalled_s: float | None = None
    partition_stalled_s: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The findings of each invariant; one that nothing was given for stands in ``not_checked`` and says why."""

    findings: Mapping[str, tuple[Finding, ...]]
    not_checked: Mapping[str, str]
    counts: Counts

    @property
    def violated(self) -> tuple[str, ...]:
        """The invariants that do not hold."""
        return tuple(invariant for invariant, found in self.findings.items() if found)

    @property
    def holds(self) -> bool:
        """Whether everything that was checked holds."""
        return not self.violated

    def to_json(self) -> dict[str, Any]:
        """The report as one JSON object."""
        return {
            "holds": self.holds,
            "violated": list(self.violated),
            "counts": asdict(self.counts),
            "findings": {name: [asdict(one) for one in found] for name, found in self.findings.items()},
            "not_checked": dict(self.not_checked),
        }


def print_report(report: Report, console: Console) -> None:
    """One line an invariant, the first findings of each that is violated, and the numbers."""
    table = Table("", "promise", "state")
    for invariant, promise in PROMISES.items():
        table.add_row(invariant, promise, _state(report, invariant))
    console.print(table)
    for invariant in report.violated:
        _print_findings(invariant, report.findings[invariant], console)
    numbers = Table("number", "value")
    for name, value in asdict(report.counts).items():
        numbers.add_row(name.replace("_", " "), "not measured" if value is None else f"{value:,}")
    console.print(numbers)


def _state(report: Report, invariant: str) -> str:
    if invariant in report.not_checked:
        return f"not checked: {report.not_checked[invariant]}"
    found = report.findings[invariant]
    kinds = Counter(one.trouble.value for one in found)
    return "VIOLATED: " + ", ".join(f"{number} {kind}" for kind, number in kinds.items()) if found else "holds"


def _print_findings(invariant: str, found: Sequence[Finding], console: Console) -> None:
    for one in found[:_SHOWN_FINDINGS]:
        console.print(f"{invariant} {one.trouble.value}: {one.what}")
    if len(found) > _SHOWN_FINDINGS:
        console.print(f"{invariant} … and {len(found) - _SHOWN_FINDINGS} more")
