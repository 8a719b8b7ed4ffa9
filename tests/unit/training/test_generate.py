"""In: seeds and small tickets. Out: whether generated and augmented tickets keep exact spans and true labels."""

# ruff: noqa: S311 - seeded generators are what is tested
from __future__ import annotations

import html
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.training.generate import augment, make_tickets
from models.training.generate.grammar import Scene
from models.training.generate.pieces import Piece, join, to_pieces
from models.training.generate.slots import MAKERS
from models.training.labels import read_labels
from service.evaluation.data import LabelledTicket, Span

_LABELS = read_labels()
_BODY = "Hi Orla Quill, please cancel order AB-1234 placed on 3 March for £12.50 & more. It's late; thanks to nobody."


def _ticket() -> LabelledTicket:
    marks = {
        "Orla Quill": "person_name",
        "cancel order": "requested_action",
        "AB-1234": "order_id",
        "3 March": "date",
        "£12.50": "amount",
    }
    spans = tuple(Span(_BODY.index(value), _BODY.index(value) + len(value), kind) for value, kind in marks.items())
    return LabelledTicket(None, _BODY, "test", "cancellation", "refund", "negative", "normal", spans)


def _spans_are_sound(ticket: LabelledTicket) -> bool:
    end = 0
    for span in ticket.spans or ():
        value = ticket.text[span.start : span.end]
        if not (end <= span.start < span.end <= len(ticket.text)) or value != value.strip():
            return False
        end = span.end
    return True


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_make_tickets_any_seed_gives_sound_spans_and_known_labels(seed: int) -> None:
    tickets = make_tickets(5, random.Random(seed))

    assert len(tickets) == 5
    for ticket in tickets:
        assert _spans_are_sound(ticket)
        assert ticket.body.strip()
        assert ticket.category in _LABELS.category
        assert ticket.sentiment in _LABELS.sentiment
        assert ticket.urgency in _LABELS.urgency
        assert ticket.spans is not None
        assert {span.type for span in ticket.spans} <= set(_LABELS.fields)
        assert not any(mark in ticket.text for mark in ("{", "}", "⏎"))


def test_make_tickets_same_seed_gives_same_tickets() -> None:
    assert make_tickets(50, random.Random(4)) == make_tickets(50, random.Random(4))


def test_make_tickets_many_cover_every_label_and_field_type() -> None:
    tickets = make_tickets(1_500, random.Random(5))

    types = Counter(span.type for ticket in tickets for span in ticket.spans or ())
    assert set(types) == set(_LABELS.fields)
    assert min(types.values()) >= 30
    assert {ticket.category for ticket in tickets} == set(_LABELS.category)
    assert {(ticket.sentiment, ticket.urgency) for ticket in tickets} >= {
        ("neutral", "critical"),
        ("negative", "critical"),
        ("negative", "low"),
        ("neutral", "high"),
        ("positive", "low"),
        ("positive", "normal"),
    }
    assert len({ticket.text for ticket in tickets}) > 1_400


@given(st.integers(0, 10**6))
@settings(max_examples=120, deadline=None)
def test_augment_any_seed_keeps_labels_and_exact_spans(seed: int) -> None:
    ticket = _ticket()
    donors = make_tickets(3, random.Random(seed))

    varied = augment(ticket, random.Random(seed), donors)

    assert _spans_are_sound(varied)
    assert (varied.category, varied.sentiment, varied.urgency) == ("cancellation", "negative", "normal")
    kept = Counter(span.type for span in varied.spans or ())
    assert kept["requested_action"] == 1
    assert all(kept[kind] >= 1 for kind in ("person_name", "order_id", "date", "amount"))


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_augment_unknown_spans_stay_unknown(seed: int) -> None:
    ticket = LabelledTicket(
        None, "So cross about this. I want my money back now, please.", "test", sentiment="negative"
    )

    varied = augment(ticket, random.Random(seed), [ticket])

    assert varied.spans is None
    assert varied.sentiment == "negative"


def test_augment_same_seed_gives_same_ticket() -> None:
    donors = make_tickets(5, random.Random(1))

    varied = [augment(_ticket(), random.Random(seed), donors) for seed in range(30)]

    assert varied == [augment(_ticket(), random.Random(seed), donors) for seed in range(30)]
    assert len({ticket.text for ticket in varied}) > 15


def test_augment_html_body_holds_no_tag_inside_a_span() -> None:
    varied = [augment(_ticket(), random.Random(seed), []) for seed in range(400)]

    wrapped = [ticket for ticket in varied if ticket.body.startswith(("<p>", "<div", "<html>"))]
    assert wrapped
    for ticket in wrapped:
        values = [ticket.text[span.start : span.end] for span in ticket.spans or ()]
        assert not any("<" in value or "&" in html.unescape(value).replace("&", "", 1) for value in values)


def test_augment_long_text_cropped_loses_sentiment_and_urgency_only() -> None:
    body = " ".join(f"This is sentence number {number} of a long story." for number in range(40))
    ticket = LabelledTicket(None, body, "test", "billing", None, "neutral", "normal", ())

    varied = [augment(ticket, random.Random(seed), []) for seed in range(200)]

    cropped = [row for row in varied if row.urgency is None]
    assert cropped
    assert all(row.category == "billing" and row.sentiment is None for row in cropped)


@pytest.mark.parametrize("body", ["", "\x00", "\ud800", "😀" * 50, "a" * 100_000, "<" * 5_000, " " * 5_000, "İ ß ﬁ"])
def test_augment_hostile_text_never_raises(body: str) -> None:
    ticket = LabelledTicket("Re: " + body[:50], body, "test", "other", spans=())

    for seed in range(10):
        assert _spans_are_sound(augment(ticket, random.Random(seed), [ticket]))


def test_scene_repeated_slot_keeps_its_value_and_numbered_slot_differs() -> None:
    scene = Scene(random.Random(2))

    text, spans = join(scene.pieces("{order} {order} {order2}"))

    first, again, other = (text[span.start : span.end] for span in spans)
    assert first == again != other


def test_scene_action_before_a_field_ends_before_the_preposition() -> None:
    pieces = Scene(random.Random(2)).pieces("Please <send it to> {email}.")

    assert [piece.text for piece in pieces[:3]] == ["Please ", "send it", " to"]
    assert [piece.type for piece in pieces[:4]] == [None, "requested_action", None, None]


@given(st.lists(st.tuples(st.text(min_size=1, max_size=8), st.sampled_from([None, "date", "amount"])), max_size=8))
def test_pieces_joined_and_cut_again_are_the_same_text_and_spans(raw: list[tuple[str, str | None]]) -> None:
    text, spans = join([Piece(part, kind) for part, kind in raw])

    assert join(to_pieces(text, spans)) == (text, spans)


def test_card_numbers_pass_luhn_and_ibans_pass_mod_97() -> None:
    rng = random.Random(3)
    cards = [
        number for number in (MAKERS["card_number"](rng) for _ in range(200)) if sum(map(str.isdigit, number)) == 16
    ]
    ibans = [MAKERS["iban"](rng).replace(" ", "") for _ in range(100)]

    assert len(cards) > 50
    for card in cards:
        digits = [int(char) for char in card if char.isdigit()]
        doubled = [sum(divmod(digit * 2, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits)]
        assert sum(doubled) % 10 == 0
    for iban in ibans:
        assert int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 == 1
