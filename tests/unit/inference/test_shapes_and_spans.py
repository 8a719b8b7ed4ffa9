"""In: words, and tag probabilities of their tokens. Out: the shapes of the words, and spans that end at word ends."""

from __future__ import annotations

import numpy as np
import pytest

from service.inference.encode import EncodedText
from service.inference.shapes import DIGIT, LOWER, MIXED, OTHER, TITLE, UPPER, word_shapes
from service.inference.spans import read_spans

TYPES = ("person_name", "date")
TAGS = ("O", "B-person_name", "I-person_name", "B-date", "I-date")


@pytest.mark.parametrize(
    ("word", "shape"),
    [
        ("invoice", LOWER),
        ("Maria", TITLE),
        ("A", TITLE),
        ("Ä", TITLE),
        ("SSL", UPPER),
        ("iPhone", MIXED),
        ("McDonald", MIXED),
        ("42", DIGIT),
        ("A1", MIXED),
        ("0x80", MIXED),
        ("...", OTHER),
        ("😀", OTHER),
        ("\ud800", OTHER),
    ],
)
def test_word_shapes_of_a_word(word: str, shape: int) -> None:
    shapes = word_shapes(f"😀 {word} x", np.array([2], np.int32), np.array([2 + len(word)], np.int32))

    assert shapes.tolist() == [shape]


def tokens(*offsets: tuple[int, int], words: list[int] | None = None) -> EncodedText:
    pairs = np.array(offsets, np.int32).reshape(-1, 2)
    ids = np.zeros(len(pairs), np.int64)
    return EncodedText(ids, ids, pairs[:, 0], pairs[:, 1], np.array(words or range(len(pairs)), np.int32))


def probabilities(*tags: str, of: float = 0.9) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rows = np.full((len(tags), len(TAGS)), (1 - of) / (len(TAGS) - 1), np.float32)
    for line, tag in enumerate(tags):
        rows[line, TAGS.index(tag)] = of
    return rows


def read(text: str, encoded: EncodedText, *tags: str, keep_above: float = 0.0) -> list[tuple[str, str]]:
    spans = read_spans(text, encoded, probabilities(*tags), TYPES, keep_above)
    return [(span.type, text[span.start : span.end]) for span in spans]


def test_read_spans_no_tokens_gives_none() -> None:
    assert read_spans("", tokens(), np.zeros((0, 5), np.float32), TYPES, 0.0) == ()


def test_read_spans_words_of_one_field_are_one_span() -> None:
    text = "Maria Lopez came"

    found = read(text, tokens((0, 5), (6, 11), (12, 16)), "B-person_name", "I-person_name", "O")

    assert found == [("person_name", "Maria Lopez")]


def test_read_spans_new_beginning_and_other_type_each_open_a_span() -> None:
    text = "Ann Bob Monday"

    found = read(text, tokens((0, 3), (4, 7), (8, 14)), "B-person_name", "B-person_name", "I-date")

    assert found == [("person_name", "Ann"), ("person_name", "Bob"), ("date", "Monday")]


def test_read_spans_first_piece_speaks_for_the_whole_word() -> None:
    text = "Kowalczyk left"
    encoded = tokens((0, 4), (4, 9), (10, 14), words=[0, 0, 1])

    assert read(text, encoded, "B-person_name", "O", "O") == [("person_name", "Kowalczyk")]


def test_read_spans_punctuation_at_the_edges_is_left_out() -> None:
    text = '"Ann",'

    assert read(text, tokens((0, 6)), "B-person_name") == [("person_name", "Ann")]


def test_read_spans_nothing_but_punctuation_is_no_span() -> None:
    assert read("...", tokens((0, 3)), "B-person_name") == []


def test_read_spans_below_the_cut_are_dropped() -> None:
    encoded = tokens((0, 3))

    kept = read("Ann", encoded, "B-person_name", keep_above=0.9)
    dropped = read("Ann", encoded, "B-person_name", keep_above=0.95)

    assert (len(kept), len(dropped)) == (1, 0)


def test_read_spans_confidence_is_the_mean_probability_of_the_type() -> None:
    rows = np.array([[0.1, 0.6, 0.2, 0.1, 0.0], [0.3, 0.1, 0.5, 0.1, 0.0]], np.float32)

    (span,) = read_spans("Ann Lee", tokens((0, 3), (4, 7)), rows, TYPES, 0.0)

    assert span.confidence == pytest.approx(0.7)
    assert span.source == "model"
