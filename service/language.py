"""In: a text. Out: the language that it is written in, as a `Label` with an ISO 639-1 code, or ``und``.

Raises nothing, whatever the text. Detection is Google's Compact Language Detector 2 (pycld2), run on the text's start.
"""

from __future__ import annotations

import re
from typing import Final

import pycld2

from service.result import Label

UNDETERMINED: Final = Label("und", 0.0)
_MAX_CHARS: Final = 2_000
_MIN_LETTERS: Final = 12
# CLD2 refuses a text with any of these: controls, surrogates, and what Unicode reserves as non-characters.
_REFUSED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_NOISE: Final = re.compile(r"\S{1,200}@\S{1,200}|(?:https?://|www\.)\S{1,500}|\d+")
_MODERN_CODES: Final = {"iw": "he", "jw": "jv", "in": "id", "ji": "yi", "mo": "ro"}


def detect_language(text: str) -> Label:
    """Detect the language of the first 2,000 characters; `UNDETERMINED` where there is too little to tell."""
    cleaned = _NOISE.sub(" ", _REFUSED.sub(" ", text[:_MAX_CHARS]))
    if sum(map(str.isalpha, cleaned)) < _MIN_LETTERS:
        return UNDETERMINED
    try:
        is_reliable, _, details = pycld2.detect(cleaned, isPlainText=True, bestEffort=True)
    except pycld2.error:
        return UNDETERMINED
    _, code, percent, _ = details[0]
    if not is_reliable or code == "un":
        return UNDETERMINED
    return Label(_MODERN_CODES.get(code, code), percent / 100)
