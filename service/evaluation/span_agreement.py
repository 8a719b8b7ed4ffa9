"""In: the spans that two tiers read from the same texts. Out: how far they differ, text by text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.evaluation.scaling import Floats
from service.result import FieldSpan


def span_keys(spans: Sequence[FieldSpan]) -> set[tuple[str, int, int]]:
    """Type, start and end of each span."""
    return {(span.type, span.start, span.end) for span in spans}


def span_losses(one: Sequence[Sequence[FieldSpan]], other: Sequence[Sequence[FieldSpan]]) -> Floats:
    """For each text, of all spans that either tier has, the share that only one has; 0 where there are none."""
    pairs = [(span_keys(mine), span_keys(theirs)) for mine, theirs in zip(one, other, strict=True)]
    return np.array([len(mine ^ theirs) / max(1, len(mine | theirs)) for mine, theirs in pairs], np.float64)
