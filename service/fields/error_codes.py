"""In: the clues of a text. Out: candidates for error codes, status numbers and exception names.

Raises nothing. Some codes describe themselves (0x80070057, ORA-00942, ETIMEDOUT, SomethingException, ERR_SSL_PROTOCOL);
others need a word before them ("error 504", "display shows E-07") or behind ("502 bad gateway").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from service.fields.family import ERROR_NAMED, ERROR_SHAPED, Candidate, Clues

_ERRNO_NAMES: Final = (
    "ETIMEDOUT|ECONNREFUSED|ECONNRESET|ECONNABORTED|ENOTFOUND|ENOENT|EACCES|EPIPE|EPERM|EADDRINUSE|EHOSTUNREACH|EAI_AGAIN"
)
_ERRNO: Final = frozenset(_ERRNO_NAMES.lower().split("|"))
_SHAPED = re.compile(
    r"(?<![\w/#@-])(?:"
    r"0[xX][0-9a-fA-F]{2,16}"
    r"|(?:[A-Z]{2,16}::)?[A-Z][A-Z0-9]{1,24}(?:_[A-Z0-9]{1,24}){1,8}"
    r"|(?:[a-z]\w{0,32}\.){0,8}(?:[A-Z][a-z0-9]{0,24}){1,8}(?:Exception|Error)"
    r"|(?:ORA|TNS|PLS|SQL|IMAP|SMTP|DNS|SSL|TLS|KB|ERR|ERROR|MSIS|AADSTS)-?\d{2,8}(?:-[A-Z0-9]{1,6})?"
    rf"|{_ERRNO_NAMES}"
    r")(?![\w@/])"
)
_LINK = r"(?:[ \t\xa0]?(?:[:=#(\[\"'“„«]|(?:is|was|are|now|only|just|ist|est|es|é)(?![\w'])|[ \t\xa0])){0,6}"
_CODED = (  # letters and digits with a mark between or E alone, as devices and apps show
    r"(?P<code>(?!HTTP)[A-Z]{1,12}(?:[-_](?:0x)?|(?<=E))[0-9A-F]{1,10}(?:[-_][A-Z0-9]{1,8}){0,3}"
    r"|[A-Z]{2,5} \d{2,5}|[A-Z]{2,16}(?:-[A-Z0-9]{1,16}){1,4}(?<=\d))"
)
_ANY_CODE = (
    rf"(?:{_CODED[:-1]}|(?!HTTP)[A-Z]{{1,12}}[-_ ]?\d{{1,10}}(?:[-._/][A-Z0-9]{{1,8}}){{0,3}}|0[xX][0-9A-Fa-f]{{1,16}}"
    r"|\d{3,10}(?:[ .-]\d{1,4}(?!\d)){0,3}|[a-z]{2,24}(?:_[a-z0-9]{1,24}){1,6}))"
)
_ENDS = r"(?![\w%@]|[.,:/-]\w|[ \t]?[€£$])"
_NAMED = re.compile(
    r"(?:https?(?:/\d\.\d)?[ -]?(?:status|error|code|response)?(?: code)?|(?:last[ _])?(?:error|err|fault|errors|exception|fehler"
    r"|erreur|errore|erro|alarm|błąd|błędu|status|foutmelding)(?:[ _-]?(?:code|message|no\.?|number|nr\.?|id))?"
    r"|(?:diagnostic|reason|exit|stop|response|decline|return|failure|result|bounce|rejection|sql)[ _]?code|fehlercode|fehlernummer"
    r"|fehlermeldung|foutcode|code d['’]erreur|código de erro[r]?|codice (?:di )?errore|kod(?:em)? błędu|code shown)",
    re.IGNORECASE,
)
_NAMED_CODE = re.compile(rf"{_LINK}{_ANY_CODE}{_ENDS}")
_SHOWN = re.compile(
    r"(?:(?:shows|showing|shown|displays|displaying|says|saying|blinks|blinking|flashes|flashing|erscheint|zeigt|affiche|muestra"
    r"|kodem|rejected as|display|code|pokazuje|toont|mostra)(?: me)?(?: the)?(?: code)?)",
    re.IGNORECASE,
)
_SHOWN_CODE = re.compile(rf"{_LINK}{_CODED}{_ENDS}")
_OTHER_CODE = re.compile(
    r"(?:promo|discount|voucher|gift|coupon|post|zip|access|area|booking|confirmation|referral|redeem|security|sort|dress|product"
    r"|tracking|customer|activation|unlock|invite|pin|qr)[ -]?$"
)
_STATUS = r"(?:40[0-9]|41[0-8]|42[2-9]|431|451|50[0-8]|511|52[0-7])"
_ANSWERED = re.compile(
    r"(?:returns?|returned|returning|answer(?:s|ed|ing)|throw(?:s|ing|n)?|threw|respond(?:s|ed|ing) with|get(?:s|ting)?|got|gives?"
    r"|giving|gave|fail(?:s|ed|ing) with|serv(?:es|ing))\s(?:an? |only |me |us |http )?"
    rf"(?P<code>{_STATUS})(?=\s(?:errors?|conflict|bad|not|forbidden|unauthori[sz]ed|internal|gateway|too|service|timeout|to|on|in"
    r"|for|from|since|every|all|when|whenever|and|or)(?!\w)|s?[.,;:!?)]?(?:\s|$))(?!\s?\d)"
)
_EXPLAINED = re.compile(
    rf"(?<![\w.,$€£#-])(?P<code>{_STATUS})\s(?:errors?|bad gateway|not found|forbidden|unauthori[sz]ed|internal server|gateway time"
    r"|too many requests|service (?:temporarily )?unavailable|conflict|bad request)(?!\w)"
)
_SQLSTATE = re.compile(r"sqlstate[\s:\[(]{1,4}(?P<code>[0-9a-z]{5})(?!\w)")
_NAMED_STARTS: Final = frozenset(
    "http https last error err fault errors exception fehler erreur errore erro alarm błąd błędu status foutmelding diagnostic reason"
    " exit stop response decline return failure result bounce rejection sql fehlercode fehlernummer fehlermeldung foutcode code código"
    " codice kod kodem last_error error_code error_message status_code exit_code reason_code decline_code return_code http_status".split()
)
_SHOWN_STARTS: Final = frozenset(
    "shows showing shown displays displaying says saying blinks blinking flashes flashing erscheint zeigt affiche muestra kodem"
    " rejected display code pokazuje toont mostra".split()
)
_ANSWER_STARTS: Final = frozenset(
    "returns return returned returning answers answered answering throws throwing thrown threw throw responds responded"
    " responding get gets getting got gives give giving gave fails failed failing serves serving".split()
)
_NO_ERROR = re.compile(r"(?:[1-3]\d\d|(?:19|20)\d\d(?:-\d\d){0,2})$")


def find_error_codes(clues: Clues) -> Iterator[Candidate]:
    """Yield codes as shown; of "HTTP 502" the number is the span."""
    if clues.has_digit or clues.has_any(_ERRNO) or any(mark in clues.text for mark in ("_", "Error", "Exception")):
        for match in _SHAPED.finditer(clues.text):
            yield Candidate(ERROR_SHAPED, *match.span())
    if clues.has_any(_NAMED_STARTS):
        yield from _announced(clues, _NAMED_STARTS, _NAMED, _NAMED_CODE)
    if clues.has_any(_SHOWN_STARTS):
        yield from _announced(clues, _SHOWN_STARTS, _SHOWN, _SHOWN_CODE)
    if not clues.numbers:
        return
    for start in clues.starts_of(_ANSWER_STARTS):
        if match := _ANSWERED.match(clues.lowered, start):
            yield Candidate(ERROR_NAMED, *match.span("code"))
    for start in clues.numbers:
        if match := _EXPLAINED.match(clues.lowered, start):
            yield Candidate(ERROR_NAMED, *match.span("code"))
    for start in clues.words.get("sqlstate", ()):
        if match := _SQLSTATE.match(clues.lowered, start):
            yield Candidate(ERROR_NAMED, *match.span("code"))


def _announced(
    clues: Clues, starts: frozenset[str], announcing: re.Pattern[str], coded: re.Pattern[str]
) -> Iterator[Candidate]:
    for start in clues.starts_of(starts):
        word = announcing.match(clues.lowered, start)
        code = None if word is None else coded.match(clues.text, word.end())
        if code is None or _NO_ERROR.match(code["code"]):
            continue
        if _OTHER_CODE.search(clues.lowered, max(0, start - 14), start):
            continue
        yield Candidate(ERROR_NAMED, *code.span("code"))
