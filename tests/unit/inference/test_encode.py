"""In: texts with parts. Out: bounded rows, of which the tagger's cover every token."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from service.inference.encode import EncodedBatch, WindowLimits, encode_texts, pad_rows
from service.inference.shapes import LOWER, TITLE
from service.normalized import NormalizedText, Part, PartKind

LIMITS = WindowLimits(max_tokens=66, max_windows=40)
ROOM = 64


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    made = Tokenizer(WordLevel({"[UNK]": 1, "a": 5, "b": 6}, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    return made


def text_of(own_words: int, quoted_words: int = 0) -> NormalizedText:
    own, quoted = "a " * own_words, "b " * quoted_words
    parts = [Part(PartKind.MESSAGE, 0, len(own)), Part(PartKind.QUOTE, len(own), len(own) + len(quoted))]
    return NormalizedText(own + quoted, tuple(part for part in parts if part.start < part.end))


def tagged_positions(batch: EncodedBatch, index: int = 0) -> list[int]:
    return [int(position) for row in batch.rows if row.text_index == index for position in row.positions[row.tagged]]


def test_encode_text_that_fits_is_one_row_for_everything(tokenizer: Tokenizer) -> None:
    batch = encode_texts(tokenizer, [text_of(ROOM)], LIMITS)

    (row,) = batch.rows
    assert (row.for_labels, len(row.positions), row.tagged) == (True, ROOM, slice(0, ROOM))
    assert batch.truncated == (False,)


def test_encode_text_one_token_too_long_has_two_windows_of_equal_length(tokenizer: Tokenizer) -> None:
    batch = encode_texts(tokenizer, [text_of(ROOM + 1)], LIMITS)

    assert [row.positions.tolist() for row in batch.rows] == [list(range(48)), list(range(16, 65))]
    assert [row.tagged for row in batch.rows] == [slice(0, 32), slice(16, 49)]


@pytest.mark.parametrize(("words", "windows"), [(2 * 48, 2), (2 * 48 + 1, 4), (4 * 32 + 1, 5), (1_000, 32)])
def test_encode_long_text_has_as_few_windows_as_hold_it_and_its_labels_come_from_both_ends(
    tokenizer: Tokenizer, words: int, windows: int
) -> None:
    batch = encode_texts(tokenizer, [text_of(words)], LIMITS)

    assert len(batch.rows) == windows
    assert [number for number, row in enumerate(batch.rows) if row.for_labels] == [0, windows - 1]


def test_encode_quoted_history_is_read_by_the_tagger_only(tokenizer: Tokenizer) -> None:
    batch = encode_texts(tokenizer, [text_of(10, 20)], LIMITS)

    labels = [row.positions.tolist() for row in batch.rows if row.for_labels]
    assert labels == [list(range(10))]
    assert sorted(tagged_positions(batch)) == list(range(30))


def test_encode_text_that_is_nothing_but_quoted_is_read_for_the_labels_too(tokenizer: Tokenizer) -> None:
    batch = encode_texts(tokenizer, [text_of(0, 20)], LIMITS)

    (row,) = batch.rows
    assert row.for_labels
    assert len(row.positions) == 20


def test_encode_text_beyond_the_windows_is_marked_and_no_window_is_added(tokenizer: Tokenizer) -> None:
    batch = encode_texts(tokenizer, [text_of(1_000), text_of(3)], WindowLimits(66, 3))

    assert batch.truncated == (True, False)
    assert [row.text_index for row in batch.rows] == [0, 0, 0, 1]
    assert sorted(tagged_positions(batch)) == [*range(64), *range(968, 1_000)]


@pytest.mark.parametrize(("own", "quoted", "most"), [(1_000, 0, 1), (1_000, 10, 3), (10, 1_000, 2), (60, 10, 1)])
def test_encode_quoted_history_beyond_the_windows_is_marked(
    tokenizer: Tokenizer, own: int, quoted: int, most: int
) -> None:
    batch = encode_texts(tokenizer, [text_of(own, quoted)], WindowLimits(66, most))

    assert batch.truncated == (True,)
    assert len(batch.rows) == most
    assert tagged_positions(batch)[0] == 0


@given(st.integers(0, 400), st.integers(0, 400))
def test_encode_any_length_every_token_is_tagged_and_no_row_is_too_long(own: int, quoted: int) -> None:
    made = Tokenizer(WordLevel({"[UNK]": 1, "a": 5, "b": 6}, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()

    batch = encode_texts(made, [text_of(own, quoted)], LIMITS)

    assert batch.truncated == (False,)
    assert sorted(tagged_positions(batch)) == list(range(own + quoted))
    assert all(len(row.positions) <= ROOM for row in batch.rows)
    label_rows = [row.positions for row in batch.rows if row.for_labels]
    assert len(label_rows) in (1, 2)
    assert label_rows[0][:1].tolist() == [0][: own + quoted]
    assert label_rows[-1][-1:].tolist() == [(own if own >= 3 else own + quoted) - 1][: own + quoted]


@given(st.lists(st.integers(0, 150), max_size=12), st.integers(1, 400))
def test_portions_have_every_text_once_with_its_own_rows_and_similar_texts_together(
    words: list[int], most_tokens: int
) -> None:
    made = Tokenizer(WordLevel({"[UNK]": 1, "a": 5, "b": 6}, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    batch = encode_texts(made, [text_of(count) for count in words], LIMITS)

    portions = list(batch.portions(most_tokens))

    numbers = [index for chosen, _ in portions for index in chosen]
    assert sorted(numbers) == list(range(len(words)))
    assert [words[index] for index in numbers] == sorted(words)
    for chosen, part in portions:
        assert [len(text.ids) for text in part.texts] == [words[index] for index in chosen]
        assert sum(len(row.positions) for row in part.rows) <= most_tokens or len(chosen) == 1
        for number, index in enumerate(chosen):
            theirs = [row.positions.tolist() for row in batch.rows if row.text_index == index]
            assert [row.positions.tolist() for row in part.rows if row.text_index == number] == theirs


def test_pad_rows_puts_special_tokens_and_masks_the_padding(tokenizer: Tokenizer) -> None:
    batch = encode_texts(tokenizer, [NormalizedText("a A", ()), NormalizedText("a b a a", ())], LIMITS)

    ids, mask, shapes = pad_rows(batch.rows, batch.texts, cls_id=101, sep_id=102)

    assert ids.tolist() == [[101, 5, 1, 102, 0, 0, 0, 0], [101, 5, 6, 5, 5, 102, 0, 0]]
    assert mask.tolist() == [[1] * 4 + [0] * 4, [1] * 6 + [0] * 2]
    assert shapes[0, :4].tolist() == [LOWER, LOWER, TITLE, LOWER]
    assert {array.dtype for array in (ids, mask, shapes)} == {np.dtype(np.int64)}
