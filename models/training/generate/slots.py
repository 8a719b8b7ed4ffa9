"""In: a random generator. Out: one value of a field type as a customer would write it; `MAKERS` has one a type.

Nothing here raises. Names of people, places and streets come from ``phrases/slots.toml``; companies and products are
composed or spelt from syllables, so that a model cannot learn them by heart.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

from models.training.generate.dates import make_date
from models.training.generate.identifiers import (
    fill,
    make_account_id,
    make_card_number,
    make_error_code,
    make_iban,
    make_invoice_id,
    make_order_id,
    make_tracking_number,
)
from models.training.generate.words import words

Maker = Callable[[random.Random], str]


def make_first_name(rng: random.Random) -> str:
    """A given name."""
    return rng.choice(words("first_names"))


def make_last_name(rng: random.Random) -> str:
    """A family name, now and then a double one."""
    name = rng.choice(words("last_names"))
    return f"{name}-{rng.choice(words('last_names'))}" if rng.random() < 0.06 else name


def make_full_name(rng: random.Random) -> str:
    """Given and family name, with an initial, a middle name or the family name first now and then."""
    first, last = make_first_name(rng), make_last_name(rng)
    style = rng.random()
    if style < 0.05:
        return f"{first[0]}. {last}"
    if style < 0.09:
        return f"{first} {rng.choice('ABCDEFGHJKLMPRST')}. {last}"
    if style < 0.12:
        return f"{first} {make_first_name(rng)} {last}"
    if style < 0.14:
        return f"{last}, {first}"
    return f"{first} {last}"


def make_person_name(rng: random.Random) -> str:
    """A given name, a family name or both."""
    return rng.choice((make_full_name, make_full_name, make_full_name, make_first_name))(rng)


def make_invented_word(rng: random.Random) -> str:
    """A word that no dictionary has."""
    body = "".join(rng.choice(words("onsets")) + rng.choice(words("vowels")) for _ in range(rng.choice((1, 1, 2))))
    return (body + rng.choice(words("codas")) + rng.choice(("", "", rng.choice(words("word_ends"))))).capitalize()


def make_organization(rng: random.Random) -> str:
    """A company, bank, carrier, shop or public body."""
    word, noun = make_invented_word(rng), rng.choice(words("org_nouns"))
    plain, adjective = rng.choice(words("org_words")), rng.choice(words("org_adjectives"))
    last, other = rng.choice(words("last_names")), rng.choice(words("last_names"))
    return rng.choice(
        (
            word,
            word,
            word,
            f"{word} {noun}",
            f"{word}{plain.lower()}",
            f"{plain}{rng.choice(words('org_words')).lower()}",
            f"{plain} & {rng.choice(words('org_words'))}",
            f"{adjective} {noun}",
            f"{adjective} {plain} {noun}",
            f"{plain} {noun}",
            f"{last} & {other}",
            f"{last} {noun} {rng.choice(words('org_suffixes'))}",
            f"{word} {rng.choice(words('org_suffixes'))}",
            f"{last} {rng.choice(words('org_suffixes'))}",
            f"{word.upper()[:4]} {noun}",
        )
    )


def make_product(rng: random.Random) -> str:
    """A named product: a device with its model, a garment, a game, an app."""
    word, series = make_invented_word(rng), rng.choice(words("product_series"))
    noun, plain = rng.choice(words("product_nouns")), rng.choice(words("org_words"))
    return rng.choice(
        (
            f"{word} {series}",
            f"{word} {rng.randint(2, 14)}",
            f"{word} {series} {rng.randint(2, 900)}",
            f"{word} {fill(rng.choice(('A##', 'AA-###', 'A###', '####', 'A#')), rng)}",
            f"{word} {noun}",
            f"{plain} {noun}",
            f"{plain} {series}",
            f"{word} {rng.choice(words('feature_words'))}",
            f"{plain} {rng.choice(words('feature_words'))}",
            f"{word}{rng.choice(words('feature_words')).lower()}",
            word,
        )
    )


def make_plan(rng: random.Random) -> str:
    """A named plan, tariff, membership or policy."""
    word, plan = rng.choice((make_invented_word(rng), rng.choice(words("org_words")))), rng.choice(words("plan_words"))
    return rng.choice(
        (
            f"{word} {plan}",
            f"{plan} {rng.choice(words('plan_nouns'))}",
            f"{word} {plan}",
            f"{word} {rng.choice((50, 100, 150, 250, 500, 1000))}",
            f"{word} {rng.choice(words('plan_nouns'))}",
        )
    )


def make_amount(rng: random.Random) -> str:
    """Money with its currency, in the ways of several countries."""
    cents = rng.choice((0, 0, 99, 50, rng.randrange(100)))
    whole = int(10 ** rng.uniform(0.5, 4))
    english = (
        f"{whole:,}.{cents:02}" if cents or rng.random() < 0.4 else f"{whole:,}" if rng.random() < 0.7 else f"{whole}"
    )
    european = english.replace(",", " ").replace(".", ",").replace(" ", ".")
    return rng.choice(
        (
            f"£{english}", f"${english}", f"€{english}", f"${english}", f"£{english}", f"US${english}", f"A${english}",
            f"{european} €", f"{european}€", f"€ {european}", f"EUR {european}", f"{european} EUR", f"{english} euros",
            f"{english} USD", f"USD {english}", f"GBP {english}", f"{whole} pounds", f"{whole} dollars",
            f"{whole} euro", f"₹{english}", f"Rs {whole}", f"Rs. {english}", f"{whole} quid", f"{whole} bucks",
            f"CHF {english}", f"{whole} kr", f"SEK {whole}", f"¥{whole * 10:,}", f"{european} zł", f"R$ {european}",
            f"{whole}$",
        )
    )  # fmt: skip


def make_phone(rng: random.Random) -> str:
    """A phone number, mostly from ranges set aside for fiction."""
    return fill(
        rng.choice(
            (
                "07700 900###", "+44 7700 900###", "020 7946 0###", "+44 20 7946 0###", "0117 496 0###", "01632 960###",
                "(###) 555-01##", "+1 ### 555 01##", "+1-###-555-01##", "###-555-01##", "###.555.01##",
                "+49 30 23125 ###", "030 23125###", "0171 39200##", "+33 6 39 98 ## ##", "06 39 98 ## ##",
                "+31 6 1#######", "06-1#######", "+91 98### #####", "98########", "+353 20 915 5###", "+34 612 ### ###",
                "+61 491 570 ###", "+48 60# ### ###", "+41 44 555 ## ##", "+43 664 555 0###", "+27 21 555 0###",
            )
        ),
        rng,
    )  # fmt: skip


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(char for char in plain.lower() if char.isalnum())


def make_email(rng: random.Random) -> str:
    """An e-mail address, on a host that does not exist."""
    first, last, word = _ascii(make_first_name(rng)), _ascii(make_last_name(rng)), _ascii(make_invented_word(rng))
    host = rng.choice((rng.choice(words("mail_hosts")), f"{word}.{rng.choice(words('top_levels'))}"))
    local = rng.choice(
        (f"{first}.{last}", f"{first}{rng.randint(1, 99)}", f"{first[:1]}{last}", f"{first}_{last}", first,
         f"{last}.{first}", "info", "accounts", "billing", f"{first}+{word}")
    )  # fmt: skip
    return f"{local}@{host}"


def make_url(rng: random.Random) -> str:
    """A web address, with or without scheme and path."""
    host = f"{_ascii(make_invented_word(rng))}{rng.choice(('', '', '-app', '-shop'))}.{rng.choice(words('top_levels'))}"
    start = rng.choice(("https://", "https://", "http://", "www.", "https://www.", "https://app.", ""))
    path = f"/{rng.choice(words('paths'))}" if rng.random() < 0.65 or not start else ""
    return f"{start}{host}{path}"


def _uk_address(rng: random.Random, number: int) -> str:
    street = f"{number} {rng.choice(words('street_names'))} {rng.choice(words('streets_uk'))}"
    city = fill(rng.choice(words("cities_uk")).replace("A", "Å"), rng).replace("Å", "A")
    flat = rng.choice(("", "", "", f"Flat {rng.randint(1, 40)}, ", f"Unit {rng.randint(1, 20)}, "))
    return f"{flat}{street}, {city} {fill('#', rng)}{rng.choice('ABDEFGHJ')}{rng.choice('LNPQRSTUWXYZ')}"


def _us_address(rng: random.Random, number: int) -> str:
    street = f"{number * 7} {rng.choice(words('street_names'))} {rng.choice(words('streets_us'))}"
    apartment = rng.choice(
        ("", "", f" Apt {rng.randint(1, 40)}", f" #{rng.randint(1, 30)}", f", Suite {rng.randint(100, 900)}")
    )
    return f"{street}{apartment}, {rng.choice(words('cities_us'))} {fill('#####', rng)}"


def _european_address(rng: random.Random, number: int) -> str:
    house = number % 180 + 1
    area = (
        f"Flat {house}, {rng.choice(words('areas_in'))}, {fill(rng.choice(words('cities_in')).replace('A', 'Å'), rng)}"
    )
    return rng.choice(
        (
            f"{rng.choice(words('streets_de'))} {house}, {rng.choice(words('cities_de'))}",
            f"{house} {rng.choice(words('streets_fr'))}, {rng.choice(words('cities_fr'))}",
            f"{rng.choice(words('streets_nl'))} {house}, {fill('####', rng)} AB {rng.choice(words('cities_nl'))}",
            area.replace("Å", "A"),
            rng.choice(words("streets_other")).replace("@", str(house)),
            rng.choice(words("po_boxes")).replace("@", str(number * 3)),
        )
    )


def make_postal_address(rng: random.Random) -> str:
    """A street address of one of some twenty countries, on one line or several."""
    address = rng.choice((_uk_address, _uk_address, _us_address, _european_address, _european_address))(
        rng, rng.randint(1, 320)
    )
    return address.replace(", ", "\n") if rng.random() < 0.12 else address


MAKERS: Final[Mapping[str, Maker]] = {
    "person_name": make_person_name,
    "organization": make_organization,
    "email": make_email,
    "phone": make_phone,
    "url": make_url,
    "postal_address": make_postal_address,
    "order_id": make_order_id,
    "invoice_id": make_invoice_id,
    "tracking_number": make_tracking_number,
    "account_id": make_account_id,
    "product": make_product,
    "amount": make_amount,
    "date": make_date,
    "error_code": make_error_code,
    "card_number": make_card_number,
    "iban": make_iban,
}
