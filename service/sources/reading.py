"""In: a native webhook body, whose shape nobody guarantees. Out: single values of it, None where absent or odd.

Raises nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def at(payload: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path of keys."""
    value: Any = payload
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def mapping_at(payload: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """The object at a path, empty where there is none."""
    value = at(payload, path)
    return value if isinstance(value, Mapping) else {}


def text_at(payload: Mapping[str, Any], path: str) -> str | None:
    """The text at a path; a number, as some systems send for an id, is written out; an empty text is none."""
    value = at(payload, path)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def texts_at(payload: Mapping[str, Any], path: str) -> list[str]:
    """The texts of a list at a path; placeholders write one text, with commas (Freshdesk) or blanks (Zendesk)."""
    value = at(payload, path)
    if isinstance(value, str):
        return [one.strip() for one in value.split("," if "," in value else None) if one.strip()]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def without(payload: Mapping[str, Any], used: Collection[str]) -> dict[str, Any]:
    """What of an object was not used; it is kept as the ticket's ``extra``."""
    return {key: value for key, value in payload.items() if key not in used}
