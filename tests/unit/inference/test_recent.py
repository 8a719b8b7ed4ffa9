"""In: texts, some of them alike. Out: each made once, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from service.inference.recent import MAX_CACHED_CHARS, RecentTexts
from service.normalize import normalize
from service.normalized import NormalizedText


class Maker:
    """Gives every text that it is asked for its length, and writes it down."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[NormalizedText]) -> list[int]:
        self.asked += [text.text for text in texts]
        return [len(text.text) for text in texts]


def texts(*bodies: str) -> list[NormalizedText]:
    return [normalize(None, body) for body in bodies]


def test_recent_texts_alike_in_a_batch_are_made_once() -> None:
    maker = Maker()

    values = RecentTexts[int](10).through(texts("one", "three", "one"), maker)

    assert values == [3, 5, 3]
    assert maker.asked == ["one", "three"]


def test_recent_texts_known_ones_are_not_made_again() -> None:
    recent, maker = RecentTexts[int](10), Maker()
    recent.through(texts("one", "three"), maker)

    values = recent.through(texts("three", "seven", "one"), maker)

    assert values == [5, 5, 3]
    assert maker.asked == ["one", "three", "seven"]


def test_recent_texts_least_recently_used_goes_first() -> None:
    recent, maker = RecentTexts[int](2), Maker()
    recent.through(texts("a"), maker)
    recent.through(texts("b"), maker)
    recent.through(texts("a"), maker)
    recent.through(texts("c"), maker)

    recent.through(texts("a", "b"), maker)

    assert maker.asked == ["a", "b", "c", "b"]
    assert len(recent) == 2


def test_recent_texts_batch_larger_than_the_capacity_is_answered_whole() -> None:
    recent = RecentTexts[int](2)

    assert recent.through(texts("a", "bb", "ccc", "a"), Maker()) == [1, 2, 3, 1]
    assert len(recent) == 2


def test_recent_texts_same_words_quoted_are_another_text() -> None:
    maker = Maker()
    own = normalize(None, "> please refund me")
    quoted = NormalizedText(own.text, own.parts[:0], own.starts, own.ends)

    RecentTexts[int](10).through([own, quoted], maker)

    assert len(maker.asked) == 2


@pytest.mark.parametrize(("capacity", "length"), [(0, 10), (10, MAX_CACHED_CHARS + 1)])
def test_recent_texts_without_room_or_too_long_is_made_every_time(capacity: int, length: int) -> None:
    recent, maker = RecentTexts[int](capacity), Maker()

    for _ in range(2):
        recent.through(texts("x" * length), maker)

    assert len(maker.asked) == 2
    assert len(recent) == 0
