"""In: field texts from patterns and from the model. Out: proof of their normalised forms, and that nothing raises."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.fields.normalize_value import normalize
from tests.unit.fields.finding import THURSDAY

TYPES = ("date", "amount", "phone", "email", "url", "card_number", "iban", "order_id", "account_id", "product", "other")


@pytest.mark.parametrize(
    ("value", "region", "expected"),
    [
        ("2026-03-03", None, "2026-03-03"),
        ("3rd of March", None, "2026-03-03"),
        ("Tuesday, March 3, 2026", None, "2026-03-03"),
        ("3. März 2026", None, "2026-03-03"),
        ("3 de mayo de 2026", None, "2026-05-03"),
        ("13/04/2026", None, "2026-04-13"),
        ("03/04/2026", None, None),
        ("03/04/2026", "US", "2026-03-04"),
        ("03/04/2026", "DE", "2026-04-03"),
        ("3.4.2026", None, "2026-04-03"),
        ("18 December", None, "2025-12-18"),
        ("6-10 February", None, "2026-02-06/2026-02-10"),
        ("yesterday", None, "2026-03-11"),
        ("tomorrow morning", None, "2026-03-13"),
        ("pasado mañana", None, "2026-03-14"),
        ("last Tuesday", None, "2026-03-10"),
        ("last Thursday", None, "2026-03-05"),
        ("next Monday", None, "2026-03-16"),
        ("next Thursday", None, "2026-03-19"),
        ("in two weeks", None, "2026-03-26"),
        ("3 days ago", None, "2026-03-09"),
        ("two years ago", None, "2024"),
        ("the 14th", None, "2026-03-14"),
        ("twenty second", None, "2026-03-22"),
        ("last week", None, "2026-W10"),
        ("end of next month", None, "2026-04-30"),
        ("June 2025", None, "2025-06"),
        ("last March", None, "2025-03"),
        ("November", None, "2025-11"),
        ("2025", None, "2025"),
        ("31 February", None, None),
        ("Monday", None, None),
        ("when I can", None, None),
        ("in about 3 weeks from whenever", None, None),
    ],
)
def test_date_is_given_in_iso_8601_as_precisely_as_written(
    value: str, region: str | None, expected: str | None
) -> None:
    assert normalize("date", value, now=THURSDAY, region=region) == expected


def test_date_that_only_dateparser_reads_is_resolved() -> None:
    assert normalize("date", "5 Oktober 26", now=THURSDAY, region=None) == "2026-10-05"


@pytest.mark.parametrize(
    ("value", "region", "number", "currency"),
    [
        ("1.299,00 €", None, "1299.00", "EUR"),
        ("$1,299", None, "1299.00", "USD"),
        ("$1,299", "CA", "1299.00", "CAD"),
        ("20 bucks", "AU", "20.00", "AUD"),
        ("€1.299", None, "1299.00", "EUR"),
        ("USD 0.018", None, "0.018", "USD"),
        ("CHF 1'299.50", None, "1299.50", "CHF"),
        ("1 299,00 €", None, "1299.00", "EUR"),
        ("-12.50 GBP", None, "-12.50", "GBP"),
        ("99p", None, "0.99", "GBP"),
        ("$1.4M", None, "1400000.00", "USD"),
        ("¥9,900", None, "9900", "JPY"),
        ("12,- €", None, "12.00", "EUR"),
        ("45 kr", "NO", "45.00", "NOK"),
        ("two hundred and ten euros", None, "210.00", "EUR"),
        ("sixty two pounds and eleven pence", None, "62.11", "GBP"),
    ],
)
def test_amount_is_given_as_decimal_and_iso_4217_code(
    value: str, region: str | None, number: str, currency: str
) -> None:
    assert normalize("amount", value, now=THURSDAY, region=region) == {"value": number, "currency": currency}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("amount", "a lot", None),
        ("amount", "9" * 60 + " €", None),
        ("phone", "+44 (0)20 7946 0188", "+442079460188"),
        ("phone", "0047 22 41 09 83", "+4722410983"),
        ("phone", "(512) 555-0147", "+15125550147"),
        ("phone", "07700 900118", None),
        ("email", "Jo@Mail.Example", "jo@mail.example"),
        ("email", "jo dot bell at mail dot example", "jo.bell@mail.example"),
        ("url", "WWW.Shop.Example/A?b=C", "https://www.shop.example/A?b=C"),
        ("url", "http://[bad", None),
        ("card_number", "4111 1111 1111 1111", "1111"),
        ("card_number", "5412 XXXX XXXX 6151", "6151"),
        ("iban", "gb82 west 1234 5698 7654 32", "GB82WEST12345698765432"),
        ("iban", "GB82 WEST 1234 5698 7654 33", None),
        ("tracking_number", "rm 6610 2284 5gb", "RM661022845GB"),
        ("order_id", " - ", None),
        ("person_name", "Jo Bell", None),
    ],
)
def test_value_is_given_in_the_one_form_of_its_type(kind: str, value: str, expected: str | None) -> None:
    assert normalize(kind, value, now=THURSDAY, region=None) == expected


@settings(deadline=None)  # the first date that needs dateparser loads its languages
@given(
    st.sampled_from(TYPES),
    st.one_of(st.text(max_size=40), st.text("0123456789/.-,'+() €$kmpa\xa0٣²", max_size=80)),
    st.sampled_from([None, "US", "gb", "ZZ"]),
)
def test_any_value_of_any_type_is_normalised_without_raising(kind: str, value: str, region: str | None) -> None:
    normalized = normalize(kind, value, now=THURSDAY, region=region)

    assert normalized is None or normalized
