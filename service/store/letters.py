"""In: which dead letters are meant. Out: those letters, and the note that one was replayed or dropped.

Raises `LetterIdError` for an id that no letter has or that several begin with, and `StoreUnavailableError` while the
database is away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, func, select, tuple_, update

from service.errors import DeskrouteError
from service.store.engine import writing
from service.store.rows import read_headers
from service.store.schema import dead_letters
from service.store.translate import translated_errors

ID_PREFIX = re.compile(r"[0-9a-fA-F-]{1,36}")
SHORT_ID_CHARS = 8

_PAGE_LETTERS = 500
_HEX_DIGITS = 32
_KEY = (dead_letters.c.topic, dead_letters.c.partition, dead_letters.c.offset)
_CONTENT = ("key", "value", "headers")
_ABOUT = [column for column in dead_letters.columns if column.name not in _CONTENT]


class LetterIdError(DeskrouteError):
    """No letter has this id, or more than one begins with it."""


class LetterState(StrEnum):
    """What became of a letter: nothing yet, sent to its topic again, or closed by a person."""

    OPEN = "open"
    REPLAYED = "replayed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which letters are meant; what is None does not matter."""

    reason: str | None = None
    stage: str | None = None
    topic: str | None = None
    since: datetime | None = None
    state: LetterState | None = LetterState.OPEN


@dataclass(frozen=True, slots=True)
class LetterSummary:
    """What is known of a letter, without anything that a customer wrote.

    ``reason`` and ``stage`` are text: a later version of the service may have stored ones that this one does not know.
    """

    id: UUID
    topic: str
    partition: int
    offset: int
    reason: str
    stage: str
    detail: str
    service_version: str
    model_version: str
    failed_at: datetime
    attempts: int
    replayed_at: datetime | None
    dropped_at: datetime | None

    @property
    def short_id(self) -> str:
        """Enough of the id to name the letter among a few thousand."""
        return str(self.id)[:SHORT_ID_CHARS]

    @property
    def state(self) -> LetterState:
        """What became of it."""
        if self.replayed_at is not None:
            return LetterState.REPLAYED
        return LetterState.OPEN if self.dropped_at is None else LetterState.DROPPED


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A letter with its message, as received; a ``value`` of None is Kafka's null."""

    about: LetterSummary
    key: bytes | None = field(repr=False)
    value: bytes | None = field(repr=False)
    headers: tuple[tuple[str, bytes | None], ...] = field(repr=False)


class DeadLetterStore:
    """The letters over an engine of `create_store_engine`. Every method may block on the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing_engine = writing(engine)

    def list(self, wanted: LetterFilter, limit: int) -> tuple[Sequence[LetterSummary], int]:
        """The newest ``limit`` of the wanted letters, newest first, and how many there are in all."""
        newest = (dead_letters.c.failed_at.desc(), *(column.desc() for column in _KEY))
        query = select(*_ABOUT).where(*_conditions(wanted)).order_by(*newest).limit(limit)
        with self._reading() as connection:
            rows = connection.execute(query).mappings().all()
            count = select(func.count()).select_from(dead_letters).where(*_conditions(wanted))
            total = connection.execute(count).scalar_one()
        return [LetterSummary(**row) for row in rows], max(total, len(rows))

    def iterate_ids(self, wanted: LetterFilter) -> Iterator[UUID]:
        """The ids of the wanted letters by topic, partition and offset; letters may be changed meanwhile."""
        query = select(*_KEY, dead_letters.c.id).where(*_conditions(wanted)).order_by(*_KEY).limit(_PAGE_LETTERS)
        page = query
        while True:
            with self._reading() as connection:
                rows = connection.execute(page).all()
            yield from (row.id for row in rows)
            if len(rows) < _PAGE_LETTERS:
                return
            page = query.where(tuple_(*_KEY) > tuple_(*rows[-1][: len(_KEY)]))

    def resolve(self, prefix: str) -> UUID:
        """The whole id that begins with ``prefix``, which `ID_PREFIX` must match; hyphens do not matter."""
        digits = prefix.replace("-", "").lower()
        if not digits or len(digits) > _HEX_DIGITS:
            raise LetterIdError(f"{prefix} is not the beginning of a letter's id")
        between = dead_letters.c.id.between(UUID(digits.ljust(_HEX_DIGITS, "0")), UUID(digits.ljust(_HEX_DIGITS, "f")))
        with self._reading() as connection:
            found = connection.execute(select(dead_letters.c.id).where(between).limit(2)).scalars().all()
        if not found:
            raise LetterIdError(f"there is no dead letter {prefix}")
        if len(found) > 1:
            raise LetterIdError(f"several dead letters begin with {prefix}, among them {found[0]} and {found[1]}")
        only: UUID = found[0]
        return only

    def read(self, letter_id: UUID) -> StoredLetter | None:
        """The letter with its message; None where it was erased."""
        query = select(dead_letters).where(dead_letters.c.id == letter_id)
        with self._reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _stored(row)

    def get(self, letter_id: UUID) -> StoredLetter:
        """The same, for a letter that should be there."""
        letter = self.read(letter_id)
        if letter is None:
            raise LetterIdError(f"there is no dead letter {letter_id} any more")
        return letter

    def mark_replayed(self, letter_id: UUID, at: datetime) -> None:
        """Note that the letter was sent to its topic again."""
        self._mark(letter_id, replayed_at=at, dropped_at=None)

    def mark_dropped(self, letter_id: UUID, at: datetime) -> None:
        """Note that nobody will process the letter."""
        self._mark(letter_id, replayed_at=None, dropped_at=at)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _mark(self, letter_id: UUID, **times: datetime | None) -> None:
        statement = update(dead_letters).where(dead_letters.c.id == letter_id).values(**times)
        with translated_errors(), self._writing_engine.begin() as connection:
            connection.execute(statement)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated_errors(), self._engine.connect() as connection:
            yield connection


def _conditions(wanted: LetterFilter) -> Iterator[ColumnElement[bool]]:
    for column, value in (
        (dead_letters.c.reason, wanted.reason),
        (dead_letters.c.stage, wanted.stage),
        (dead_letters.c.topic, wanted.topic),
    ):
        if value is not None:
            yield column == value
    if wanted.since is not None:
        yield dead_letters.c.failed_at >= wanted.since
    replayed, dropped = dead_letters.c.replayed_at.is_not(None), dead_letters.c.dropped_at.is_not(None)
    if wanted.state is LetterState.REPLAYED:
        yield replayed
    elif wanted.state is not None:
        yield ~replayed
        yield dropped if wanted.state is LetterState.DROPPED else ~dropped


def _stored(row: RowMapping) -> StoredLetter:
    about = LetterSummary(**{name: value for name, value in row.items() if name not in _CONTENT})
    return StoredLetter(about, row["key"], row["value"], read_headers(row["headers"]))
