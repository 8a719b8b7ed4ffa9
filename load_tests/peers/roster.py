"""In: nothing. Out: the peers by name, and what each of them answers."""

from __future__ import annotations

from dataclasses import dataclass

FIELDS_IN_COMMON = ("person_name", "email", "phone", "iban", "card_number")
"""The field types that Presidio and deskroute both know."""


@dataclass(frozen=True, slots=True)
class Peer:
    """What a peer answers, in words, what of it is measured, and whether it learns from our tickets here."""

    answers: str
    has_category: bool
    has_fields: bool
    is_trained: bool


PEERS = {
    "deskroute": Peer(
        "category, sentiment, urgency, all fields, language", has_category=True, has_fields=True, is_trained=False
    ),
    "hf_pipeline": Peer("category", has_category=True, has_fields=False, is_trained=True),
    "setfit": Peer("category", has_category=True, has_fields=False, is_trained=True),
    "sklearn_svm": Peer("category", has_category=True, has_fields=False, is_trained=True),
    "presidio": Peer("five field types", has_category=False, has_fields=True, is_trained=False),
}
