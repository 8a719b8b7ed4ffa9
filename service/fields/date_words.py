"""In: nothing. Out: the words of calendar expressions, and the patterns of written dates for finders and readers.

The languages are English, German, French, Spanish, Italian, Dutch, Portuguese and Polish. Abbreviations that
are common words of another of these languages ("out", "set", "ago") are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from service.fields.family import any_of, words_of

_MONTH_ROWS: Final = (
    "january jan januar jän januari janvier janv enero ene gennaio janeiro stycznia styczeń styczniu",
    "february feb febr februar februari février fevrier févr febrero febbraio fevereiro fev lutego luty lutym",
    "march mar märz maerz mrz maart mrt mars marzo março marca marzec marcu",
    "april apr avril avr abril abr aprile kwietnia kwiecień kwietniu",
    "may mai mei mayo maggio maio maja maj maju",
    "june jun juni juin junio giugno junho czerwca czerwiec czerwcu",
    "july jul juli juillet juil julio luglio julho lipca lipiec lipcu",
    "august aug augustus août aout agosto sierpnia sierpień sierpniu",
    "september sept sep septembre septiembre settembre setembro września wrzesień wrześniu",
    "october oct oktober okt octobre octubre ottobre outubro października październik październiku",
    "november nov novembre noviembre novembro listopada listopad listopadzie",
    "december dec dezember dez décembre decembre déc diciembre dic dicembre dezembro grudnia grudzień grudniu",
)
_WEEKDAY_ROWS: Final = (
    "monday mon montag lundi lunes lunedì segunda-feira maandag poniedziałek",
    "tuesday tue tues dienstag mardi martes martedì terça-feira dinsdag wtorek",
    "wednesday wed weds mittwoch mercredi miércoles mercoledì quarta-feira woensdag środa środę",
    "thursday thu thur thurs donnerstag jeudi jueves giovedì quinta-feira donderdag czwartek",
    "friday fri freitag vendredi viernes venerdì sexta-feira vrijdag piątek",
    "saturday sat samstag sonnabend samedi sábado sabato zaterdag sobota sobotę",
    "sunday sun sonntag dimanche domingo domenica zondag niedziela niedzielę",
)
MONTHS: Final[Mapping[str, int]] = {word: n for n, row in enumerate(_MONTH_ROWS, 1) for word in row.split()}
WEEKDAYS: Final[Mapping[str, int]] = {word: n for n, row in enumerate(_WEEKDAY_ROWS) for word in row.split()}
SHORT_WEEKDAYS: Final = frozenset(words_of("mon tue tues wed weds thu thur thurs fri sat sun"))
DAY_OFFSETS: Final[Mapping[str, int]] = {
    "today": 0, "tonight": 0, "yesterday": -1, "tomorrow": 1, "tmrw": 1, "tmr": 1, "tmrrw": 1, "tomorow": 1, "2moro": 1,
    "last night": -1, "day after tomorrow": 2, "day before yesterday": -2,
    "heute": 0, "gestern": -1, "vorgestern": -2, "morgen": 1, "übermorgen": 2,
    "aujourd'hui": 0, "aujourd’hui": 0, "hier": -1, "avant-hier": -2, "demain": 1, "après-demain": 2,
    "hoy": 0, "ayer": -1, "anteayer": -2, "mañana": 1, "pasado mañana": 2,
    "oggi": 0, "ieri": -1, "domani": 1, "dopodomani": 2, "hoje": 0, "ontem": -1, "anteontem": -2, "amanhã": 1,
    "vandaag": 0, "gisteren": -1, "eergisteren": -2, "overmorgen": 2,
    "dzisiaj": 0, "dziś": 0, "wczoraj": -1, "przedwczoraj": -2, "jutro": 1, "pojutrze": 2,
}  # fmt: skip
ORDINALS: Final[Mapping[str, int]] = {
    word: number
    for number, word in enumerate(
        words_of(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth",
            "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third",
            "twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first",
        ),
        1,
    )
}
COUNTS: Final[Mapping[str, int]] = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "couple of": 2, "a couple of": 2,
}  # fmt: skip
HOLIDAYS: Final[Mapping[str, tuple[int, int]]] = {
    "christmas": (12, 25), "christmas day": (12, 25), "christmas eve": (12, 24), "boxing day": (12, 26),
    "xmas": (12, 25),
    "new year's eve": (12, 31), "new year's day": (1, 1), "valentine's day": (2, 14),
    "weihnachten": (12, 25),
    "noël": (12, 25), "halloween": (10, 31),
}  # fmt: skip


_MONTH: Final = any_of(MONTHS)
_WEEKDAY: Final = any_of(WEEKDAYS)
_DAY: Final = r"(?:3[01]|[12]\d|0?[1-9])"
_YEAR: Final = r"(?:19|20)\d\d"
DATED: Final = re.compile(
    rf"(?<![\w/@#$€£_-])(?<!\d[.,:])(?:(?:{_WEEKDAY})\.?,?\s(?:the\s|den\s|le\s)?)?(?:"
    rf"(?P<iso_year>{_YEAR})(?P<iso_gap>[-/.])(?P<iso_month>0?[1-9]|1[0-2])(?P=iso_gap)(?P<iso_day>{_DAY})(?=$|[^\w.,/-]|[.,](?!\d)|t\d\d:)"
    rf"|(?P<first>{_DAY})(?P<gap>[-/.])(?P<second>{_DAY})(?P=gap)(?P<numeric_year>{_YEAR}|\d\d)(?![\w/-]|[.,:]\d)"
    rf"|(?:(?P<from_day>{_DAY})(?:st|nd|rd|th|\.)?(?:\s?[-–]\s?|\sto\s|\sbis\s))?"
    rf"(?P<day>{_DAY})(?:st|nd|rd|th|er|º|ª|°|\.)?[\s-]{{0,2}}(?:(?:of|de|di)\s)?(?P<month>{_MONTH})(?!\w)"
    rf"(?:\.?,?[\s-](?:de\s|of\s)?(?P<year>{_YEAR}|'\d\d)(?![\w/-]|[.,:]\d))?"
    r")"
)
MONTH_FIRST: Final = re.compile(
    rf"(?<![\w/@-])(?:(?:{_WEEKDAY})\.?,?\s)?(?P<month>{_MONTH})(?!\w)(?:"
    rf"(?:\s|(?<=\b[a-z]{{3}})\.\s)(?:the\s)?(?P<day>{_DAY})(?:st|nd|rd|th)?(?:\s?[-–]\s?{_DAY})?(?![\w/-]|[.,:]\d)(?:,?\s(?P<day_year>{_YEAR})(?![\w/-]|[.,:]\d))?"
    rf"|\.?,?\s(?:de\s|of\s)?(?P<year>{_YEAR})(?![\w/-]|[.,:]\d))"
)
SPELLED_DAY: Final = re.compile(
    rf"(?<!\w)(?P<ordinal>{any_of(ORDINALS)})\s(?:of\s)?(?P<month>{_MONTH})(?!\w)(?:,?\s(?P<year>{_YEAR})(?!\w))?"
)
