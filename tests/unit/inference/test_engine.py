"""In: texts of every length and kind. Out: the same prediction for a text, whatever stands beside it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.bundled import default_model_folder
from service.inference.engine import InferenceEngine, Prediction
from service.inference.tier import EngineSettings
from service.normalize import normalize
from service.normalized import NormalizedText

pytestmark = pytest.mark.model

WORDS = "the parcel A-1001 of Maria Lopez has not arrived since 3 March, please call +49 30 1234567 or refund 12.50 EUR"
TEXTS = [
    normalize("Invoice", "Why was I charged twice? My invoice is INV-2041. Anna Berg"),
    normalize(None, "hi"),
    normalize(None, "Cancel my subscription now, please."),
    normalize(None, " ".join([WORDS] * 3)),
    normalize(None, " ".join([WORDS] * 8)),
    normalize("", "😀"),
    normalize("Login", "I am locked out.\n\n> On Monday you wrote:\n> Dear Mr Klein, your order 77-1234 was sent\n"),
]


def close(first: Prediction, second: Prediction) -> bool:
    heads = ("category", "sentiment", "urgency")
    same_spans = [(s.type, s.start, s.end) for s in first.spans] == [(s.type, s.start, s.end) for s in second.spans]
    return same_spans and all(np.abs(getattr(first, h) - getattr(second, h)).max() <= 1e-4 for h in heads)


def test_engine_no_texts_gives_no_predictions(engine: InferenceEngine) -> None:
    assert engine.predict([]) == []


def test_engine_texts_alone_and_together_are_predicted_alike(
    engine: InferenceEngine, expected: list[Prediction]
) -> None:
    alone = [engine.predict([text])[0] for text in TEXTS]

    assert all(close(first, second) for first, second in zip(expected, alone, strict=True))


@pytest.fixture(scope="module")
def expected(engine: InferenceEngine) -> list[Prediction]:
    return engine.predict(TEXTS)


@settings(max_examples=3, deadline=None)
@given(st.permutations(range(len(TEXTS))))
def test_engine_any_order_gives_each_text_its_own_prediction(
    engine: InferenceEngine, expected: list[Prediction], order: list[int]
) -> None:
    predicted = engine.predict([TEXTS[index] for index in order])

    assert all(close(predicted[place], expected[index]) for place, index in enumerate(order))


@pytest.mark.parametrize(
    "how",
    [
        EngineSettings(tokens_per_call=1),
        EngineSettings(rows_per_call=2),
        EngineSettings(sort_by_length=False),
        EngineSettings(threads=2, tokens_per_call=600),
    ],
)
def test_engine_any_size_of_call_gives_the_same(expected: list[Prediction], how: EngineSettings) -> None:
    other = InferenceEngine(default_model_folder(), how)

    pairs = zip(other.predict(TEXTS), expected, strict=True)

    assert all(close(first, second) for first, second in pairs)


def test_engine_probabilities_sum_to_one_in_float32(engine: InferenceEngine) -> None:
    for prediction in engine.predict(TEXTS):
        for head in (prediction.category, prediction.sentiment, prediction.urgency):
            assert head.dtype == np.float32
            assert head.sum() == pytest.approx(1, abs=1e-5)


def test_engine_text_beyond_its_windows_is_marked_truncated_and_others_are_not(engine: InferenceEngine) -> None:
    fits, long, too_long = engine.predict([normalize(None, " ".join([WORDS] * n)) for n in (1, 8, 130)])

    assert (fits.truncated, long.truncated, too_long.truncated) == (False, False, True)
    assert long.token_count > engine.manifest.max_tokens


def test_engine_field_at_the_end_of_a_long_text_is_found(engine: InferenceEngine) -> None:
    filler = "It does not work and I have tried it many times already. " * 60
    text = normalize(None, filler + "Please write to\n\nMaria Lopez")

    (prediction,) = engine.predict([text])

    assert not prediction.truncated
    assert "Maria Lopez" in [text.text[s.start : s.end] for s in prediction.spans if s.type == "person_name"]


@pytest.mark.parametrize("body", ["", " \n\t", "\x00", "\u200e", "😀", "\ud800", ".", "\ufffd\ufffd", "𝐁𝐨𝐥𝐝", "ﷺ" * 9])
def test_engine_text_with_hardly_anything_in_it_is_predicted(engine: InferenceEngine, body: str) -> None:
    (prediction,) = engine.predict([normalize(None, body)])

    assert prediction.category.sum() == pytest.approx(1, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300))
def test_engine_any_text_gives_spans_within_it_in_order(engine: InferenceEngine, body: str) -> None:
    text = normalize(None, body)

    (prediction,) = engine.predict([text])

    edges = [edge for span in prediction.spans for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(0 <= span.start < span.end <= len(text.text) for span in prediction.spans)


def test_engine_hundred_thousand_characters_stay_within_the_windows(engine: InferenceEngine) -> None:
    text = NormalizedText("a b\n" * 25_000, ())

    batch = engine.encode([text])

    assert len(batch.rows) <= engine.manifest.max_windows
    assert max(len(row.positions) for row in batch.rows) <= engine.manifest.max_tokens - 2
    assert batch.truncated == (True,)
