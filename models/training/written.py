"""In: a file or folder of written tickets. Out: their counts, printed for whoever writes the next ones.

Raises `LabelledDataError` where a row breaks the format or has a label that the default model does not know. Run as
``python -m models.training.written FILE``.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.training.labels import LabelSet, read_labels
from service.evaluation.data import LabelledDataError, LabelledTicket, read_labelled


def read_written(path: Path, labels: LabelSet) -> list[LabelledTicket]:
    """Read written tickets, every one of them fully labelled with labels of this set."""
    tickets = list(read_labelled(path))
    for number, ticket in enumerate(tickets, 1):
        known = {
            "category": ticket.category in labels.category,
            "secondary_category": ticket.secondary_category in (None, *labels.category),
            "sentiment": ticket.sentiment in labels.sentiment,
            "urgency": ticket.urgency in labels.urgency,
            "fields": {span.type for span in ticket.spans or ()} <= set(labels.fields),
        }
        wrong = [name for name, right in known.items() if not right]
        if wrong:
            raise LabelledDataError(f"{path}: ticket {number} (of {ticket.source}): unknown label: {', '.join(wrong)}")
    return tickets


def read_posts(path: Path, labels: LabelSet) -> list[LabelledTicket]:
    """Read written posts, which have a sentiment and nothing else."""
    posts = [replace(post, spans=None) for post in read_labelled(path)]
    for number, post in enumerate(posts, 1):
        if post.sentiment not in labels.sentiment:
            raise LabelledDataError(f"{path}: post {number} (of {post.source}): unknown sentiment")
    return posts


def summarize(tickets: Sequence[LabelledTicket]) -> str:
    """Counts of labels, spans and lengths."""
    names = ("category", "sentiment", "urgency", "language", "channel", "trade", "source")
    counted = {name: Counter(str(getattr(ticket, name)) for ticket in tickets) for name in names}
    counted["spans"] = Counter(span.type for ticket in tickets for span in ticket.spans or ())
    words = sorted(len(ticket.text.split()) for ticket in tickets)
    lines = [f"{name}: {', '.join(f'{k} {n}' for k, n in counts.most_common())}" for name, counts in counted.items()]
    lengths = f"words: min {words[0]}, median {words[len(words) // 2]}, max {words[-1]}" if words else "no words"
    return "\n".join([f"{len(tickets)} tickets", *lines, lengths])


if __name__ == "__main__":
    try:
        print(summarize(read_written(Path(sys.argv[1]), read_labels())))
    except LabelledDataError as error:
        sys.exit(f"error: {error}")
