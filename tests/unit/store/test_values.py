"""In: values of the store. Out: they refuse naive times, hide text, and are the same for the same record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from service.store.values import StoredEvent
from tests.unit.store.samples import NOW, dead_letter, decision


@pytest.mark.parametrize("moment", [datetime(2026, 3, 3), NOW.astimezone(timezone(timedelta(hours=2)))])  # noqa: DTZ001
def test_stored_decision_with_a_time_not_in_utc_is_refused(moment: datetime) -> None:
    with pytest.raises(ValueError, match="received_at must be aware and in UTC"):
        replace(decision(), received_at=moment)


def test_dead_letter_id_depends_on_the_coordinates_only() -> None:
    first, again, other = dead_letter(7), dead_letter(7, detail="another"), dead_letter(8)

    assert first.id == again.id
    assert first.id != other.id


def test_repr_of_values_shows_no_text_of_a_customer() -> None:
    shown = repr(dead_letter()) + repr(StoredEvent(decision().event_id, {"value": "SECRET"}))

    assert "traceparent" not in shown
    assert "body\\" not in shown
    assert "SECRET" not in shown
