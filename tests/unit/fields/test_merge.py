"""In: spans of patterns and of the model over one text. Out: proof of which of them stand."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from service.fields.merge import merge_fields
from service.result import FieldSource, FieldSpan


def span(kind: str, start: int, end: int, *, source: FieldSource = "model", normalized: str | None = None) -> FieldSpan:
    return FieldSpan(kind, start, end, 0.9, source, normalized)


def pattern(kind: str, start: int, end: int) -> FieldSpan:
    return span(kind, start, end, source="pattern", normalized="x")


def test_merge_without_overlap_keeps_both_sources_in_order() -> None:
    merged = merge_fields([pattern("email", 20, 30)], [span("person_name", 0, 8), span("product", 40, 44)])

    assert [(item.type, item.source) for item in merged] == [
        ("person_name", "model"),
        ("email", "pattern"),
        ("product", "model"),
    ]


def test_model_span_that_overlaps_a_pattern_gives_way() -> None:
    merged = merge_fields([pattern("order_id", 6, 14)], [span("account_id", 0, 14), span("order_id", 8, 20)])

    assert merged == [pattern("order_id", 6, 14)]


def test_longer_date_of_the_model_that_could_be_normalised_replaces_the_pattern_inside() -> None:
    tagged = span("date", 0, 22, normalized="2026-03-16")

    assert merge_fields([pattern("date", 4, 10)], [tagged]) == [tagged]


def test_longer_date_of_the_model_that_could_not_be_normalised_gives_way() -> None:
    assert merge_fields([pattern("date", 4, 10)], [span("date", 0, 22)]) == [pattern("date", 4, 10)]


def test_date_of_the_model_over_two_patterns_gives_way() -> None:
    patterns = [pattern("date", 0, 6), pattern("date", 11, 17)]

    assert merge_fields(patterns, [span("date", 0, 17, normalized="2026-03-16")]) == patterns


def test_address_of_the_model_stands_over_a_date_inside_it_and_not_over_a_phone() -> None:
    address = span("postal_address", 0, 40)

    assert merge_fields([pattern("date", 3, 11)], [address]) == [address]
    assert merge_fields([pattern("phone", 20, 33)], [address]) == [pattern("phone", 20, 33)]


def test_action_of_the_model_is_cut_before_the_first_pattern() -> None:
    text = "Please cancel order #4711 today"

    merged = merge_fields([pattern("order_id", 21, 25)], [span("requested_action", 7, 31)], text=text)

    assert [(item.type, text[item.start : item.end]) for item in merged] == [
        ("requested_action", "cancel order"),
        ("order_id", "4711"),
    ]


def test_action_that_starts_with_a_pattern_is_dropped() -> None:
    assert merge_fields([pattern("date", 0, 5)], [span("requested_action", 0, 20)]) == [pattern("date", 0, 5)]


_KINDS = st.sampled_from(["date", "amount", "email", "requested_action", "postal_address", "order_id"])


@st.composite
def _spans(draw: st.DrawFn, source: FieldSource) -> list[FieldSpan]:
    cuts = sorted(draw(st.sets(st.integers(0, 60), max_size=12)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return [
        span(draw(_KINDS), start, end, source=source, normalized=draw(st.sampled_from([None, "x"])))
        for start, end in pairs
    ]


@given(_spans("pattern"), _spans("model"))
def test_any_two_lists_merge_into_one_sorted_list_without_overlap(
    patterns: list[FieldSpan], model: list[FieldSpan]
) -> None:
    merged = merge_fields(patterns, model)

    assert all(item.start < item.end for item in merged)
    assert all(left.end <= right.start for left, right in itertools.pairwise(merged))
