"""In: a number of tickets and a random generator. Out: that many invented tickets with every label and complete spans.

Raises nothing of its own. Facts, feeling and pressure are sentences of their own, so that sentiment and urgency come
from what a ticket says and not from its topic: a calm report of an outage is neutral and critical, an angry note about
a colour negative and normal, and capital letters alone change nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from models.training.generate import styles
from models.training.generate.grammar import Scene
from models.training.generate.pieces import Piece, capitalized, join
from models.training.generate.topics import CATEGORIES, Topic, general, topics
from service.evaluation.data import LabelledTicket

Sentence = list[Piece]

# Shares of a help desk's inbox, with the rare and costly labels raised until a model sees enough of them.
_CATEGORY_WEIGHTS: Final = (12, 13, 12, 12, 12, 12, 11, 9, 9)
_SENTIMENT_WEIGHTS: Final = {"negative": 37, "neutral": 42, "positive": 21}
_URGENCY_WEIGHTS: Final = {"low": 18, "normal": 44, "high": 24, "critical": 18}
_SECONDARY_CATEGORIES: Final = ("billing", "technical", "cancellation", "refund", "account_access", "shipping")


@dataclass(frozen=True, slots=True)
class _Labels:
    category: str
    sentiment: str
    urgency: str


def make_tickets(count: int, rng: random.Random) -> list[LabelledTicket]:
    """``count`` tickets; the same generator state gives the same tickets."""
    return [_make_ticket(rng) for _ in range(count)]


def _make_ticket(rng: random.Random) -> LabelledTicket:
    category = rng.choices(CATEGORIES, _CATEGORY_WEIGHTS)[0]
    wanted_urgency = _weighted(_URGENCY_WEIGHTS, tuple(_URGENCY_WEIGHTS), rng)
    topic = _topic(category, wanted_urgency, rng)
    urgency = wanted_urgency if wanted_urgency in topic.urgencies else rng.choice(topic.urgencies)
    # Praise beside an emergency or a threat would be a joke.
    fitting = [label for label in topic.sentiments if label != "positive" or urgency in ("low", "normal")]
    sentiment = _weighted(_SENTIMENT_WEIGHTS, fitting, rng)
    labels = _Labels(category, sentiment, urgency)
    scene = Scene(rng)
    style = _style(topic, rng)
    sentences = _sentences(labels, topic, scene, rng, brief=style is styles.chat)
    secondary = None
    if not topic.stands_alone and topic.asks and urgency in ("normal", "high") and rng.random() < 0.08:
        secondary = rng.choice([other for other in _SECONDARY_CATEGORIES if other != category])
        sentences.append(_second_request(secondary, scene, rng))
    subject, body = style(sentences, category, scene, rng)
    subject_text, spans = (None, []) if subject is None else join(subject)
    body_text, body_spans = join(body, 0 if subject_text is None else len(subject_text) + 2)
    return LabelledTicket(
        subject=subject_text,
        body=body_text,
        source="generated",
        category=category,
        secondary_category=secondary,
        sentiment=sentiment,
        urgency=urgency,
        spans=tuple(spans + body_spans),
    )


def _weighted(weights: dict[str, int], labels: Sequence[str], rng: random.Random) -> str:
    return rng.choices(labels, [weights[label] for label in labels])[0]


def _topic(category: str, urgency: str, rng: random.Random) -> Topic:
    allowed = [topic for topic in topics(category) if urgency in topic.urgencies] or list(topics(category))
    return rng.choices(allowed, [len(topic.facts) + len(topic.critical) for topic in allowed])[0]


def _style(topic: Topic, rng: random.Random) -> styles.Style:
    # A greeting, a form or a signature round "ok" or a bounce notice would make it another ticket.
    if topic.name in ("chat", "automatic"):
        return styles.bare
    return rng.choices((styles.email, styles.chat, styles.bare, styles.form, styles.transcript), (44, 24, 18, 7, 7))[0]


def _sentences(labels: _Labels, topic: Topic, scene: Scene, rng: random.Random, *, brief: bool) -> list[Sentence]:
    facts = [scene.pieces(phrase) for phrase in _facts(labels, topic, rng)]
    if topic.name in ("chat", "automatic"):
        return facts
    details = [scene.pieces(phrase) for phrase in _details(labels, rng)[: 1 if brief else None]]
    asks = [_questioned(scene.pieces(phrase), rng) for phrase in _asks(labels, topic, rng)]
    feeling = [scene.pieces(phrase) for phrase in _feeling(labels, topic, rng)]
    pressure = [scene.pieces(phrase) for phrase in _pressure(labels, topic, rng)]
    core = [*facts, *details, *asks] if rng.random() < 0.7 else [*asks, *facts, *details]
    core += pressure
    for sentence in feeling:
        core.insert(rng.choice((0, len(core), len(core), rng.randint(0, len(core)))), sentence)
    if labels.urgency == "normal" and not topic.stands_alone and rng.random() < 0.08:
        core.insert(rng.choice((0, len(core))), scene.pieces(rng.choice(general("pressure", "shouting"))))
    return core


def _facts(labels: _Labels, topic: Topic, rng: random.Random) -> list[str]:
    if labels.urgency == "critical":
        return [rng.choice(topic.critical)]
    several = 2 if len(topic.facts) > 8 and rng.random() < (0.45 if topic.stands_alone else 0.18) else 1
    return rng.sample(topic.facts, several)


def _details(labels: _Labels, rng: random.Random) -> list[str]:
    if labels.category in ("other", "feedback"):
        count, pool = rng.choice((0, 0, 0, 1)), general("details", "any")
    else:
        count = rng.choice((0, 0, 1, 1, 2, 2, 3, 4, 6))
        pool = (*general("details", labels.category) * 2, *general("details", "any"))
    return list(dict.fromkeys(rng.choice(pool) for _ in range(count)))


def _asks(labels: _Labels, topic: Topic, rng: random.Random) -> list[str]:
    if labels.urgency == "critical" and topic.critical:
        fitting = topic.critical_asks or topic.asks
        return [rng.choice(fitting)] if fitting and rng.random() < 0.7 else []
    if not topic.asks or rng.random() < (0.3 if labels.category == "technical" else 0.12):
        return []
    # A topic's own requests fit best; those of the category teach where a request starts and ends.
    pool = (*topic.asks, *general("actions", labels.category) * 2) if rng.random() < 0.6 else topic.asks
    return rng.sample(pool, 2 if rng.random() < 0.1 else 1)


def _questioned(sentence: Sentence, rng: random.Random) -> Sentence:
    asks_politely = sentence[0].text.lower().startswith(("can ", "could ", "would "))
    if asks_politely and sentence[-1].text.endswith(".") and rng.random() < 0.75:
        return [*sentence[:-1], Piece(sentence[-1].text[:-1] + "?")]
    return sentence


def _feeling(labels: _Labels, topic: Topic, rng: random.Random) -> list[str]:
    if labels.sentiment == "neutral":
        return []
    pool = general("emotions", labels.sentiment)
    # A topic that is a feeling already needs no second one.
    count = rng.choice((0, 0, 1)) if topic.stands_alone else rng.choice((1, 1, 1, 2, 2))
    return rng.sample(pool, count)


def _pressure(labels: _Labels, topic: Topic, rng: random.Random) -> list[str]:
    if topic.stands_alone or labels.urgency not in ("low", "high"):
        return []
    if labels.urgency == "low" and set(topic.urgencies) <= {"low", "normal"}:
        return []
    return rng.sample(general("pressure", labels.urgency), 2 if labels.urgency == "high" and rng.random() < 0.3 else 1)


def _second_request(category: str, scene: Scene, rng: random.Random) -> Sentence:
    asking = [ask for topic in topics(category) for ask in topic.asks if "<" in ask and ask.startswith("{pls}")]
    start = rng.choice(("Also: ", "And one more thing: ", "By the way, ", "Second, ", "Apart from that: ", "And "))
    sentence = scene.pieces(rng.choice(asking).replace("{pls}", "(please|could you|can you)"))
    return capitalized([Piece(start), *_questioned(sentence, rng)])
