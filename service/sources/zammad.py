"""In: the default body of a Zammad webhook: a ticket and the article that set the trigger off. Out: a ticket's shape.

Raises nothing. Body: https://admin-docs.zammad.org/en/latest/manage/webhook/payload.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from service.sources.reading import mapping_at, text_at, texts_at, without

SOURCE: Final = "zammad"
ID_PATH: Final = "ticket.id"
_CHANNELS: Final = {
    "email": "email",
    "web": "web",
    "phone": "phone",
    "chat": "chat",
    "whatsapp message": "chat",
    "telegram personal-message": "chat",
    "sms": "chat",
    "twitter status": "social",
    "twitter direct-message": "social",
    "facebook feed post": "social",
    "facebook feed comment": "social",
}
_USED: Final = frozenset(("id", "title", "created_at", "updated_at", "customer", "tags"))


def matches(payload: Mapping[str, Any]) -> bool:
    """Whether a ticket and an article stand side by side."""
    return isinstance(payload.get("ticket"), Mapping) and isinstance(payload.get("article"), Mapping)


def to_ticket(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The article is the text; the trigger in Zammad decides whose articles are sent."""
    ticket, article = mapping_at(payload, "ticket"), mapping_at(payload, "article")
    customer = mapping_at(ticket, "customer")
    names = filter(None, (text_at(customer, "firstname"), text_at(customer, "lastname")))
    channel = text_at(article, "type") or text_at(ticket, "create_article_type") or ""
    return {
        "ticket_id": text_at(ticket, "id"),
        "subject": text_at(ticket, "title"),
        "body": text_at(article, "body") or "",
        "channel": _CHANNELS.get(channel.lower(), "other"),
        "created_at": text_at(ticket, "created_at"),
        "updated_at": text_at(ticket, "updated_at"),
        "requester": {
            "id": text_at(customer, "id") or text_at(ticket, "customer_id"),
            "name": " ".join(names) or None,
            "email": text_at(customer, "email"),
            "tier": "vip" if customer.get("vip") is True else None,
        },
        "tags": texts_at(ticket, "tags"),
        "source": SOURCE,
        "extra": without(ticket, _USED) | without(payload, ("source", "tenant", "ticket", "article")),
    }
