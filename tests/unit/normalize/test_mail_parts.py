"""In: mails as programs and people write them. Out: whether message, signature, quote and disclaimer are told apart."""

from __future__ import annotations

import pytest

from service.normalize import normalize
from service.normalized import PartKind


def _part(body: str, kind: PartKind, subject: str | None = None) -> str:
    result = normalize(subject, body)
    return "".join(result.text[part.start : part.end] for part in result.parts if part.kind is kind).strip()


def test_split_parts_mail_with_everything_has_each_part_in_order() -> None:
    body = (
        "Please refund order 4711.\n\nKind regards,\nBob Miller\n+44 20 7946 0188\n\n"
        "This e-mail is confidential and intended solely for the addressee.\n\n"
        "On Tue, 3 Mar 2026 at 10:00, Shop <a@shop.example> wrote:\n> Hello Bob\n> all is well"
    )

    result = normalize("Refund", body)

    assert [part.kind for part in result.parts] == [
        PartKind.SUBJECT,
        PartKind.MESSAGE,
        PartKind.SIGNATURE,
        PartKind.DISCLAIMER,
        PartKind.QUOTE,
    ]


@pytest.mark.parametrize(
    "history",
    [
        "On Mon, 2 Mar 2026 at 09:40, Fatou <f@x.example> wrote:\nDear Bob,\nno.",
        "On Mon, 2 Mar 2026 at 09:40, A Very Long Name Of A Company\n<support@x.example> wrote:\n\nHello",
        "Am 03.03.2026 um 10:00 schrieb Shop <a@x.example>:\n> Hallo",
        "Le mar. 3 mars 2026 à 10:00, Boutique <a@x.example> a écrit :\n> Bonjour",
        "El mar, 3 mar 2026 a las 10:00, Tienda (<a@x.example>) escribió:\n> Hola",
        "Il giorno mar 3 mar 2026 alle ore 10:00 Negozio <a@x.example> ha scritto:\n> Ciao",
        "Op di 3 mrt 2026 om 10:00 schreef Winkel <a@x.example>:\n> Hoi",
        "Em ter., 3 de mar. de 2026 às 10:00, Loja <a@x.example> escreveu:\n> Olá",
        "W dniu 3.03.2026 o 10:00, Sklep <a@x.example> napisał(a):\n> Dzień dobry",
        "-----Original Message-----\nFrom: Shop\nSent: Monday\nSubject: x\n\nHello",
        "-----Ursprüngliche Nachricht-----\nVon: Shop\n\nHallo",
        "---------- Forwarded message ---------\nFrom: Shop <a@x.example>\n\nHello",
        "From: Shop <a@x.example>\nSent: Monday\nTo: Bob\nSubject: Your parcel\n\nHello",
        "Von: Shop\nGesendet: Montag\nAn: Bob\nBetreff: Paket\n\nHallo",
        "De : Boutique\nEnvoyé : lundi\nÀ : Bob\nObjet : Colis\n\nBonjour",
    ],
)
def test_split_parts_history_below_own_text_is_quote(history: str) -> None:
    body = f"No, that is not what I asked.\n\n{history}"

    assert _part(body, PartKind.MESSAGE) == "No, that is not what I asked."
    assert _part(body, PartKind.QUOTE) == history


@pytest.mark.parametrize(
    "body",
    [
        "---------- Forwarded message ---------\nFrom: Bob <b@x.example>\nTo: y\nSubject: x\n\nCancel my plan.",
        "________________________________\nFrom: Bob\nSent: Mon\nTo: y\nSubject: x\n\nPlease cancel my plan.",
        "> Please cancel my plan.",
    ],
)
def test_split_parts_forward_without_own_text_is_the_message(body: str) -> None:
    assert _part(body, PartKind.MESSAGE) == body


@pytest.mark.parametrize(
    "body",
    [
        "From: London\nTo: Paris\nDate: 3 May\nI want to change my flight.",
        'I am angry.\nOn Monday your agent wrote:\n"we will call you"\nand nobody did. Where is my refund?',
        ">:( this is bad",
        "I have\n>= 5 items\n>_<",
        "Original message: none. Please help.",
        "Thanks,\nbut that did not help me at all. Where is my order? I have waited for two weeks now.",
        "Regards to the whole team, they were lovely.\nCould you send the invoice?",
        "This email is the third that I send. Please answer.",
        "Please cancel\n--\nAfter a long divider\n" + "there is still a lot to say about it.\n" * 14,
        "Cheers",
    ],
)
def test_split_parts_doubtful_text_stays_message(body: str) -> None:
    assert _part(body, PartKind.MESSAGE) == body.strip()


def test_split_parts_inline_replies_stay_message() -> None:
    body = "Hello,\n\n> Did you restart it?\nYes, twice.\n> And the cable?\nNew since May."

    assert _part(body, PartKind.MESSAGE) == "Hello,\n\nYes, twice.\nNew since May."


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nBob Miller\nHead of IT",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Kind regards,\n\nMiriam Osei\nPeople & Culture\n3 Copthall Row, London EC2R 7DL\n+44 20 7946 0188",
        "Mit freundlichen Grüßen\nAnnika Brüggemann",
        "Cordialement,\nÉlodie Marchand",
        "Un saludo,\nMaite Arribas",
        "Distinti saluti\nOrnella Sgarbossa",
        "Met vriendelijke groet,\nWouter",
        "Com os melhores cumprimentos,\nFilipa",
        "Z poważaniem\nBogna",
    ],
)
def test_split_parts_signature_below_own_text_is_signature(signature: str) -> None:
    body = f"Please send the invoice.\n\n{signature}"

    assert _part(body, PartKind.MESSAGE) == "Please send the invoice."
    assert _part(body, PartKind.SIGNATURE) == "\n".join(line.rstrip() for line in signature.splitlines()) or signature


def test_split_parts_postscript_below_signature_stays_message() -> None:
    body = "Please send the invoice.\n\nBest,\nBob\n\nP.S. And cancel my plan."

    assert _part(body, PartKind.SIGNATURE) == "Best,\nBob"
    assert _part(body, PartKind.MESSAGE).endswith("P.S. And cancel my plan.")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            '<div>New</div><div class="gmail_quote"><div>On 1 May, A wrote:</div><blockquote>old</blockquote></div>',
            "New",
        ),
        ('<p>New</p><hr><div id="divRplyFwdMsg"><b>From:</b> A<br></div><div>old</div>', "New"),
        ("<blockquote>Q1</blockquote><p>A1</p><blockquote>Q2</blockquote><p>A2</p>", "A1\n\nA2"),
        ("<blockquote>only this</blockquote>", "only this"),
    ],
)
def test_split_parts_html_quotes_follow_the_markup(body: str, message: str) -> None:
    assert _part(body, PartKind.MESSAGE) == message
