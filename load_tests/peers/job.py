"""In: JSON. Out: what a runner is given and what it gives back, and the reverse.

Runners import this in environments of their own: nothing but the standard library is here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Text:
    """A ticket's words as received."""

    subject: str | None
    body: str

    @property
    def text(self) -> str:
        """Subject and body in one, in which spans count characters; as `Ticket.text` of the service."""
        return self.body if self.subject is None else f"{self.subject}\n\n{self.body}"


@dataclass(frozen=True, slots=True)
class Example:
    """A text to learn from."""

    text: str
    category: str


@dataclass(frozen=True, slots=True)
class Span:
    """A field: characters ``start`` to ``end`` (exclusive) of a text, and its type in deskroute's terms."""

    type: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a peer says of one text; it need not know both."""

    category: str | None = None
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """Texts to learn from, texts to be measured on, and sets of texts to be timed on, ``rounds`` times each."""

    train: Sequence[Example]
    held_out: Sequence[Text]
    timed: Mapping[str, Sequence[Text]]
    rounds: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Answers to the held-out texts, and the seconds of each round on each set, in the way that used least CPU time."""

    way: str
    answers: Sequence[Answer]
    wall_s: Mapping[str, Sequence[float]]
    cpu_s: Mapping[str, Sequence[float]]
    versions: Mapping[str, str]


def write_json(file: Path, value: Job | Outcome) -> None:
    """Write what `read_job` or `read_outcome` reads."""
    file.write_text(json.dumps(asdict(value)), encoding="utf-8")


def read_job(file: Path) -> Job:
    """Read a job."""
    plain = json.loads(file.read_text(encoding="utf-8"))
    return Job(
        train=[Example(**example) for example in plain["train"]],
        held_out=[Text(**text) for text in plain["held_out"]],
        timed={name: [Text(**text) for text in texts] for name, texts in plain["timed"].items()},
        rounds=plain["rounds"],
    )


def read_outcome(file: Path) -> Outcome:
    """Read an outcome."""
    plain = json.loads(file.read_text(encoding="utf-8"))
    answers = [
        Answer(answer["category"], tuple(Span(**span) for span in answer["spans"])) for answer in plain["answers"]
    ]
    return Outcome(plain["way"], answers, plain["wall_s"], plain["cpu_s"], plain["versions"])
