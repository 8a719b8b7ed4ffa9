"""In: texts as customers write them, and hostile ones. Out: proof of what patterns find, and in linear time."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.fields.patterns import find_fields
from tests.unit.fields.finding import THURSDAY, found_in

HOSTILE_CHARS = 100_000
MAX_CPU_S = 1.0
HOSTILE_PIECES = (
    *"1@.- a(€0A_xE\n\x00\ud800😀İ٣#",
    *(
        "1 ",
        "a.",
        "1.",
        "1-",
        "@a",
        "a@a.",
        "+1",
        "€1 ",
        "1 eur ",
        "order ",
        "order A1234, ",
        "1234 ",
        "DE91 ",
        "**** ",
    ),
    *("in 2 weeks ", "1 may ", "the 1st ", "error ", "get 500 ", "https://a", "https://a)", "a.com.", "one hundred "),
    *(
        "1Z",
        "RR",
        "AaError",
        "a.a.",
        "user name: ",
        "07700 900118 ",
        "ending in 4412 ",
        "a at a dot ",
        "2026-",
        "INV-1 ",
    ),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to Jo.O'Neil+x@mail.example.", [("email", "Jo.O'Neil+x@mail.example")]),
        ("mail f dot oyelaran at brightmoor dot example", [("email", "f dot oyelaran at brightmoor dot example")]),
        ("@handle and a@b are none", []),
        ("see https://a.example/x?y=(1). Or", [("url", "https://a.example/x?y=(1)")]),
        ("(www.shop.example)", [("url", "www.shop.example")]),
        ("go to shop-x.com/track/7!", [("url", "shop-x.com/track/7")]),
        ("my package.it was late, e.g.this", []),
    ],
)
def test_web_address_in_a_sentence_is_found_without_its_punctuation(text: str, expected: list[tuple[str, str]]) -> None:
    assert found_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ring +44 20 7946 0188, please", [("phone", "+44 20 7946 0188")]),
        ("I'm on +1 (415) 555-0137 all night", [("phone", "+1 (415) 555-0137")]),
        ("my number is 07700 900418.", [("phone", "07700 900418")]),
        ("Kind regards\nJo Bell\n029 2018 0466\n", [("phone", "029 2018 0466")]),
        ("(512) 555-0147", [("phone", "(512) 555-0147")]),
        ("room 12, 10.0.0.12, 2026-03-03x, v1.2.3", []),
    ],
)
def test_phone_number_with_prefix_name_or_national_form_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert found_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("card 4111 1111 1111 1111 exp 12/27", [("card_number", "4111 1111 1111 1111")]),
        ("number 4111 1111 1111 1112", []),
        ("my card 4111 1111 1111 1112", [("card_number", "4111 1111 1111 1112")]),
        ("IMEI 356938035643809", []),
        ("on (**** 4412)", [("card_number", "**** 4412")]),
        ("xxxx-xxxx-xxxx-1234", [("card_number", "xxxx-xxxx-xxxx-1234")]),
        ("the card ending in 4412.", [("card_number", "4412")]),
        ("a parcel ending in 4412", []),
        ("to GB82 WEST 1234 5698 7654 32 please", [("iban", "GB82 WEST 1234 5698 7654 32")]),
        ("iban gb82west12345698765432", [("iban", "gb82west12345698765432")]),
        ("VAT DE123456789", []),
    ],
)
def test_payment_number_is_found_by_check_mask_or_words(text: str, expected: list[tuple[str, str]]) -> None:
    assert found_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"paid {amount} twice", [("amount", amount)])
        for amount in (
            *("20 bucks", "1.299,00 €", "$1,299", "EUR 45", "-12.50 GBP", "50 quid", "99p", "CHF 1'299.50", "$1.4M"),
            *("12 zł", "R$ 780", "€ 62,00", "¥9,900", "twenty-five euros", "twelve pounds fifty", "45eur"),
        )
    ]
    + [
        ("20 pounds of flour, 20 ft, 12%, 3 items", []),
        ("PLEASE TRY 2 TIMES", []),
        ("from $99/month", [("amount", "$99")]),
    ],
)
def test_amount_with_currency_is_found_as_written(text: str, expected: list[tuple[str, str]]) -> None:
    assert found_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"it was {date}, I think", [("date", date)])
        for date in (
            *("3 March 2026", "March 3rd", "3rd of March", "2026-03-03", "03/03/2026", "3.3.2026", "Tue, 3 Mar 2026"),
            *("yesterday", "last Tuesday", "next Monday", "this morning", "three weeks ago", "Thursday evening"),
            *("3. März 2026", "le 3 mars".removeprefix("le "), "3 de mayo", "gestern", "übermorgen", "wczoraj"),
        )
    ]
    + [
        ("in March, June 2025 and since 2019", [("date", "March"), ("date", "June 2025"), ("date", "2019")]),
        ("it arrives in two weeks", [("date", "in two weeks")]),
        ("sorted in two weeks, for two weeks", []),
        ("may I march in? Hello June, it may be so", []),
        ("at 10:30, for 20 minutes, this summer, the 3rd time", []),
        ("due on the 14th.", [("date", "14th")]),
        ("first failure: 2026-02-11T03:42:07Z", [("date", "2026-02-11")]),
    ],
)
def test_calendar_expression_is_found_and_times_and_durations_are_not(
    text: str, expected: list[tuple[str, str]]
) -> None:
    assert found_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Order no. KVT-7719-0043 please", [("order_id", "KVT-7719-0043")]),
        ("order kvt-9002-7714", [("order_id", "kvt-9002-7714")]),
        ("order #123", [("order_id", "123")]),
        ("RMA: RMA-60713", [("order_id", "RMA-60713")]),
        ("meine Bestellung 1234567", [("order_id", "1234567")]),
        ("booking QWERTY", [("order_id", "QWERTY")]),
        ("booking PLEASE, order 2 mugs, an order of 5000", []),
        ("invoices SW-118-0021 and SW-118-0034", [("invoice_id", "SW-118-0021"), ("invoice_id", "SW-118-0034")]),
        ("see INV-2024-001", [("invoice_id", "INV-2024-001")]),
        ("Rechnung RE-2026-01944", [("invoice_id", "RE-2026-01944")]),
        ("VT-880412 again: order VT-880412", [("order_id", "VT-880412"), ("order_id", "VT-880412")]),
        ("customer no: 70023318", [("account_id", "70023318")]),
        ("Account HX 5501 8834", [("account_id", "HX 5501 8834")]),
        ("my user name is greta.wanders", [("account_id", "greta.wanders")]),
        ("user name and password", []),
        ("claim 88-1204, ticket 55812, case 2026-3318, meter 5512345, VIN WVWZZZ1J", []),
        ("RR123456785GB", [("tracking_number", "RR123456785GB")]),
        ("1Z999AA10123456784", [("tracking_number", "1Z999AA10123456784")]),
        ("tracking RM 6610 2284 5GB", [("tracking_number", "RM 6610 2284 5GB")]),
        ("parcel number 5043 8810 2277", [("tracking_number", "5043 8810 2277")]),
    ],
)
def test_identifier_is_found_by_announcing_word_shape_or_repetition(text: str, expected: list[tuple[str, str]]) -> None:
    assert found_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HTTP 502", ["502"]),
        ("we get 503 from the api", ["503"]),
        ("a 404 not found page", ["404"]),
        ("error code 1023", ["1023"]),
        ("the display shows E-07", ["E-07"]),
        ("0x80070057 and ORA-00942", ["0x80070057", "ORA-00942"]),
        ("java.lang.NullPointerException", ["java.lang.NullPointerException"]),
        ("ERR_SSL_PROTOCOL, ETIMEDOUT", ["ERR_SSL_PROTOCOL", "ETIMEDOUT"]),
        ("SQLSTATE[42S02]", ["42S02"]),
        ("promo code SAVE-20, HTTP 200, an Error, 500 people", []),
    ],
)
def test_error_code_is_found_without_the_word_before_it(text: str, expected: list[str]) -> None:
    assert found_in(text) == [("error_code", code) for code in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("account GB82 WEST 1234 5698 7654 32", "iban"),
        ("order 4111111111111111", "card_number"),
        ("customer jo@mail.example", "email"),
        ("tracking 1Z999AA10123456784", "tracking_number"),
        ("call +44 20 7946 0188", "phone"),
    ],
)
def test_overlap_of_two_families_is_decided_for_the_stronger_check(text: str, expected: str) -> None:
    assert [kind for kind, _ in found_in(text)] == [expected]


def test_ticket_with_many_fields_keeps_them_all_in_order() -> None:
    text = (
        "Order KVT-7719: I paid £42.50 on 3 March with card **** 4412, and the app says error 504.\n"
        "Please reply to jo@mail.example or call +44 20 7946 0188."
    )

    found = found_in(text)

    assert [kind for kind, _ in found] == ["order_id", "amount", "date", "card_number", "error_code", "email", "phone"]


def test_weekday_behind_by_or_since_is_resolved_and_a_bare_one_is_not() -> None:
    text = "by Friday, since Tuesday, on Sunday"

    spans = find_fields(text, now=THURSDAY, region=None)

    assert [span.normalized for span in spans] == ["2026-03-13", "2026-03-10", None]


def test_region_decides_the_order_of_day_and_month_and_the_country_of_a_phone() -> None:
    text = "on 03/04/2026 call 020 7946 0188"

    british = [span.normalized for span in find_fields(text, now=THURSDAY, region="gb")]
    unknown = [span.normalized for span in find_fields(text, now=THURSDAY, region=None)]

    assert british == ["2026-04-03", "+442079460188"]
    assert unknown == [None, None]


def test_offsets_behind_a_character_with_a_longer_lower_case_stay_true() -> None:
    assert found_in("İİİ order KVT-7719, 3 March") == [("order_id", "KVT-7719"), ("date", "3 March")]


@settings(deadline=None)  # the first date that needs dateparser loads its languages
@given(
    st.lists(st.one_of(st.sampled_from(HOSTILE_PIECES), st.text(max_size=6)), max_size=30).map("".join),
    st.sampled_from([None, "GB", "US", "de", "ZZ"]),
)
def test_any_text_gives_sorted_fields_without_overlap(text: str, region: str | None) -> None:
    spans = find_fields(text, now=THURSDAY, region=region)

    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(left.end <= right.start for left, right in itertools.pairwise(spans))
    assert all(0 < span.confidence < 1 and span.source == "pattern" for span in spans)


@pytest.mark.parametrize("piece", HOSTILE_PIECES)
def test_hostile_repetition_of_100_000_characters_takes_under_a_second(piece: str) -> None:
    text = (piece * (HOSTILE_CHARS // len(piece) + 1))[:HOSTILE_CHARS]
    started = time.process_time()

    find_fields(text, now=THURSDAY, region=None)

    assert time.process_time() - started < MAX_CPU_S


def test_url_with_a_hundred_thousand_brackets_behind_it_takes_under_a_second() -> None:
    text = "https://a.example/" + ")" * HOSTILE_CHARS
    started = time.process_time()

    find_fields(text, now=THURSDAY, region=None)

    assert time.process_time() - started < MAX_CPU_S
