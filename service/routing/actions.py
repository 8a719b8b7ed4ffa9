"""In: the `[defaults]` table and each rule's `then`. Out: `Defaults`, and each rule's `Action`, completed from them.

Raises nothing: what is wrong goes to `Problems`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from service.routing.facts import RoutingFacts
from service.routing.positions import TomlPath
from service.routing.problems import Problems
from service.routing.values import (
    MAX_REASON_CHARS,
    RuleValueError,
    read_flag,
    read_label,
    read_text,
    read_texts,
    read_whole_number,
    shown,
)

PRIORITIES: Final = ("low", "normal", "high", "urgent")
PLACEHOLDERS: Final = ("category", "sentiment", "urgency", "language", "channel", "tenant")
MAX_SLA_MINUTES: Final = 525_600

_DESTINATION_KEYS: Final = ("queue", "priority", "sla_minutes")
_ADDED_KEYS: Final = ("tags", "review", "reason")
ACTION_KEYS: Final = (*_DESTINATION_KEYS, *_ADDED_KEYS)
_DEFAULTS_KEYS: Final = (*_DESTINATION_KEYS, "tags", "review")
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Action:
    """What a rule does to a ticket; ``review`` is None where it leaves that to others."""

    queue: str
    priority: str
    sla_minutes: int
    tags: tuple[str, ...] = ()
    review: bool | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Defaults:
    """What applies where a rule says nothing, and to a ticket that no rule decides; the SLA follows the priority."""

    queue: str
    priority: str
    sla_minutes: Mapping[str, int]
    tags: tuple[str, ...] = ()
    review: bool = False


def read_defaults(raw: object, problems: Problems) -> Defaults:
    """Read `[defaults]`; stand-ins replace what is wrong, so that the rules can still be checked."""
    path: TomlPath = ("defaults",)
    table = raw if isinstance(raw, dict) else {}
    missing = [key for key in _DESTINATION_KEYS if key not in table]
    if not isinstance(raw, dict):
        problems.add(path, f"there are no defaults; write [defaults] with {', '.join(_DESTINATION_KEYS)}")
    elif missing:
        problems.add(path, f"the defaults lack {' and '.join(missing)}; every ticket needs one to fall back on")
    problems.check_keys(table, path, _DEFAULTS_KEYS)
    return Defaults(
        queue=problems.read(table, path, "queue", read_text) or "",
        priority=problems.read(table, path, "priority", _read_priority) or PRIORITIES[0],
        sla_minutes=problems.read(table, path, "sla_minutes", _read_sla_by_priority) or dict.fromkeys(PRIORITIES, 1),
        tags=problems.read(table, path, "tags", _read_tags) or (),
        review=problems.read(table, path, "review", read_flag) or False,
    )


def read_action(raw: object, path: TomlPath, defaults: Defaults, only_adds: bool, problems: Problems) -> Action | None:
    """Read a rule's `then`; None where it is no table or an empty one."""
    if not isinstance(raw, dict) or not raw:
        problems.add(path, f'what a rule does stands in braces; write then = {{ queue = "{defaults.queue or "…"}" }}')
        return None
    problems.check_keys(raw, path, ACTION_KEYS)
    if only_adds:
        for key in _DESTINATION_KEYS:
            if key in raw:
                what = "a rule with continue = true decides nothing"
                problems.add((*path, key), f"{key}: {what}; leave {key} to a later rule, or delete continue = true")
    priority = problems.read(raw, path, "priority", _read_priority) or defaults.priority
    return Action(
        queue=problems.read(raw, path, "queue", read_text) or defaults.queue,
        priority=priority,
        sla_minutes=problems.read(raw, path, "sla_minutes", _read_sla) or defaults.sla_minutes[priority],
        tags=problems.read(raw, path, "tags", _read_tags) or (),
        review=problems.read(raw, path, "review", read_flag),
        reason=problems.read(raw, path, "reason", _read_reason),
    )


def fill_placeholders(tag: str, facts: RoutingFacts) -> str:
    """``lang:{language}`` with the ticket's language in place of the braces."""
    return _PLACEHOLDER.sub(lambda match: str(getattr(facts, match[1])), tag)


def _read_priority(value: object) -> str:
    return read_label(value, PRIORITIES, "priority")


def _read_sla(value: object) -> int:
    return read_whole_number(value, 1, MAX_SLA_MINUTES)


def _read_sla_by_priority(value: object) -> Mapping[str, int]:
    if not isinstance(value, dict):
        return dict.fromkeys(PRIORITIES, _read_sla(value))
    if set(value) != set(PRIORITIES):
        raise RuleValueError(f"write minutes for each of {', '.join(PRIORITIES)}, and for nothing else")
    return {priority: _read_sla(value[priority]) for priority in PRIORITIES}


def _read_tags(value: object) -> tuple[str, ...]:
    tags = read_texts(value)
    for tag in tags:
        names = _PLACEHOLDER.findall(tag)
        rest = _PLACEHOLDER.sub("", tag)
        if not set(names) <= set(PLACEHOLDERS) or "{" in rest or "}" in rest:
            raise RuleValueError(f"{shown(tag)}: in braces only {', '.join(PLACEHOLDERS)} may stand")
    return tags


def _read_reason(value: object) -> str:
    return read_text(value, MAX_REASON_CHARS)
