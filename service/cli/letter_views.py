"""In: dead letters. Out: what a person or a program reads of them; only `describe_letter` shows key and headers.

Whatever came from outside is printed without control characters, so that no message can write to a terminal.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from rich.table import Table

from service.errors import InvalidMessageError
from service.replay import Action, Verdict
from service.routing.values import printable
from service.store.letters import LetterState, LetterSummary, StoredLetter

MAX_SHOWN_HEADERS = 50
MAX_SHOWN_BYTES = 300
_MAX_DETAIL_CHARS = 500


def letters_table(letters: Sequence[LetterSummary]) -> Table:
    """One row a letter."""
    table = Table("id", "reason", "stage", "topic/partition/offset", "failed at", "tries", "state", box=None)
    table.add_column("detail", overflow="ellipsis", no_wrap=True)
    for letter in letters:
        table.add_row(
            letter.short_id,
            printable(letter.reason),
            printable(letter.stage),
            f"{letter.topic}/{letter.partition}/{letter.offset}",
            _time(letter.failed_at),
            str(letter.attempts),
            letter.state,
            printable(letter.detail, _MAX_DETAIL_CHARS),
        )
    return table


def letter_json(letter: LetterSummary) -> str:
    """One JSON object on one line."""
    return json.dumps(
        {
            "id": str(letter.id),
            "reason": letter.reason,
            "stage": letter.stage,
            "topic": letter.topic,
            "partition": letter.partition,
            "offset": letter.offset,
            "failed_at": letter.failed_at.isoformat(),
            "attempts": letter.attempts,
            "state": letter.state,
            "replayed_at": letter.replayed_at and letter.replayed_at.isoformat(),
            "dropped_at": letter.dropped_at and letter.dropped_at.isoformat(),
            "service_version": letter.service_version,
            "model_version": letter.model_version,
            "detail": letter.detail,
        }
    )


def describe_letter(letter: StoredLetter, error: InvalidMessageError | None) -> str:
    """Everything about a letter but its value; ``error`` is what this version has against it."""
    about = letter.about
    closed_at = about.replayed_at or about.dropped_at
    rows = [
        ("id", str(about.id)),
        ("state", about.state if closed_at is None else f"{about.state} at {_time(closed_at)}"),
        ("reason", f"{printable(about.reason)}, at stage {printable(about.stage)}"),
        ("detail", printable(about.detail, _MAX_DETAIL_CHARS)),
        ("now", "would be replayed" if error is None else f"still {describe_error(error)}"),
        ("topic", f"{about.topic}, partition {about.partition}, offset {about.offset}"),
        ("failed at", f"{_time(about.failed_at)}, attempts: {about.attempts}"),
        ("versions", f"deskroute {printable(about.service_version)}, model {printable(about.model_version)}"),
        ("key", escaped(letter.key)),
        *(
            ("header", f"{escaped(_name(name))}: {escaped(value)}")
            for name, value in letter.headers[:MAX_SHOWN_HEADERS]
        ),
    ]
    more = len(letter.headers) - MAX_SHOWN_HEADERS
    if more > 0:
        rows.append(("header", f"… and {more} more"))
    if letter.value is None:
        rows.append(("value", "null"))
    else:
        rows.append(("value", f"{len(letter.value)} bytes, sha256 {sha256(letter.value).hexdigest()}"))
    return "\n".join(f"{name + ':':<11}{text}" for name, text in rows)


def describe_error(error: InvalidMessageError) -> str:
    """Reason and detail on one line."""
    return f"{error.reason}: {printable(error.detail, _MAX_DETAIL_CHARS)}"


def describe_verdict(verdict: Verdict) -> str:
    """What a dry run says of a letter."""
    letter = verdict.letter
    why = f"to {letter.topic}" if verdict.error is None else f"still {describe_error(verdict.error)}"
    return f"would {verdict.action} {letter.short_id} ({letter.topic}/{letter.partition}/{letter.offset}): {why}"


def describe_tally(tally: Counter[Action], dry_run: bool) -> str:
    """The last line of a replay."""
    left = tally[Action.LEAVE] + tally[Action.STOP]
    if dry_run:
        return (
            f"{tally[Action.REPLAY]} would be replayed, {left} still invalid (would be left), "
            f"{tally[Action.DROP]} would be dropped"
        )
    return f"{tally[Action.REPLAY]} replayed, {left} still invalid (left), {tally[Action.DROP]} dropped"


def escaped(data: bytes | None) -> str:
    r"""Bytes as one line of printable UTF-8; other bytes are `\xNN`, a backslash is doubled, and long ones are cut."""
    if data is None:
        return "null"
    text = data[:MAX_SHOWN_BYTES].replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    shown = "".join(char if char.isprintable() else _byte_escapes(char) for char in text)
    more = len(data) - MAX_SHOWN_BYTES
    return f"{shown}… and {more} bytes more" if more > 0 else shown


def state_named(name: str) -> LetterState | None:
    """The state of that name; None for `all`."""
    return None if name == "all" else LetterState(name)


def _byte_escapes(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode())


def _name(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")
