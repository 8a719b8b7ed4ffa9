"""In: any result. Out: the same result again, after it was written as JSON and read back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.result import (
    CategoryResult,
    ExtractedField,
    Label,
    ModelRef,
    Route,
    SentimentResult,
    TicketResult,
    result_from_json,
)
from tests.unit.store.samples import result

_text = st.text(max_size=20)
_share = st.floats(0, 1)
_labels = st.builds(Label, _text, _share)
_fields = st.builds(
    ExtractedField,
    type=_text,
    value=_text,
    normalized=st.none() | _text | st.dictionaries(_text, _text, max_size=2),
    start=st.integers(0, 10**6),
    end=st.integers(0, 10**6),
    confidence=_share,
    source=st.sampled_from(["model", "pattern"]),
)
_results = st.builds(
    TicketResult,
    ticket_id=_text,
    tenant=_text,
    revision=st.integers(-(2**62), 2**62),
    category=st.builds(CategoryResult, _text, _share, st.dictionaries(_text, _share, max_size=3), st.none() | _text),
    sentiment=st.builds(SentimentResult, _text, _share, st.floats(-1, 1)),
    urgency=_labels,
    language=_labels,
    fields=st.lists(_fields, max_size=3).map(tuple),
    route=st.builds(
        Route,
        queue=_text,
        priority=_text,
        sla_minutes=st.integers(1, 525_600),
        rule=_text,
        needs_review=st.booleans(),
        reasons=st.lists(_text, max_size=3).map(tuple),
        tags=st.lists(_text, max_size=3).map(tuple),
    ),
    model=st.builds(ModelRef, _text, _text, _text),
    decided_by=st.sampled_from(["fast", "full", "human"]),
    truncated=st.booleans(),
    # A document says milliseconds.
    processed_at=st.integers(0, 10**13).map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)),
    latency_ms=st.floats(0, 10**6),
)


@given(_results)
def test_result_from_json_of_what_to_json_wrote_is_the_same(written: TicketResult) -> None:
    assert result_from_json(json.loads(json.dumps(written.to_json()))) == written


@given(_results)
def test_to_json_of_what_was_read_is_the_same_to_the_letter(written: TicketResult) -> None:
    document = written.to_json()

    assert json.dumps(result_from_json(document).to_json()) == json.dumps(document)


def test_result_from_json_without_a_part_names_it() -> None:
    document = result().to_json()
    del document["sentiment"]

    with pytest.raises(KeyError, match="sentiment"):
        result_from_json(document)
