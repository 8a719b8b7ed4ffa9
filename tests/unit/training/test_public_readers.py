"""In: tiny rows of our own in the public sets' file formats. Out: whether each reader maps them as documented."""

# ruff: noqa: S311 - seeded generators are what is tested
from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest

from models.training.public import read_public
from models.training.public.bitext import read_bitext
from models.training.public.clinc150 import read_clinc150
from models.training.public.goemotions import read_goemotions
from models.training.public.multidogo import read_multidogo
from models.training.public.requested import find_requested
from models.training.public.restaurant8k import read_restaurant8k
from models.training.public.sampling import cap_groups
from models.training.public.wnut17 import read_wnut17
from service.evaluation.data import LabelledTicket


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _marked(ticket: LabelledTicket) -> list[tuple[str, str]]:
    return [(span.type, ticket.text[span.start : span.end]) for span in ticket.spans or ()]


def _write_bitext(folder: Path, rows: list[tuple[str, str, str]]) -> None:
    lines = ["flags,utterance,category,intent", *(f'{flags},"{text}",X,{intent}' for flags, text, intent in rows)]
    _write(folder / "bitext" / "utterances_8k.csv", "\n".join(lines))
    _write(folder / "bitext" / "utterances_20k.csv", lines[0])


def _write_clinc150(folder: Path, parts: dict[str, list[list[str]]]) -> None:
    empty: dict[str, list[list[str]]] = {"train": [], "val": [], "oos_train": [], "oos_val": [], "test": []}
    _write(folder / "clinc150_data_full.json", json.dumps(empty | parts))


def _write_goemotions(folder: Path, rows: list[tuple[str, str]]) -> None:
    _write(folder / "goemotions" / "labels.txt", "anger\njoy\nsurprise\nneutral")
    _write(folder / "goemotions" / "train.tsv", "".join(f"{text}\t{numbers}\tid\n" for text, numbers in rows))
    _write(folder / "goemotions" / "dev.tsv", "")


def _write_multidogo(folder: Path, rows: list[tuple[str, str, str]]) -> None:
    for trade in ("airline", "finance", "insurance", "media"):
        for part in ("train", "dev"):
            path = folder / "multidogo" / f"{trade}.{part}.tsv"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, delimiter="\t")
                writer.writerow(("utterance", "slot-labels", "intent"))
                writer.writerows(rows if (trade, part) == ("finance", "train") else [])


def _write_restaurant8k(folder: Path, rows: list[tuple[str, list[tuple[str, str]]]]) -> None:
    data = [
        {
            "userInput": {"text": text},
            "labels": [
                {
                    "slot": slot,
                    "valueSpan": {"startIndex": text.index(value), "endIndex": text.index(value) + len(value)},
                }
                for slot, value in labels
            ],
        }
        for text, labels in rows
    ]
    _write(folder / "restaurant8k" / "train_0.json", json.dumps(data))


def _write_wnut17(folder: Path, sentences: list[list[tuple[str, str]]]) -> None:
    blocks = ["\n".join(f"{word}\t{tag}" for word, tag in sentence) for sentence in sentences]
    _write(folder / "wnut17" / "wnut17train.conll", "\n\t\n".join(blocks))


def test_bitext_known_intent_becomes_category_with_request(tmp_path: Path) -> None:
    _write_bitext(tmp_path, [("B", "I want to delete my blue account", "delete_account")])

    tickets = read_bitext(tmp_path, random.Random(1))

    assert [(ticket.category, ticket.sentiment) for ticket in tickets] == [("cancellation", None)]
    assert _marked(tickets[0]) == [("requested_action", "delete my blue account")]


def test_bitext_unmapped_intent_and_repeated_row_are_left_out(tmp_path: Path) -> None:
    rows = [
        ("B", "put me through to Jo", "contact_human_agent"),
        ("B", "where is it?", "track_order"),
        ("B", "Where is it", "track_order"),
    ]
    _write_bitext(tmp_path, rows)

    tickets = read_bitext(tmp_path, random.Random(1))

    assert [ticket.category for ticket in tickets] == ["shipping"]


def test_bitext_swearing_is_negative(tmp_path: Path) -> None:
    _write_bitext(tmp_path, [("BW", "where is my damn blue parcel", "track_order")])

    tickets = read_bitext(tmp_path, random.Random(1))

    assert tickets[0].sentiment == "negative"


def test_clinc150_out_of_scope_is_other_and_test_part_is_never_read(tmp_path: Path) -> None:
    parts = {
        "oos_train": [["who invented soup", "oos"], ["my bill is odd, customer service please", "oos"]],
        "train": [["my card bounced in the soup shop", "card_declined"], ["freeze it", "freeze_account"]],
        "test": [["never seen", "weather"]],
    }
    _write_clinc150(tmp_path, parts)

    tickets = read_clinc150(tmp_path, random.Random(1))

    found = {(ticket.body, ticket.category, ticket.urgency) for ticket in tickets}
    assert found == {("who invented soup", "other", "low"), ("my card bounced in the soup shop", "billing", None)}


def test_goemotions_mixed_and_ambiguous_rows_are_left_out(tmp_path: Path) -> None:
    rows = [("so cross now", "0"), ("so glad now", "1"), ("plain text", "3"), ("mixed text", "0,1"), ("oh really", "2")]
    _write_goemotions(tmp_path, rows)

    tickets = read_goemotions(tmp_path, random.Random(1))

    found = {(ticket.body, ticket.sentiment) for ticket in tickets}
    assert found == {("so cross now", "negative"), ("so glad now", "positive"), ("plain text", "neutral")}


def test_goemotions_name_placeholder_is_filled(tmp_path: Path) -> None:
    _write_goemotions(tmp_path, [("so cross with [NAME] now", "0")])

    tickets = read_goemotions(tmp_path, random.Random(1))

    assert "[NAME]" not in tickets[0].body


def test_multidogo_slots_become_exact_spans(tmp_path: Path) -> None:
    rows = [
        (
            "its  orla quill and account number 44 55667",
            "O name name O O O account_number account_number",
            "contentonly",
        )
    ]
    _write_multidogo(tmp_path, rows)

    tickets = read_multidogo(tmp_path, random.Random(1))

    assert [ticket.category for ticket in tickets] == [None]
    assert _marked(tickets[0]) == [("person_name", "orla quill"), ("account_id", "44 55667")]


@pytest.mark.parametrize(
    ("utterance", "slots"),
    [("its 77", "O name"), ("9988 is mine orla", "ssn O O name"), ("orla on monday", "name O O")],
)
def test_multidogo_turn_with_doubtful_slots_is_left_out(tmp_path: Path, utterance: str, slots: str) -> None:
    _write_multidogo(tmp_path, [(utterance, slots, "contentonly")])

    assert read_multidogo(tmp_path, random.Random(1)) == []


def test_multidogo_intent_counts_only_where_the_turn_says_so(tmp_path: Path) -> None:
    rows = [
        ("i want to close my account", "O O O O O O", "closeaccount"),
        ("ok go on then please", "O O O O O", "closeaccount"),
    ]
    _write_multidogo(tmp_path, rows)

    tickets = read_multidogo(tmp_path, random.Random(1))

    assert [(ticket.body, ticket.category) for ticket in tickets] == [("i want to close my account", "cancellation")]


def test_restaurant8k_names_are_joined_and_clock_time_is_cut(tmp_path: Path) -> None:
    text = "Orla Quill here, for Friday at 7:30 pm"
    _write_restaurant8k(
        tmp_path, [(text, [("first_name", "Orla"), ("last_name", "Quill"), ("date", "Friday at 7:30 pm")])]
    )

    tickets = read_restaurant8k(tmp_path, random.Random(1))

    assert _marked(tickets[0]) == [("person_name", "Orla Quill"), ("date", "Friday")]


def test_restaurant8k_row_with_unmarked_date_or_request_is_left_out(tmp_path: Path) -> None:
    rows = [
        ("Orla for Friday", [("first_name", "Orla")]),
        ("could you maybe move the thing for Orla", [("first_name", "Orla")]),
    ]
    _write_restaurant8k(tmp_path, rows)

    assert read_restaurant8k(tmp_path, random.Random(1)) == []


def test_wnut17_sentence_is_put_together_with_exact_spans(tmp_path: Path) -> None:
    sentence = [
        ("Orla", "B-person"),
        ("Quill", "I-person"),
        ("'s", "O"),
        ("Blorp", "B-product"),
        ("2", "I-product"),
        (",", "O"),
        ("in", "O"),
        ("Ulm", "B-location"),
        ("http://a.example/x", "O"),
    ]
    _write_wnut17(tmp_path, [sentence])

    tickets = read_wnut17(tmp_path, random.Random(1))

    assert tickets[0].body == "Orla Quill's Blorp 2, in Ulm http://a.example/x"
    assert _marked(tickets[0]) == [
        ("person_name", "Orla Quill"),
        ("product", "Blorp 2"),
        ("url", "http://a.example/x"),
    ]


def test_wnut17_line_with_three_columns_raises(tmp_path: Path) -> None:
    _write(tmp_path / "wnut17" / "wnut17train.conll", "a\tO\tO\n")

    with pytest.raises(ValueError, match="two columns"):
        read_wnut17(tmp_path, random.Random(1))


def test_read_public_same_seed_gives_same_list(tmp_path: Path) -> None:
    _write_bitext(tmp_path, [("B", f"where is parcel {letter}", "track_order") for letter in "abcdef"])
    _write_clinc150(tmp_path, {})
    _write_goemotions(tmp_path, [("so cross with [NAME]", "0"), ("so glad", "1")])
    _write_multidogo(tmp_path, [])
    _write_restaurant8k(tmp_path, [])
    _write_wnut17(tmp_path, [])

    first, second = read_public(tmp_path, 3), read_public(tmp_path, 3)

    assert first == second
    assert len(first) == 8


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("please cancel my red order", ["cancel my red order"]),
        ("Can you send me the list, please?", ["send me the list"]),
        ("how do I cancel it?", []),
        ("I need help cancelling it", None),
        ("is it possible to cancel it?", None),
    ],
)
def test_find_requested_marks_only_what_is_certain(text: str, expected: list[str] | None) -> None:
    spans = find_requested(text)

    assert (None if spans is None else [text[span.start : span.end] for span in spans]) == expected


def test_cap_groups_caps_each_group_and_drops_repeats() -> None:
    rows = [("a", f"text {number}", number) for number in range(9)] + [("b", "Text 1!", 99), ("b", "more", 100)]

    drawn = cap_groups(rows, {"a": 3}, 5, random.Random(1))

    assert len(drawn) == 4
    assert 99 not in drawn
