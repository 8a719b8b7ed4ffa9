"""In: texts in several languages, and texts in none. Out: whether the language, or that there is none, is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.language import UNDETERMINED, detect_language


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Where is my parcel? I have been waiting for two weeks.", "en"),
        ("Wo bleibt mein Paket? Ich warte seit zwei Wochen darauf.", "de"),
        ("Où est mon colis ? Je l'attends depuis deux semaines.", "fr"),
        ("¿Dónde está mi paquete? Llevo dos semanas esperando.", "es"),
        ("Dov'è il mio pacco? Lo aspetto da due settimane.", "it"),
        ("Waar blijft mijn pakket? Ik wacht al twee weken.", "nl"),
        ("Onde está a minha encomenda? Espero há duas semanas.", "pt"),
        ("Gdzie jest moja paczka? Czekam już dwa tygodnie.", "pl"),
        ("איפה החבילה שלי? אני מחכה כבר שבועיים.", "he"),
    ],
)
def test_detect_language_sentence_gives_its_code(text: str, code: str) -> None:
    label = detect_language(text)

    assert label.label == code
    assert 0.5 < label.confidence <= 1


@pytest.mark.parametrize(
    "text", ["", "   ", "ok", "??", "4711 4711 4711 4711", "😀😀😀", "a@b.example https://x.example/y"]
)
def test_detect_language_too_little_text_is_undetermined(text: str) -> None:
    assert detect_language(text) == UNDETERMINED


def test_detect_language_controls_and_surrogates_do_not_hide_the_language() -> None:
    assert detect_language("Where is my\x00 parcel?\ud800 I have been waiting\ufffe for two weeks.").label == "en"


@given(st.text())
def test_detect_language_any_text_gives_a_label(text: str) -> None:
    label = detect_language(text)

    assert label.label
    assert 0 <= label.confidence <= 1


@pytest.mark.parametrize("text", ["@" * 100_000, "a" * 100_000, "\ud800" * 100_000, "a@" * 50_000])
def test_detect_language_long_text_reads_its_start_only(text: str) -> None:
    assert detect_language(text) == detect_language(text[:2_000])
