"""In: the folder of public data sets. Out: benchmark sets that are never trained on, as CSV for `deskroute evaluate`.

Run as ``python -m models.training.benchmarks --data-dir DIR --out DIR``. The files hold public sentences: keep them out
of the repository.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

_TWEET_SENTIMENTS = ("negative", "neutral", "positive")


def write_tweeteval(data_dir: Path, out: Path) -> int:
    """The test part of TweetEval sentiment (SemEval-2017 task 4) as ``text,sentiment``; returns the number of rows."""
    folder = data_dir / "tweeteval_sentiment"
    texts = (folder / "test_text.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
    labels = (folder / "test_labels.txt").read_text(encoding="utf-8").split()
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "sentiment"])
        for text, label in zip(texts, labels, strict=True):
            writer.writerow([text, _TWEET_SENTIMENTS[int(label)]])
    return len(texts)


def main() -> None:
    """Write every benchmark into the output folder."""
    parser = argparse.ArgumentParser(prog="python -m models.training.benchmarks", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    target = options.out / "tweeteval_test.csv"
    print(f"{target}: {write_tweeteval(options.data_dir, target)} rows")


if __name__ == "__main__":
    main()
