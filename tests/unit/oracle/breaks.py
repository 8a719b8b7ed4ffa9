"""In: a run in which every promise was kept. Out: the same run with one thing broken, each way that it can break."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from load_tests.oracle.observed import Inputs, Marks
from load_tests.oracle.report import Trouble
from load_tests.oracle.samples import MemorySample
from service.store.values import Coordinates
from tests.unit.oracle.world import (
    BROKEN,
    CORRECTED_ROW,
    INPUT,
    JOURNAL,
    LATE_ROW,
    LETTERS,
    MIB,
    NEW,
    NEW_ROW,
    POISON,
    ROWS,
    SAME_TIME_ROW,
    WORLD,
    World,
    broker_sample,
    event_of,
    row_of,
    store_sample,
)

_ROUTED, _REVIEW, _DEAD = WORLD.published.routed, WORLD.published.review, WORLD.published.letters
NOWHERE = Coordinates(INPUT.topic, INPUT.partition, 99)


def _without_row(world: World, gone: object) -> World:
    return world.with_stored(rows=tuple(row for row in world.stored.rows if row != gone))


def with_row(world: World, **changes: object) -> World:
    extra = replace(NEW_ROW, **{"revision": 1_001, "event_id": "id extra"} | changes)  # type: ignore[arg-type]
    routed = (*_ROUTED, event_of(extra, "routed", 9))
    return world.with_stored(rows=(*ROWS, extra)).with_published(routed=routed)


def _with_event(world: World, **changes: object) -> World:
    """The same with its first event changed in every copy, or only in the first where a value differs."""
    return world.with_published(routed=(replace(_ROUTED[0], **changes), *_ROUTED[1:]))  # type: ignore[arg-type]


BREAKS: dict[str, tuple[Callable[[World], World], dict[str, set[Trouble]]]] = {
    "a row is deleted": (
        lambda world: _without_row(world, NEW_ROW),
        {"I1": {Trouble.LOST}, "I4": {Trouble.EVENT_WITHOUT_ROW}, "I6": {Trouble.READER_DIFFERS}},
    ),
    "one of two contents of the same time has no row": (
        lambda world: _without_row(world, SAME_TIME_ROW),
        {"I1": {Trouble.LOST}, "I4": {Trouble.EVENT_WITHOUT_ROW}, "I6": {Trouble.READER_DIFFERS}},
    ),
    "a correction has no row": (
        lambda world: _without_row(world, CORRECTED_ROW).with_stored(current={("default", "t-1"): 1_000}),
        {"I1": {Trouble.LOST}, "I4": {Trouble.EVENT_WITHOUT_ROW}, "I6": {Trouble.READER_DIFFERS}},
    ),
    "the worker has not come to a record": (
        lambda world: replace(
            world.with_stored(marks={INPUT: Marks(8, 8, 8, 9)}).with_stored(rows=ROWS[:3]),
            published=replace(world.published, routed=(*_ROUTED[:3], *_ROUTED[4:])),
        ),
        {"I1": {Trouble.NOT_REACHED}},
    ),
    "an invalid message has no letter": (
        lambda world: world.with_stored(letters=LETTERS[1:]),
        {"I1": {Trouble.LOST}, "I4": {Trouble.LETTER_WITHOUT_ROW}},
    ),
    "a letter was replayed and nothing came of it": (
        lambda world: world.with_stored(letters=(LETTERS[0], replace(LETTERS[1], is_replayed=True))),
        {"I1": {Trouble.LOST}},
    ),
    "a letter holds other bytes than the record": (
        lambda world: world.with_stored(letters=(replace(LETTERS[0], content=NEW.content), LETTERS[1])),
        {"I1": {Trouble.LETTER_ALTERED}, "I3": {Trouble.LETTER_ALTERED}},
    ),
    "a record is in the results and in the dead letters": (
        lambda world: replace(
            world.with_stored(
                rows=(*ROWS, row_of(POISON)), current={("default", "t-1"): 2_000, ("default", "t-3"): 1_000}
            ),
            published=replace(world.published, routed=(*_ROUTED, event_of(row_of(POISON), "routed", 9))),
        ),
        {"I1": {Trouble.ROW_AND_LETTER}},
    ),
    "an invalid message has a row": (
        lambda world: with_row(world, at=BROKEN.at, content_digest="other"),
        {"I1": {Trouble.INVALID_DECIDED}},
    ),
    "what was erased has a row": (
        lambda world: replace(
            world.with_stored(
                rows=(*ROWS, row_of(JOURNAL[5])), current={("default", "t-1"): 2_000, ("default", "t-4"): 1_000}
            )
        ),
        {"I1": {Trouble.NOT_ERASED}},
    ),
    "a tombstone was not carried out": (
        lambda world: world.with_stored(suppressions=()),
        {"I1": {Trouble.LOST}, "I4": {Trouble.EVENT_WITHOUT_ROW}, "I6": {Trouble.READER_DIFFERS}},
    ),
    "the broker lost a record that it acknowledged": (
        lambda world: replace(
            world,
            inputs=Inputs({at: what for at, what in world.inputs.contents.items() if at != NEW.at}, {INPUT: 0}),
        ),
        {"I1": {Trouble.LOST_BY_BROKER}},
    ),
    "the same content has two rows": (
        lambda world: with_row(world),
        {"I2": {Trouble.DUPLICATED_ROW}},
    ),
    "a row names a record that does not exist": (
        lambda world: with_row(world, at=NOWHERE, content_digest="other"),
        {"I2": {Trouble.ROW_OF_NO_RECORD}},
    ),
    "a row says another time than its record": (
        lambda world: with_row(world, revised_us=1_001),
        {"I2": {Trouble.ROW_CONTRADICTS_RECORD}},
    ),
    "an event is missing": (
        lambda world: world.with_published(routed=(*_ROUTED[:3], *_ROUTED[4:])),
        {"I3": {Trouble.EVENT_MISSING}, "I6": {Trouble.READER_DIFFERS}},
    ),
    "a ticket for review is not on the review topic": (
        lambda world: world.with_published(review=()),
        {"I3": {Trouble.EVENT_MISSING}},
    ),
    "two copies of an event differ": (
        lambda world: _with_event(world, value_sha256="other"),
        {"I3": {Trouble.COPIES_DIFFER}},
    ),
    "an event says another thing than its row": (
        lambda world: _with_event(world, data_sha256="other"),
        {"I3": {Trouble.EVENT_CONTRADICTS_ROW}},
    ),
    "an event has another ticket's key": (
        lambda world: _with_event(world, record_key="default/other"),
        {"I3": {Trouble.EVENT_CONTRADICTS_ROW}},
    ),
    "a letter is not on its topic": (
        lambda world: world.with_published(letters=_DEAD[1:]),
        {"I3": {Trouble.LETTER_MISSING}},
    ),
    "a published letter has other headers": (
        lambda world: world.with_published(letters=(replace(_DEAD[0], headers_sha256="other"), _DEAD[1])),
        {"I3": {Trouble.LETTER_ALTERED}},
    ),
    "a row that needs no review is on the review topic": (
        lambda world: world.with_published(review=(*_REVIEW, event_of(NEW_ROW, "review", 1))),
        {"I4": {Trouble.NOT_FOR_REVIEW}},
    ),
    "a record on an output topic is no event": (
        lambda world: world.with_published(unreadable=(Coordinates("routed", 0, 9),)),
        {"I4": {Trouble.UNREADABLE}},
    ),
    "an older revision is the current one": (
        lambda world: world.with_stored(current={("default", "t-1"): 1_000}),
        {"I5": {Trouble.CURRENT_WRONG}},
    ),
    "a ticket without rows has a current one": (
        lambda world: world.with_stored(current={("default", "t-1"): 2_000, ("default", "t-9"): 1}),
        {"I5": {Trouble.CURRENT_WRONG}},
    ),
    "the copies of an event have different ids": (
        lambda world: _with_event(world, event_id="id other"),
        {"I3": {Trouble.EVENT_CONTRADICTS_ROW}, "I6": {Trouble.READER_DIFFERS}},
    ),
    "two rows have the same event id": (
        lambda world: world.with_stored(rows=(NEW_ROW, replace(LATE_ROW, event_id=NEW_ROW.event_id), *ROWS[2:])),
        {"I3": {Trouble.EVENT_CONTRADICTS_ROW}, "I6": {Trouble.READER_DIFFERS}},
    ),
    "published goes down": (
        lambda world: world.with_samples(store=(store_sample(1.0, 5, 5), store_sample(3.0, 5, 4))),
        {"I7": {Trouble.WENT_DOWN}},
    ),
    "committed goes down": (
        lambda world: world.with_samples(broker=(broker_sample(2.0, 3, 9), broker_sample(4.0, 2, 9))),
        {"I7": {Trouble.WENT_DOWN}},
    ),
    "published passes stored": (
        lambda world: world.with_samples(store=(store_sample(3.0, 3, 4),)),
        {"I8": {Trouble.OUT_OF_ORDER}},
    ),
    "committed passes published": (
        lambda world: world.with_samples(broker=(broker_sample(2.0, 5, 9),)),
        {"I8": {Trouble.OUT_OF_ORDER}},
    ),
    "committed passes published at the end": (
        lambda world: world.with_stored(marks={INPUT: Marks(9, 8, 9, 9)}),
        {"I8": {Trouble.OUT_OF_ORDER}},
    ),
    "a plant is in an event": (
        lambda world: _with_event(world, plants=(1,)),
        {"I9": {Trouble.PLANT_FOUND}},
    ),
    "a plant is in what is said of a letter": (
        lambda world: world.with_published(letters=(replace(_DEAD[0], plants=(1,)), _DEAD[1])),
        {"I9": {Trouble.PLANT_FOUND}},
    ),
    "a partition stands still": (
        lambda world: world.with_samples(store=(store_sample(1.0, 2, 0), store_sample(7.5, 9, 9))),
        {"I10": {Trouble.STALLED}},
    ),
    "memory grows": (
        lambda world: world.with_samples(
            memory=tuple(MemorySample(3.0 + number, 7, (100 + number) * MIB) for number in range(20))
        ),
        {"I11": {Trouble.GREW}},
    ),
}
