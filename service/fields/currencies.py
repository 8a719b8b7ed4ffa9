"""In: nothing. Out: how currencies and numbers are written, as tables: sign, code or word to ISO 4217; word to number.

A currency of "$", "¥" or "kr" is the customer's own where its region says so, else the one that most people mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.fields.family import words_of

SIGNS: Final[Mapping[str, str]] = {
    "€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY", "₹": "INR", "₺": "TRY", "₽": "RUB", "₩": "KRW", "₪": "ILS",
    "฿": "THB", "₫": "VND", "₴": "UAH", "₦": "NGN", "₱": "PHP", "us$": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD",
    "ca$": "CAD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "sg$": "SGD", "mx$": "MXN", "r$": "BRL", "nt$": "TWD",
    "kč": "CZK", "zł": "PLN", "元": "CNY", "円": "JPY",
}  # fmt: skip
CODES: Final = words_of(
    "eur usd gbp chf sek nok dkk pln czk huf ron bgn aud cad nzd sgd hkd jpy cny inr brl mxn zar ils aed sar krw",
    "thb idr myr vnd rub uah ngn kes ghs egp clp ars twd isk",
)
WORDS: Final[Mapping[str, str]] = {
    "euro": "EUR", "euros": "EUR", "eurot": "EUR", "dollar": "USD", "dollars": "USD", "dólares": "USD", "bucks": "USD",
    "buck": "USD", "pound": "GBP", "pounds": "GBP", "quid": "GBP", "sterling": "GBP", "pence": "GBP", "cents": "USD",
    "cent": "EUR", "ct": "EUR", "złotych": "PLN", "złoty": "PLN", "złote": "PLN", "zloty": "PLN", "zlotych": "PLN",
    "zl": "PLN", "pln": "PLN", "kr": "SEK", "kr.": "SEK", "kronor": "SEK", "kroner": "NOK", "kronen": "NOK",
    "franken": "CHF", "francs": "CHF", "sfr.": "CHF", "fr.": "CHF", "rupees": "INR", "rs": "INR", "yen": "JPY",
    "rs.": "INR", "yuan": "CNY",
    "reais": "BRL", "pesos": "MXN", "lei": "RON", "forint": "HUF", "ft": "HUF", "shekels": "ILS",
    "liras": "TRY", "lira": "TRY", "naira": "NGN", "rand": "ZAR", "dirhams": "AED", "€uros": "EUR",
}  # fmt: skip
HUNDREDTH_WORDS: Final = frozenset(("pence", "p", "cent", "cents", "ct"))
REGIONAL: Final = frozenset(
    words_of(
        "$ dollar dollars bucks buck ¥ kr kr. pesos rs rs. cents cent ct fr. francs",
    )
)
SPOKEN_CURRENCIES: Final = ("pounds", "pound", "euros", "euro", "dollars", "dollar", "bucks", "quid", "francs", "pence",
                            "cents", "rupees", "yen")  # fmt: skip
NUMBER_WORDS: Final[Mapping[str, int]] = {
    word: number
    for number, word in enumerate(
        words_of(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen",
    "seventeen eighteen nineteen",
)
    )
} | {
    "a": 1, "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1_000, "million": 1_000_000,
}  # fmt: skip
