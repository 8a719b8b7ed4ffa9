"""In: a job. Out: a linear support vector machine on TF-IDF of words and characters, and what it says, timed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import joblib  # type: ignore[import-not-found]  # only in this peer's environment
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-not-found]
from sklearn.pipeline import make_pipeline, make_union  # type: ignore[import-not-found]
from sklearn.svm import LinearSVC  # type: ignore[import-not-found]

from load_tests.peers.job import Answer, Example, Text
from load_tests.peers.phases import Answerer, run

_FILE = "model.joblib"
_WAYS = (1, 256)


def train(examples: Sequence[Example], folder: Path) -> None:
    """Fit on all examples."""
    model = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, strip_accents="unicode"),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2),
        ),
        LinearSVC(class_weight="balanced", random_state=0),
    )
    model.fit([example.text for example in examples], [example.category for example in examples])
    joblib.dump(model, folder / _FILE)


def open_ways(folder: Path) -> Mapping[str, Answerer]:
    """One by one and in batches."""
    model = joblib.load(folder / _FILE)

    def way(batch_rows: int) -> Answerer:
        def answer(texts: Sequence[Text]) -> list[Answer]:
            said: list[str] = []
            for start in range(0, len(texts), batch_rows):
                said += model.predict([text.text for text in texts[start : start + batch_rows]]).tolist()
            return [Answer(label) for label in said]

        return answer

    return {f"batches of {batch_rows}": way(batch_rows) for batch_rows in _WAYS}


if __name__ == "__main__":
    run(train, open_ways, ("scikit-learn",))
