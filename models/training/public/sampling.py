"""In: rows with a group name each. Out: a capped, duplicate-free, shuffled share of every group.

Nothing here raises. Public sets repeat themselves and favour a few groups; caps keep a group from dominating training.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

Row = TypeVar("Row")

_NOT_A_WORD = re.compile(r"[\W_]+")


def text_key(text: str) -> str:
    """What makes two texts the same for training: their letters and digits."""
    return _NOT_A_WORD.sub(" ", text.lower()).strip()


def cap_groups(
    rows: Iterable[tuple[str, str, Row]], caps: Mapping[str, int], default_cap: int, rng: random.Random
) -> list[Row]:
    """Draw at most ``caps[group]`` (else ``default_cap``) rows of each group.

    ``rows`` holds (group, text, row). A text that occurs twice in a group is drawn once; one that occurs in two groups
    stays in the first.
    """
    seen: set[str] = set()
    groups: dict[str, list[Row]] = {}
    for group, text, row in rows:
        key = text_key(text)
        if key and key not in seen:
            seen.add(key)
            groups.setdefault(group, []).append(row)
    drawn = [
        row
        for group in sorted(groups)
        for row in rng.sample(groups[group], min(len(groups[group]), caps.get(group, default_cap)))
    ]
    rng.shuffle(drawn)
    return drawn
