"""In: the queries that `docs/store.md` gives to support managers. Out: each runs on the real schema; some answers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.store.store import Store
from service.store.values import StoredDecision
from tests.integration.store.conftest import Query
from tests.unit.store.samples import decision, field

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)]

_DOCUMENT = Path(__file__).parents[3] / "docs" / "store.md"
_QUERIES: list[tuple[str, str]] = re.findall(
    r"\n([^\n]+)\n\n```sql\n(.+?);\n```", _DOCUMENT.read_text(encoding="utf-8"), re.DOTALL
)


def _query_about(word: str) -> str:
    return next(statement for question, statement in _QUERIES if word in question)


def _category(stored: StoredDecision, label: str) -> StoredDecision:
    return replace(stored, result=replace(stored.result, category=replace(stored.result.category, label=label)))


@pytest.mark.parametrize("statement", [pytest.param(statement, id=question) for question, statement in _QUERIES])
def test_documented_query_runs(query: Query, statement: str) -> None:
    assert query(statement) == []


def test_documented_query_for_an_order_finds_its_tickets(store: Store, query: Query) -> None:
    store.record_results([decision("a", fields=[field("A-1001")]), decision("b", fields=[field("A-1002")])])

    assert query(_query_about("this order")) == [("a", 1)]


def test_documented_query_for_high_refunds_reads_the_normalised_amount(store: Store, query: Query) -> None:
    high = decision("a", fields=[field("1.200,00 €", {"value": "1200.00", "currency": "EUR"}, "amount")])
    low = decision("b", fields=[field("12 €", {"value": "12.00", "currency": "EUR"}, "amount")])
    store.record_results([_category(high, "refund"), _category(low, "refund")])

    assert query(_query_about("Refunds")) == [("a", "1200.00", "EUR")]


def test_documented_query_for_new_error_codes_leaves_out_yesterdays(store: Store, query: Query) -> None:
    today = datetime.now(UTC)
    yesterday = today - timedelta(days=1)
    spotted = [("a", "E-1", yesterday), ("b", "E-1", today), ("c", "E-2", today)]

    for ticket_id, code, moment in spotted:
        sample = decision(ticket_id, fields=[field(code, kind="error_code")])
        store.record_results([replace(sample, result=replace(sample.result, processed_at=moment))])

    assert query(_query_about("error codes")) == [("E-2", 1)]


def test_documented_query_for_corrections_compares_with_the_model_before(store: Store, query: Query) -> None:
    corrected = _category(decision("a", 2), "refund")
    store.record_results([decision("a"), replace(corrected, result=replace(corrected.result, decided_by="human"))])

    assert query(_query_about("otherwise")) == [("billing", "refund", 1)]
