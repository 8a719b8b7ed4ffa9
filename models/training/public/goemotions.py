"""In: ``goemotions/*.tsv`` (Apache 2.0). Out: short texts with a sentiment, feelings before neutral.

Raises OSError, or ValueError where a line has other columns or an unknown label number.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from models.training.generate.slots import make_first_name
from models.training.public.sampling import cap_groups
from service.evaluation.data import LabelledTicket

_NEGATIVE: Final = frozenset(
    {"anger", "annoyance", "disappointment", "disapproval", "disgust", "fear", "sadness", "grief", "nervousness"}
)
_POSITIVE: Final = frozenset({"admiration", "joy", "love", "excitement", "relief", "pride", "gratitude", "optimism"})
# Every other emotion (surprise, curiosity, amusement, approval …) is no feeling that two readers would agree on.
_NEUTRAL: Final = frozenset({"neutral"})
# Neutral is a quarter of the set and would drown the feelings; written and generated tickets bring more neutral text.
ROWS_OF_SENTIMENT: Final = {"negative": 4_500, "neutral": 2_500, "positive": 4_500}
# A bare "thanks" is courtesy, and optimism is often only a wish: a small share of each.
_ROWS_OF_GROUP: Final = {"positive/gratitude": 350, "positive/optimism": 300, "negative/disapproval": 700}
_PLACEHOLDER: Final = re.compile(r"\[(?:NAME|RELIGION)\]")
_MIN_WORDS: Final = 2


def read_goemotions(data_dir: Path, rng: random.Random) -> list[LabelledTicket]:
    """Rows whose labels all point one way, at most `ROWS_OF_SENTIMENT` of each, names put back in."""
    names = (data_dir / "goemotions" / "labels.txt").read_text(encoding="utf-8").split()
    groups = list(_rows(data_dir / "goemotions", names))
    capped = cap_groups(((group, text, (group, text)) for group, text in groups), _ROWS_OF_GROUP, len(groups), rng)
    by_sentiment: dict[str, list[str]] = {"negative": [], "neutral": [], "positive": []}
    for group, text in capped:
        by_sentiment[group.split("/")[0]].append(text)
    rows = [
        LabelledTicket(
            subject=None,
            body=_PLACEHOLDER.sub(lambda _: make_first_name(rng), text),
            source="goemotions",
            sentiment=sentiment,
        )
        for sentiment, texts in by_sentiment.items()
        for text in texts[: ROWS_OF_SENTIMENT[sentiment]]
    ]
    rng.shuffle(rows)
    return rows


def _rows(folder: Path, names: list[str]) -> Iterator[tuple[str, str]]:
    for part in ("train.tsv", "dev.tsv"):
        for line in (folder / part).read_text(encoding="utf-8").splitlines():
            text, numbers, _ = line.split("\t")
            emotions = frozenset(names[int(number)] for number in numbers.split(","))
            sentiment = _sentiment(emotions)
            if sentiment and len(text.split()) >= _MIN_WORDS:
                yield f"{sentiment}/{min(emotions) if len(emotions) == 1 else 'several'}", text


def _sentiment(emotions: frozenset[str]) -> str | None:
    if emotions == _NEUTRAL:
        return "neutral"
    if emotions <= _NEGATIVE:
        return "negative"
    if emotions <= _POSITIVE:
        return "positive"
    return None
