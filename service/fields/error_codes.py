"""In: the clues of a text. Out: candidates for error codes, status numbers and exception names.

Raises nothing. Some codes describe themselves (0x80070057, ORA-00942, ETIMEDOUT, SomethingException, ERR_SSL_PROTOCOL);
others need a word before them ("error 504", "display shows E-07") or behind ("502 bad gateway").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from service.fields.family import ERROR_NAMED, ERROR_SHAPED, Candidate, Clues, any_of, words_of

_ERRNO: Final = words_of(
    "ETIMEDOUT ECONNREFUSED ECONNRESET ECONNABORTED ENOTFOUND ENOENT EACCES EPIPE EPERM EADDRINUSE EHOSTUNREACH",
    "EAI_AGAIN",
)
_ERRNO_WORDS: Final = frozenset(name.lower() for name in _ERRNO)
_SHAPED = re.compile(
    r"(?<![\w/#@-])(?:"
    r"0[xX][0-9a-fA-F]{2,16}"
    r"|(?:[A-Z]{2,16}::)?[A-Z][A-Z0-9]{1,24}(?:_[A-Z0-9]{1,24}){1,8}"
    r"|(?:[a-z]\w{0,32}\.){0,8}(?:[A-Z][a-z0-9]{0,24}){1,8}(?:Exception|Error)"
    r"|(?:ORA|TNS|PLS|SQL|IMAP|SMTP|DNS|SSL|TLS|KB|ERR|ERROR|MSIS|AADSTS)-?\d{2,8}(?:-[A-Z0-9]{1,6})?"
    rf"|{any_of(_ERRNO)}"
    r")(?![\w@/])"
)
_LINK = r"(?:[ \t\xa0]?(?:[:=#(\[\"'“„«]|(?:is|was|are|now|only|just|ist|est|es|é)(?![\w'])|[ \t\xa0])){0,6}"
# Letters and digits with a mark between, or behind an E alone: as devices and apps show them.
_MARKED = (
    r"(?!HTTP)[A-Z]{1,12}(?:[-_](?:0x)?|(?<=E))[0-9A-F]{1,10}(?:[-_][A-Z0-9]{1,8}){0,3}"
    r"|[A-Z]{2,5} \d{2,5}|[A-Z]{2,16}(?:-[A-Z0-9]{1,16}){1,4}(?<=\d)"
)
_BARE = (
    r"(?!HTTP)[A-Z]{1,12}[-_ ]?\d{1,10}(?:[-._/][A-Z0-9]{1,8}){0,3}|0[xX][0-9A-Fa-f]{1,16}"
    r"|\d{3,10}(?:[ .-]\d{1,4}(?!\d)){0,3}|[a-z]{2,24}(?:_[a-z0-9]{1,24}){1,6}"
)
_ENDS = r"(?![\w%@]|[.,:/-]\w|[ \t]?[€£$])"
_NAMED_CODE = re.compile(rf"{_LINK}(?P<code>{_MARKED}|{_BARE}){_ENDS}")
_SHOWN_CODE = re.compile(rf"{_LINK}(?P<code>{_MARKED}){_ENDS}")
_NAMED = re.compile(
    r"(?P<status>https?(?:/\d\.\d)?[ -]?(?:status|error|code|response)?(?: code)?|status(?:[ _-]code)?)"
    r"|(?:last[ _])?(?:error|err|fault|errors|exception|fehler|erreur|errore|erro|alarm|błąd|błędu|foutmelding)"
    r"(?:[ _-]?(?:code|message|no\.?|number|nr\.?|id))?"
    r"|(?:diagnostic|reason|exit|stop|response|decline|return|failure|result|bounce|rejection|sql)[ _]?code|fehlercode"
    r"|fehlernummer|fehlermeldung|foutcode|code d['’]erreur|código de erro[r]?|codice (?:di )?errore|kod(?:em)? błędu"
    r"|code shown"
)
_NAMED_STARTS: Final = frozenset(words_of(
    "http https last error err fault errors exception fehler erreur errore erro alarm błąd błędu status foutmelding",
    "diagnostic reason exit stop response decline return failure result bounce rejection sql fehlercode",
    "fehlernummer fehlermeldung foutcode code código codice kod kodem last_error error_code error_message",
    "status_code exit_code reason_code decline_code return_code http_status",
))  # fmt: skip
_SHOWN = re.compile(
    r"(?:shows|showing|shown|displays|displaying|says|saying|blinks|blinking|flashes|flashing|erscheint|zeigt|affiche"
    r"|muestra|kodem|rejected as|display|code|pokazuje|toont|mostra)(?: me)?(?: the)?(?: code)?"
)
_SHOWN_STARTS: Final = frozenset(words_of(
    "shows showing shown displays displaying says saying blinks blinking flashes flashing erscheint zeigt affiche",
    "muestra kodem rejected display code pokazuje toont mostra",
))  # fmt: skip
_OTHER_CODE = re.compile(
    r"(?:promo|discount|voucher|gift|coupon|post|zip|access|area|booking|confirmation|referral|redeem|security|sort|dress"
    r"|product|tracking|customer|activation|unlock|invite|pin|qr|agency|member|account|order|dealer|partner|tax)[ -]?$"
)
_STATUS = r"(?:40[0-9]|41[0-8]|42[2-9]|431|451|50[0-8]|511|52[0-7])"
_ANSWERED = re.compile(
    r"(?:returns?|returned|returning|answer(?:s|ed|ing)|throw(?:s|ing|n)?|threw|respond(?:s|ed|ing) with|get(?:s|ting)?"
    rf"|got|gives?|giving|gave|fail(?:s|ed|ing) with|serv(?:es|ing))\s(?:an? |only |me |us |http )?(?P<code>{_STATUS})"
    r"(?=\s(?:errors?|conflict|bad|not|forbidden|unauthori[sz]ed|internal|gateway|too|service|timeout|to|on|in|for|from"
    r"|since|every|all|when|whenever|and|or)(?!\w)|s?[.,;:!?)]?(?:\s|$))(?!\s?\d)"
)
_ANSWERED_STARTS: Final = frozenset(words_of(
    "returns return returned returning answers answered answering throws throwing thrown threw throw responds",
    "responded responding get gets getting got gives give giving gave fails failed failing serves serving",
))  # fmt: skip
_EXPLAINED = re.compile(
    rf"(?<![\w.,$€£#-])(?P<code>{_STATUS})\s(?:errors?|bad gateway|not found|forbidden|unauthori[sz]ed|internal server"
    r"|gateway time|too many requests|service (?:temporarily )?unavailable|conflict|bad request)(?!\w)"
)
_SQLSTATE = re.compile(r"sqlstate[\s:\[(]{1,4}(?P<code>[0-9a-z]{5})(?!\w)")
_NO_FAILURE = re.compile(r"[1-3]\d\d$")
_YEAR = re.compile(r"(?:19|20)\d\d(?:-\d\d){0,2}$")
_REACH: Final = 14


def find_error_codes(clues: Clues) -> Iterator[Candidate]:
    """Yield codes as shown; of "HTTP 502" the number is the span."""
    if (
        clues.has_digit
        or clues.has_any(_ERRNO_WORDS)
        or any(mark in clues.text for mark in ("_", "Error", "Exception"))
    ):
        for match in _SHAPED.finditer(clues.text):
            yield Candidate(ERROR_SHAPED, *match.span())
    yield from _find_announced(clues, _NAMED_STARTS, _NAMED, _NAMED_CODE)
    yield from _find_announced(clues, _SHOWN_STARTS, _SHOWN, _SHOWN_CODE)
    if clues.numbers:
        yield from _find_numbers(clues)


def _find_announced(
    clues: Clues, starts: frozenset[str], announcing: re.Pattern[str], coded: re.Pattern[str]
) -> Iterator[Candidate]:
    for start in clues.starts_of(starts) if clues.has_any(starts) else ():
        word = announcing.match(clues.lowered, start)
        code = None if word is None else coded.match(clues.text, word.end())
        if word is None or code is None or _YEAR.match(code["code"]):
            continue
        if word.lastgroup == "status" and _NO_FAILURE.match(code["code"]):
            continue
        if not _OTHER_CODE.search(clues.lowered, max(0, start - _REACH), start):
            yield Candidate(ERROR_NAMED, *code.span("code"))


def _find_numbers(clues: Clues) -> Iterator[Candidate]:
    matches = [
        *(_ANSWERED.match(clues.lowered, start) for start in clues.starts_of(_ANSWERED_STARTS)),
        *(_EXPLAINED.match(clues.lowered, start) for start in clues.numbers),
        *(_SQLSTATE.match(clues.lowered, start) for start in clues.starts_of(frozenset(("sqlstate",)))),
    ]
    return (Candidate(ERROR_NAMED, *match.span("code")) for match in matches if match)
