"""In: a short utterance of a public set. Out: its `requested_action` spans, or None where that is not certain.

Nothing here raises. The sets do not mark what is asked for, but short utterances say it in a few fixed ways; whatever
is not one of them is left unknown rather than guessed.
"""

from __future__ import annotations

import re
from typing import Final

from service.evaluation.data import Span

_VERBS: Final = (
    "cancel|delete|remove|erase|close|terminate|change|update|modify|correct|edit|reset|recover|retrieve|send|email|show|"
    "refund|open|create|register|switch|add|replace|block|freeze|stop|transfer|issue|swap|reschedule|rebook|resend|"
    "upgrade|downgrade|renew|activate|deactivate|unlock|book|order"
)
_LEAD: Final = (
    r"(?:(?:hi|hello|hey|good morning|please|pls|plz|yes|actually|so|and)[ ,!.]+){0,3}"
    r"(?:i (?:want|need|have|would like|wanna|would love|wish|am trying|like) ?(?:to )?|i['’]?d (?:like|love) to |"
    r"i wanna |i gotta |(?:can|could|would|will) (?:you|u) (?:please |kindly |plz )?|please |kindly |pls )?"
)
_OBJECT_STOPS: Final = (
    "that|which|i|if|how|to|because|for|from|with|in|on|what|where|when|why|who|u|you|so|but|as|since|and|or|by|at|"
    "under|of|please|pls|thanks|thank|asap|now|kindly|can|could|guide|help|it's|here|there|is|are|was"
)
_REQUEST: Final = re.compile(
    rf"{_LEAD}(?P<action>(?:{_VERBS}) "
    rf"(?:(?!(?:{_OBJECT_STOPS})\b)[\w'’-]+)(?: (?!(?:{_OBJECT_STOPS})\b)[\w'’-]+){{0,5}})"
    r"(?:,? (?:please|pls|plz|asap|now|thanks|thank you|can (?:you|u) (?:please )?help me))*[ ?.!]*",
    re.IGNORECASE,
)
_QUESTION: Final = re.compile(
    r"(?:how (?:can|do|could|to|long|much|many|should)|what|where|when|which|why|who|is there|are there|do (?:you|i)|"
    r"does|did|i (?:do not|don['’]?t|dont) know (?:how|what|where|if)|i(?: want|['’]d like| would like| wanna) to know|"
    r"(?:(?:can|could) (?:you|u) )?tell me (?:how|where|what|when)|i (?:am|['’]m) trying to find)\b",
    re.IGNORECASE,
)
# An instruction anywhere else in the text makes "no request" uncertain.
_MORE_THAN_A_QUESTION: Final = re.compile(
    rf"\b(?:please|pls|help|(?:can|could) (?:you|u) (?!tell)|ask)\b|[.,;!] *(?:{_VERBS})\b", re.I
)
_OTHER_FIELDS: Final = re.compile(
    r"\d|\b(?:yesterday|today|tonight|tomorrow|ago|last (?:week|month|year)|next|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october|"
    r"november|december)\b|[@€$£]",
    re.IGNORECASE,
)


def find_requested(text: str) -> tuple[Span, ...] | None:
    """The requests of ``text``: one span, none for a bare question, None where it is not clear."""
    request = _REQUEST.fullmatch(text.strip())
    if request:
        offset = len(text) - len(text.lstrip())
        return (Span(offset + request.start("action"), offset + request.end("action"), "requested_action"),)
    if _QUESTION.match(text.strip()) and not _MORE_THAN_A_QUESTION.search(text):
        return ()
    return None


def has_other_fields(text: str) -> bool:
    """Whether a text may hold a field that its set does not mark (a date, a number, an address)."""
    return _OTHER_FIELDS.search(text) is not None
