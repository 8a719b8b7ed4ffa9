"""In: nothing. Out: `CONDITIONS`, every key that a rule's `when` may hold, with what makes a `Condition` of its value.

Importing raises nothing; the builders raise `RuleValueError` where a value does not fit its key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, get_args

from service.routing import content_conditions as content
from service.routing import label_conditions as label
from service.routing.condition import Builder, Reader, Wanted
from service.routing.facts import RuleVocabulary
from service.routing.values import RuleValueError, read_labels, read_texts, shown
from service.ticket import Channel


def _folded(value: object, _: RuleVocabulary) -> Wanted:
    return tuple(dict.fromkeys(name.casefold() for name in read_texts(value)))


def _matching(pattern: str, advice: str) -> Reader:
    compiled = re.compile(pattern)

    def read(value: object, _: RuleVocabulary) -> Wanted:
        names = read_texts(value)
        for name in names:
            if not compiled.fullmatch(name):
                raise RuleValueError(f"{shown(name)} does not fit; {advice}")
        return names

    return read


def _labels_of(what: str, get: Callable[[RuleVocabulary], Wanted]) -> Reader:
    return lambda value, vocabulary: read_labels(value, get(vocabulary), what)


_CATEGORY = _labels_of("category", lambda vocabulary: vocabulary.categories)
_FIELDS = _labels_of("field type", lambda vocabulary: vocabulary.field_types)
_LABELS: Final[dict[str, tuple[str, Reader]]] = {
    "category": ("category", _CATEGORY),
    "secondary_category": ("secondary", _CATEGORY),
    "sentiment": ("sentiment", _labels_of("sentiment", lambda vocabulary: vocabulary.sentiments)),
    "urgency": ("urgency", _labels_of("urgency", lambda vocabulary: vocabulary.urgencies)),
    "language": ("language", _matching(r"[a-z]{2,3}(-[A-Za-z]{2,4})?", 'write the code of a language, such as "de"')),
    "channel": ("channel", _labels_of("channel", lambda _: get_args(Channel))),
    "tenant": ("tenant", _matching(r"[a-z0-9_-]{1,64}", "a tenant has only a-z, 0-9, _ and -")),
    "requester_tier": ("requester_tier", _folded),
}
_NUMBERS: Final = {
    "category_confidence": 0.0,
    "sentiment_confidence": 0.0,
    "urgency_confidence": 0.0,
    "sentiment_score": -1.0,
}

CONDITIONS: Final[Mapping[str, Builder]] = {
    **{key: label.one_of(key, attribute, read) for key, (attribute, read) in _LABELS.items()},
    **{f"not_{key}": label.none_of(key, attribute, read) for key, (attribute, read) in _LABELS.items()},
    "urgency_at_least": label.urgency_at_least,
    **{f"{name}_below": label.compared(name, "<", low) for name, low in _NUMBERS.items()},
    **{f"{name}_above": label.compared(name, ">", low) for name, low in _NUMBERS.items()},
    **{f"tags_{word}": content.present("tag", word, _folded, content.tags_of) for word in content.QUANTIFIERS},
    **{f"fields_{word}": content.present("field", word, _FIELDS, content.types_of) for word in content.QUANTIFIERS},
    "amount_at_least": content.amount_at_least,
    "truncated": label.truncated,
}
