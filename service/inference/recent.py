"""In: predictions as they are made. Out: the same again for a text that came before, without running the model.

Help desks see the same text many times over: auto-replies, forms, alerts, a ticket sent twice. The cache belongs to one
engine, so its key need not name the model; it is bounded by count, and long texts are left out, so by memory too.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Generic, TypeVar

from service.normalized import NormalizedText

MAX_CACHED_CHARS = 10_000
_DIGEST_BYTES = 20

Value = TypeVar("Value")


class RecentTexts(Generic[Value]):
    """The values of the last ``capacity`` different texts, least recently used first out."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._values: OrderedDict[bytes, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def through(
        self, texts: Sequence[NormalizedText], make: Callable[[Sequence[NormalizedText]], Sequence[Value]]
    ) -> list[Value]:
        """The value of each text: known, or made, once for texts that are alike."""
        if not self._capacity:
            return list(make(texts))
        keys = [_key(text) for text in texts]
        found: dict[bytes, Value] = {}
        missing: dict[bytes, NormalizedText] = {}
        for key, text in zip(keys, texts, strict=True):
            if key in self._values:
                self._values.move_to_end(key)
                found[key] = self._values[key]
            else:
                missing.setdefault(key, text)
        if missing:
            made = dict(zip(missing, make(list(missing.values())), strict=True))
            found |= made
            for key, text in missing.items():
                if len(text.text) <= MAX_CACHED_CHARS:
                    self._values[key] = made[key]
            while len(self._values) > self._capacity:
                self._values.popitem(last=False)
        return [found[key] for key in keys]


def _key(text: NormalizedText) -> bytes:
    """What a prediction depends on: the text, and which parts of it are the customer's own words."""
    digest = blake2b(text.text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES)
    for part in text.parts:
        digest.update(f"|{part.kind}:{part.start}:{part.end}".encode())
    return digest.digest()
