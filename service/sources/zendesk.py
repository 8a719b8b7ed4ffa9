"""In: a Zendesk webhook's event about a ticket, or a trigger's body built like its ticket API. Out: a ticket's shape.

Raises nothing. Events, which carry people's ids but no names:
https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from service.sources.reading import mapping_at, text_at, texts_at, without

SOURCE: Final = "zendesk"
ID_PATH: Final = "detail.id"
_TICKET_EVENT: Final = "zen:event-type:ticket."
_CHANNELS: Final = {
    "email": "email",
    "mail": "email",
    "web": "web",
    "web_form": "web",
    "web_widget": "web",
    "help_center": "web",
    "chat": "chat",
    "native_messaging": "chat",
    "messaging": "chat",
    "whatsapp": "chat",
    "api": "api",
    "voice": "phone",
    "phone": "phone",
    "twitter": "social",
    "facebook": "social",
    "instagram_dm": "social",
}
_USED: Final = frozenset(
    ("id", "subject", "title", "description", "comment", "created_at", "updated_at", "requester", "tags", "via")
)


def matches(payload: Mapping[str, Any]) -> bool:
    """Whether this is an event about a ticket, or names Zendesk and holds a ticket."""
    kind = payload.get("type")
    if isinstance(kind, str) and kind.startswith(_TICKET_EVENT):
        return True
    return payload.get("source") == SOURCE and isinstance(payload.get("ticket"), Mapping)


def to_ticket(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The newest customer comment is the text; before there is one, the description is."""
    detail = mapping_at(payload, "detail") or mapping_at(payload, "ticket")
    is_customer_comment = mapping_at(payload, "event.comment.author").get("is_staff") is False
    comment = text_at(payload, "event.comment.body") if is_customer_comment else None
    channel = text_at(detail, "via.channel") or text_at(detail, "via") or ""
    return {
        "ticket_id": text_at(detail, "id"),
        "subject": text_at(detail, "subject") or text_at(detail, "title"),
        "body": comment or text_at(detail, "description") or text_at(detail, "comment.body") or "",
        "channel": _CHANNELS.get(channel.lower().replace(" ", "_"), "other"),
        "created_at": text_at(detail, "created_at"),
        "updated_at": text_at(detail, "updated_at") or text_at(payload, "time"),
        "requester": {
            "id": text_at(detail, "requester.id") or text_at(detail, "requester_id"),
            "name": text_at(detail, "requester.name"),
            "email": text_at(detail, "requester.email"),
            "locale": text_at(detail, "requester.locale"),
        },
        "tags": texts_at(detail, "tags"),
        "source": SOURCE,
        "extra": without(detail, _USED) | without(payload, ("source", "tenant", "detail", "ticket", "event")),
    }
