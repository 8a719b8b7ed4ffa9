"""In: ``multidogo/*.tsv`` (MultiDoGO, CDLA-Permissive 1.0). Out: chat turns with a category or field spans.

Raises OSError, or KeyError where a file has other columns. Typing and labels are noisy and all punctuation is gone: an
intent counts only where the turn says so in words, and slots only where their values look like what they should be.
"""

from __future__ import annotations

import csv
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from models.training.public.requested import find_requested
from models.training.public.sampling import cap_groups
from service.evaluation.data import LabelledTicket, Span

_FILES: Final = tuple(
    f"{trade}.{part}.tsv" for trade in ("airline", "finance", "insurance", "media") for part in ("train", "dev")
)
# Category of an intent, and the words of which a turn must have one.
CATEGORY_OF_INTENT: Final = {
    "updateaddress": (
        "account_access",
        r"\b(?:chang|updat|new|wrong|mov)\w*\b.*\baddress|\baddress.*\b(?:chang|updat)",
    ),
    "disputecharge": ("billing", r"\bbill|charge"),
    "viewbillsintent": ("billing", r"\bbill"),
    "closeaccount": ("cancellation", r"\bclos\w+"),
    "cancelserviceintent": ("cancellation", r"\bcancel|\bcut\b"),
    "startserviceintent": ("product_question", r"\b(?:internet|cable|phone|service|connection|plan|data)\b"),
    "getinformationintent": ("product_question", r"\b(?:price|plan|plans|cost|offers?|options?|information|details)\b"),
    "checkoffereligibility": ("product_question", r"\brates?\b"),
    "orderchecks": ("product_question", r"\bchecks\b"),
    "bookflight": ("product_question", r"\b(?:book|ticket|flight|fly)\w*"),
    "changeseatassignment": ("product_question", r"\bseat"),
    "openinggreeting": ("other", r"^(?:\W*\b(?:hi+|hello|hey|hai|good|morning|evening|afternoon|there|sir|mam)\b)+$"),
    "closinggreeting": ("other", r"\b(?:bye+|nice day|great day|good day|take care)\b"),
    "thankyou": ("other", r"\bthanks?\b"),
}
_TYPE_OF_SLOT: Final = {
    "name": "person_name",
    "address": "postal_address",
    "phone_number": "phone",
    "booking_confirmation_number": "order_id",
    "account_number": "account_id",
    "target_account_number": "account_id",
    "account_id": "account_id",
    "policyid": "account_id",
    "card_number": "card_number",
    "start_date": "date",
    "end_date": "date",
    "charge_date": "date",
    "lastuseddate": "date",
    "charge_amount": "amount",
    "transferamount": "amount",
    "price": "amount",
}
_DATE_WORD: Final = (
    r"jan\w*|feb\w*|mar(?:ch)?|apr\w*|may|june?|july?|aug\w*|sep\w*|oct\w*|nov\w*|dec\w*|yesterday|today|tomorrow"
)
_LOOKS_RIGHT: Final = {
    "person_name": re.compile(
        r"(?!(?:my|name|is|the|and|to|no|yes|ssn|number|card|ok|sir|hi|its|i|am|for|of)\b)[a-z]{3,}(?: [a-z]+)*"
    ),
    "postal_address": re.compile(r"(?=.*\d)(?=(?:.*\b[a-z]{3,}){2}).*"),
    "phone": re.compile(r"(?:\d ?){9,13}"),
    "order_id": re.compile(r"(?=.*\d.*\d)(?!.*\b(?:is|and|my|the|number)\b)[a-z0-9 ]{5,12}"),
    "account_id": re.compile(r"(?=(?:.*\d){5})(?!.*\b(?:is|and|my|the|number|gb)\b)[a-z0-9 ]{6,20}"),
    "card_number": re.compile(r"(?:\d{4} ?){1,4}"),
    "date": re.compile(
        rf"(?:\d{{1,2}} ?(?:st|nd|rd|th)? ?(?:of )?)?(?:{_DATE_WORD})(?: \d{{1,2}}(?: ?(?:st|nd|rd|th))?)?(?: \d{{4}})?"
    ),
    "amount": re.compile(r"\d+ (?:dollars?|rs|usd|rupees|pounds|euros?)|rs \d+"),
}
# Slots of no field of ours, but too close to one for "no field here" to be a lesson.
_CONFUSING_SLOTS: Final = frozenset({"ssn", "email_address", "username", "car_brand", "car_model", "claimid", "date"})
_MAY_HIDE_A_FIELD: Final = re.compile(
    rf"\d|\b(?:{_DATE_WORD}|\w*day|morning|evening|\w*com|ago|last|next)\b", re.IGNORECASE
)
_TOKENS_OF_A_NAME: Final = 3
# Greetings and thanks are half of the set and say one thing; the two big orders of one kind would crowd out the rest.
_ROWS_OF_GROUP: Final = {"openinggreeting": 25, "closinggreeting": 40, "thankyou": 60, "startserviceintent": 200}
_ROWS_PER_GROUP: Final = 160
# Bare values ("ravi") are cheap and many; a few of each teach the tagger what an answer without context looks like.
_ROWS_OF_FIELD: Final = {"bare": 250, "person_name": 500, "order_id": 300, "account_id": 300, "postal_address": 250}
_MIN_CATEGORY_WORDS: Final = 4


@dataclass(frozen=True, slots=True)
class _Turn:
    tokens: tuple[str, ...]
    slots: tuple[str, ...]
    intent: str

    @property
    def text(self) -> str:
        return " ".join(self.tokens)


def read_multidogo(data_dir: Path, rng: random.Random) -> list[LabelledTicket]:
    """Turns with a category, then turns with fields, each capped a group."""
    turns = list(_turns(data_dir / "multidogo"))
    names = _name_words(turns)
    wanted = ((turn.intent, turn.text, ticket) for turn in turns if (ticket := _with_category(turn, names)))
    filled = ((_group(ticket), ticket.body, ticket) for turn in turns if (ticket := _with_fields(turn, names)))
    return [
        *cap_groups(wanted, _ROWS_OF_GROUP, _ROWS_PER_GROUP, rng),
        *cap_groups(filled, _ROWS_OF_FIELD, _ROWS_PER_GROUP, rng),
    ]


def _turns(folder: Path) -> Iterator[_Turn]:
    for name in _FILES:
        with (folder / name).open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                tokens, slots = tuple(row["utterance"].split()), tuple((row["slot-labels"] or "").split())
                if tokens and len(tokens) == len(slots):
                    yield _Turn(tokens, slots, row["intent"])


def _name_words(turns: list[_Turn]) -> frozenset[str]:
    """Words that the set marks as a name often: where one stands unmarked, the turn's spans are incomplete."""
    marked: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for turn in turns:
        total.update(turn.tokens)
        marked.update(token for token, slot in zip(turn.tokens, turn.slots, strict=True) if slot == "name")
    return frozenset(word for word, count in marked.items() if len(word) > 2 and count * 5 >= total[word])


def _with_category(turn: _Turn, names: frozenset[str]) -> LabelledTicket | None:
    category, pattern = CATEGORY_OF_INTENT.get(turn.intent, (None, ""))
    text = turn.text
    if category is None or not re.search(pattern, text):
        return None
    if category != "other" and len(turn.tokens) < _MIN_CATEGORY_WORDS:
        return None
    plain = set(turn.slots) <= {"O", "service_type", "seat_type"} and names.isdisjoint(turn.tokens)
    spans = find_requested(text) if plain and not _MAY_HIDE_A_FIELD.search(text) else None
    return LabelledTicket(subject=None, body=text, source="multidogo", category=category, spans=spans)


def _with_fields(turn: _Turn, names: frozenset[str]) -> LabelledTicket | None:
    if not _CONFUSING_SLOTS.isdisjoint(turn.slots) or turn.intent != "contentonly":
        return None
    spans: list[Span] = []
    rest: list[str] = []
    start = 0
    for slot, group in groupby(zip(turn.tokens, turn.slots, strict=True), key=lambda pair: pair[1]):
        value = " ".join(token for token, _ in group)
        kind = _TYPE_OF_SLOT.get(slot)
        if kind and not _LOOKS_RIGHT[kind].fullmatch(value.lower()):
            return None
        if kind == "person_name" and value.count(" ") >= _TOKENS_OF_A_NAME:
            return None
        if kind:
            spans.append(Span(start, start + len(value), kind))
        else:
            rest += value.split()
        start += len(value) + 1
    hidden = not names.isdisjoint(rest) or _MAY_HIDE_A_FIELD.search(" ".join(rest))
    return None if hidden or not spans else LabelledTicket(None, turn.text, "multidogo", spans=tuple(spans))


def _group(ticket: LabelledTicket) -> str:
    spans = ticket.spans or ()
    return "bare" if len(spans) == 1 and spans[0].end - spans[0].start == len(ticket.body) else spans[0].type
