"""In: an Intercom webhook notification about a conversation or a ticket. Out: a ticket's shape.

Raises nothing. Bodies are HTML, times are Unix seconds; see
https://developers.intercom.com/docs/references/webhooks/webhook-models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from service.sources.reading import at, mapping_at, text_at, without

SOURCE: Final = "intercom"
ID_PATH: Final = "data.item.id"
_CHANNELS: Final = {
    "conversation": "chat",
    "chat": "chat",
    "push": "chat",
    "whatsapp": "chat",
    "sms": "chat",
    "email": "email",
    "facebook": "social",
    "instagram": "social",
    "twitter": "social",
    "phone_call": "phone",
    "phone_switch": "phone",
}
_CUSTOMERS: Final = ("user", "lead", "contact")
_USED: Final = frozenset(
    (
        *("id", "source", "conversation_message", "conversation_parts", "ticket_parts", "ticket_attributes"),
        *("contacts", "created_at", "updated_at", "tags", "user"),
    )
)


def matches(payload: Mapping[str, Any]) -> bool:
    """Whether this is a notification that carries a conversation or a ticket."""
    return payload.get("type") == "notification_event" and at(payload, "data.item.type") in ("conversation", "ticket")


def to_ticket(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The newest part that the customer wrote is the text; before there is one, the opening message is."""
    item = mapping_at(payload, "data.item")
    opening = mapping_at(item, "source") or mapping_at(item, "conversation_message")
    contact = _first(item, "contacts.contacts") or mapping_at(item, "user") or mapping_at(opening, "author")
    return {
        "ticket_id": text_at(item, "id"),
        "subject": text_at(opening, "subject") or text_at(item, "ticket_attributes._default_title_"),
        "body": _newest_from_customer(item)
        or text_at(opening, "body")
        or text_at(item, "ticket_attributes._default_description_")
        or "",
        "channel": _CHANNELS.get(text_at(opening, "type") or "", "other"),
        "created_at": at(item, "created_at"),
        "updated_at": at(item, "updated_at"),
        "requester": {
            "id": text_at(contact, "id"),
            "name": text_at(contact, "name") or text_at(opening, "author.name"),
            "email": text_at(contact, "email") or text_at(opening, "author.email"),
        },
        "tags": [tag["name"] for tag in _list(item, "tags.tags") if isinstance(tag.get("name"), str)],
        "source": SOURCE,
        "extra": without(item, _USED) | without(payload, ("source", "tenant", "data")),
    }


def _newest_from_customer(item: Mapping[str, Any]) -> str | None:
    parts = _list(item, "conversation_parts.conversation_parts") or _list(item, "ticket_parts.ticket_parts")
    for part in reversed(parts):
        if at(part, "author.type") in _CUSTOMERS and (body := text_at(part, "body")):
            return body
    return None


def _list(payload: Mapping[str, Any], path: str) -> list[Mapping[str, Any]]:
    value = at(payload, path)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _first(payload: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    return next(iter(_list(payload, path)), {})
