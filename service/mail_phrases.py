"""In: one line of a mail. Out: what mail programs and letter writers of eight languages mean by it.

Raises nothing. Every pattern is matched at the start of a line that the caller has cut to `MAX_LINE_CHARS`, so that no
line can make it slow. Languages: English, German, French, Spanish, Italian, Dutch, Portuguese, Polish.
"""

from __future__ import annotations

import re
from typing import Final

MAX_LINE_CHARS: Final = 400


def _any(*alternatives: str) -> str:
    return "(?:" + "|".join(alternatives) + ")"


# A mark of quoting stands alone or before a blank, another mark or a letter; ">:(", ">_<" and ">= 5" are none.
QUOTED_LINE: Final = re.compile(r">(?:$|[\s>]|[^\W\d_])")

ATTRIBUTION_START: Final = re.compile(r"(?:On|Am|Le|El|Il|Op|Em|W dniu|Dnia|\d{4}-\d\d-\d\d)\b")
ATTRIBUTION_VERB: Final = re.compile(
    r"\b"
    + _any(
        "wrote|writes",
        "schrieb|hat geschrieben",
        "a écrit",
        "escribió|escribio",
        "ha scritto",
        "schreef|heeft geschreven|het volgende geschreven",
        "escreveu",
        r"napisał|napisała|pisze",
    )
    + r"\b"
)
ATTRIBUTION_EVIDENCE: Final = re.compile(r".{0,400}(?:@|\d[:.h]\d\d\b)")

_HISTORY_TITLE = _any(
    r"original (?:message|e-?mail)|forwarded message|forwarded by .{1,80}",
    r"ursprüngliche (?:nachricht|e-?mail)|originalnachricht|weitergeleitete nachricht",
    r"message d['’ ]origine|message original|message transféré",
    r"mensaje original|mensaje reenviado",
    r"messaggio originale|messaggio inoltrato",
    r"oorspronkelijk bericht|doorgestuurd bericht",
    r"mensagem original|mensagem encaminhada",
    r"(?:oryginalna )?wiadomość(?: oryginalna)?|wiadomość przekazana|przekazana wiadomość",
)
HISTORY_TITLE: Final = re.compile(
    rf"(?:[-_=]{{2,}}\s*{_HISTORY_TITLE}\s*[-_=]{{2,}}|begin forwarded message\s?:|#{{2}}-.{{0,120}}-#{{2}})\s*$",
    re.IGNORECASE,
)

HEADER_FROM: Final = re.compile(r"\*?(?:From|Von|De|Da|Van|Od)\s?:\*?\s?\S")
HEADER_SUBJECT: Final = re.compile(
    r"\*?(?:Subject|Betreff|Objet|Asunto|Oggetto|Onderwerp|Assunto|Temat)\s?:", re.IGNORECASE
)
HEADER_OTHER: Final = re.compile(
    r"\*?(?:Sent|Date|To|Cc|Gesendet|Datum|An|Envoyé|À|Enviado(?: el)?|Fecha|Para|Inviato|Data|A|Verzonden|Aan"
    r"|Enviada(?: em)?|Wysłano|Do|DW)\s?:",
    re.IGNORECASE,
)

# Most lines start with none of these and need no closer look.
MAY_START_HISTORY: Final = re.compile(
    rf"[-_=#]{{2}}|begin f|{HEADER_FROM.pattern}|{ATTRIBUTION_START.pattern}", re.IGNORECASE
)

_CLOSING = _any(
    r"(?:with )?(?:my )?(?:(?:best|kind|kindest|warm|warmest|many) )?(?:regards|wishes|thanks)",
    r"(?:many )?thanks and (?:kind |best )?regards",
    r"regards|(?:yours )?(?:sincerely|faithfully|truly)(?: yours)?|cheers|respectfully(?: yours)?|best|cordially|yours",
    r"(?:thanks|thank you)(?: very much| so much| a lot| in advance| again| and (?:kind |best )?regards)?",
    r"(?:mit )?(?:freundlich|best|herzlich|lieb|schön|sonnig|viel)e[nmrs]? (?:gr(?:ü|ue)(?:ß|ss)e?n?|gru(?:ß|ss)|dank)"
    r"(?: (?:aus|nach) \w+)?",
    r"mfg|lg|vg|hochachtungsvoll|danke(?: und (?:viele|beste|liebe) grüße)?|vielen dank(?: im voraus)?|grüße|gruß",
    r"(?:bien )?cordialement|(?:bien )?à vous|(?:sincères )?salutations(?: distinguées)?|merci(?: d['’]avance)?",
    r"(?:un )?(?:cordial |afectuoso )?saludos?(?: cordial(?:es)?)?|atentamente|(?:muchas )?gracias(?: de antemano)?",
    r"(?:cordiali|distinti|cari) saluti|saluti|(?:mille )?grazie(?: mille)?|in attesa di un vostro riscontro",
    r"(?:met )?(?:vriendelijke|hartelijke) (?:groet|groeten|groetjes)|groet|groeten|groetjes|mvg|(?:alvast )?bedankt",
    r"(?:com os )?(?:melhores )?cumprimentos|atenciosamente|abraços|(?:muito )?obrigad[oa]",
    r"(?:serdecznie )?pozdrawiam(?: serdecznie)?|z poważaniem|(?:z góry )?dziękuję",
)
CLOSING: Final = re.compile(rf"{_CLOSING}[\s,.!;:–—-]*$", re.IGNORECASE)
POSTSCRIPT: Final = re.compile(r"(?:P\.?\s?P?\.?\s?S\b|NB\b|N\.B\.|Edit\b|Update\b)", re.IGNORECASE)
SENT_FROM: Final = re.compile(
    _any(
        r"sent (?:from|via) (?:my|the|a|yahoo|outlook|proton|gmail|mobile|samsung|iphone|ipad|mail)\b",
        r"get outlook for\b",
        r"(?:von meinem .{1,40}|mit der .{1,40} app) gesendet|gesendet (?:von|mit) (?:meinem|der|outlook|mail)\b",
        r"envoyé (?:de|depuis) (?:mon|l['’])|provenance : courrier",
        r"enviado desde mi\b|enviado do meu\b|enviado a partir do\b",
        r"inviato da(?:l mio)? \w",
        r"verzonden (?:vanaf|met|via) (?:mijn|outlook)\b",
        r"wysłano z\b",
    )
    + r".{0,80}$",
    re.IGNORECASE,
)

SIGNATURE_START: Final = re.compile(rf"(?:--|—)$|{CLOSING.pattern}|{SENT_FROM.pattern}", re.IGNORECASE)

DISCLAIMER_START: Final = re.compile(
    r"\W{0,5}"
    + _any(
        r"(?:confidentiality|legal|privacy) (?:notice|note|warning)\b",
        r"(?:e-?mail )?disclaimer\b",
        r"(?:confidential(?:ity)?|important|notice)\s?[:–-]",
        r"(?:the (?:information|contents?) (?:contained )?(?:in|of) )?this (?:e-?mail|message|communication)\b",
        r"if you (?:are not|have received|received) ",
        r"please consider the environment\b",
        r"diese (?:e-?mail|nachricht)\b|der inhalt dieser (?:e-?mail|nachricht)\b|vertraulichkeitshinweis\b",
        r"ce (?:message|courriel|mail|mél)\b|cet e-?mail\b|avis de confidentialité\b",
        r"este (?:mensaje|correo|e-?mail|mail)\b|aviso (?:legal|de confidencialidad)e?\b|esta mensagem\b",
        r"(?:il presente|questo) (?:messaggio|e-?mail)\b|le informazioni contenute\b",
        r"(?:dit|deze) (?:bericht|e-?mail)\b",
        r"(?:niniejsza|ta) wiadomość\b|treść tej wiadomości\b",
    ),
    re.IGNORECASE,
)
DISCLAIMER_CUE: Final = re.compile(
    _any(
        "intended (?:only|solely|exclusively|recipient|for)|addressee|named recipient|unauthori[sz]ed|privileged",
        "(?:notify|inform) the sender|(?:received|reached) .{1,20} (?:in error|by mistake)",
        "before printing|legally privileged",
        "vertraulich|bestimmungsgemäß|rechtmäßige empfänger|richtige adressat|unbefugt|irrtümlich",
        "confidentiel|destinataire|par erreur",
        "confidencial|destinatari[oa]|por error|por engano",
        "riservat[oae]|confidenzial",
        "vertrouwelijk|geadresseerde|abusievelijk",
        "poufn|adresat",
    ),
    re.IGNORECASE,
)
