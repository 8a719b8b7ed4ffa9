"""In: the folder of public data sets. Out: sets that nothing trained on, as CSV for `deskroute evaluate` and `bench`.

Run as ``python -m models.training.benchmarks --data-dir DIR --out DIR``. The files hold public sentences: keep them out
of the repository.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from models.training.distil.held_out import fresh_public
from models.training.public import read_public

_FRESH_SEED = 4_013
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


def write_public(data_dir: Path, out: Path, training_seed: int) -> int:
    """Rows of the public sets with a category that training by this seed has not seen, as ``text,category``."""
    rows = fresh_public(read_public(data_dir, training_seed), data_dir, _FRESH_SEED)
    labelled = [row for row in rows if row.category is not None]
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "category"])
        writer.writerows([row.text, row.category] for row in labelled)
    return len(labelled)


def main() -> None:
    """Write every benchmark into the output folder."""
    parser = argparse.ArgumentParser(prog="python -m models.training.benchmarks", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--training-seed", type=int, default=7, help="the seed of the recipe that is measured")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    tweets, public = options.out / "tweeteval_test.csv", options.out / "public_unseen.csv"
    print(f"{tweets}: {write_tweeteval(options.data_dir, tweets)} rows")
    print(f"{public}: {write_public(options.data_dir, public, options.training_seed)} rows")


if __name__ == "__main__":
    main()
