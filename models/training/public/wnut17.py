"""In: ``wnut17/wnut17train.conll`` (CC BY 4.0). Out: noisy user text with spans of people, organisations and products.

Raises OSError, or ValueError where a line has neither two columns nor none.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from models.training.public.sampling import cap_groups
from service.evaluation.data import LabelledTicket, Span

_TYPE_OF_ENTITY: Final = {"person": "person_name", "corporation": "organization", "product": "product"}
# All rows with a company or product (few), most with a person, and as many without as keep the tagger cautious.
_ROWS_OF_GROUP: Final = {"organization": 400, "product": 400, "person_name": 400, "none": 300}
_URL: Final = re.compile(r"https?://\S+")
# Fields that the set does not mark: with one of them the spans would be incomplete.
_UNMARKED_FIELD: Final = re.compile(
    r"[$€£] ?\d|"
    r"\b(?:today|tonight|yesterday|tomorrow|(?:last|next|this) (?:week|month|year|night|weekend)|(?:19|20)\d\d|"
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?|jan(?:uary)?|feb(?:ruary)?|march|april|june|july|"
    r"aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|ago|\d+/\d+)\b|\d{6,}|@\w+\.",
    re.IGNORECASE,
)
_NO_SPACE_BEFORE: Final = frozenset(
    {".", ",", "!", "?", ":", ";", ")", "]", "...", "%", "'s", "n't", "'m", "'re", "'ll", "'ve", "'d"}
)
_NO_SPACE_AFTER: Final = frozenset({"(", "[", "#", "$", "€", "£"})


def read_wnut17(data_dir: Path, rng: random.Random) -> list[LabelledTicket]:
    """Sentences put back together from their tokens, capped per kind of span.

    Sentences with a `group` are left out: it mixes organisations with bands, teams and nationalities.
    """
    blocks = re.split(r"\n\s*\n", (data_dir / "wnut17" / "wnut17train.conll").read_text(encoding="utf-8"))
    kept = ((_group(ticket), ticket.body, ticket) for ticket in _labelled(blocks))
    return cap_groups(kept, _ROWS_OF_GROUP, 0, rng)


def _labelled(blocks: list[str]) -> Iterator[LabelledTicket]:
    for block in blocks:
        tokens = [tuple(line.split("\t")) for line in block.splitlines() if line.strip()]
        if any(len(token) != 2 for token in tokens):
            raise ValueError(f"wnut17: a line has not two columns: {tokens[0]}")
        if not tokens or any(tag.endswith("-group") for _, tag in tokens):
            continue
        text, spans = _join([(word, tag) for word, tag in tokens])
        if not _UNMARKED_FIELD.search(text):
            yield LabelledTicket(subject=None, body=text, source="wnut17", spans=spans)


def _join(tokens: list[tuple[str, str]]) -> tuple[str, tuple[Span, ...]]:
    text, last = "", ""
    spans: list[Span] = []
    for word, tag in tokens:
        glued = not text or word in _NO_SPACE_BEFORE or last in _NO_SPACE_AFTER
        start = len(text) + (0 if glued else 1)
        text += word if glued else f" {word}"
        kind = _TYPE_OF_ENTITY.get(tag[2:])
        if tag.startswith("I-") and kind and spans and spans[-1].type == kind:
            spans[-1] = Span(spans[-1].start, len(text), kind)
        elif kind:
            spans.append(Span(start, len(text), kind))
        last = word
    urls = [Span(found.start(), found.end(), "url") for found in _URL.finditer(text)]
    return text, tuple(sorted((*spans, *urls), key=lambda span: span.start))


def _group(ticket: LabelledTicket) -> str:
    types = {span.type for span in ticket.spans or ()}
    return next((kind for kind in ("product", "organization", "person_name") if kind in types), "none")
