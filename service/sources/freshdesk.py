"""In: the JSON body of a Freshdesk automation rule's "Trigger webhook" action. Out: a ticket's shape.

Raises nothing. Keys are the rule's placeholders, under ``freshdesk_webhook``:
https://support.freshdesk.com/support/solutions/articles/132589-using-webhooks-in-automation-rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from service.sources.reading import mapping_at, text_at, texts_at, without

SOURCE: Final = "freshdesk"
ID_PATH: Final = "freshdesk_webhook.ticket_id"
_CHANNELS: Final = {
    "email": "email",
    "outbound email": "email",
    "portal": "web",
    "feedback widget": "web",
    "phone": "phone",
    "chat": "chat",
    "whatsapp": "chat",
    "twitter": "social",
    "facebook": "social",
    "ecommerce": "web",
}
_USED: Final = frozenset(
    (
        *("ticket_id", "ticket_subject", "ticket_description", "ticket_source", "ticket_tags"),
        *("ticket_contact_name", "ticket_contact_email", "ticket_requester_name", "ticket_requester_email"),
    )
)


def matches(payload: Mapping[str, Any]) -> bool:
    """Whether the object that Freshdesk wraps its placeholders in is there."""
    return isinstance(payload.get("freshdesk_webhook"), Mapping)


def to_ticket(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The description, which is HTML, is the text; Freshdesk says no time unless the rule adds one."""
    webhook = mapping_at(payload, "freshdesk_webhook")
    return {
        "ticket_id": text_at(webhook, "ticket_id"),
        "subject": text_at(webhook, "ticket_subject"),
        "body": text_at(webhook, "ticket_description") or "",
        "channel": _CHANNELS.get((text_at(webhook, "ticket_source") or "").lower(), "other"),
        "requester": {
            "name": text_at(webhook, "ticket_contact_name") or text_at(webhook, "ticket_requester_name"),
            "email": text_at(webhook, "ticket_contact_email") or text_at(webhook, "ticket_requester_email"),
        },
        "tags": texts_at(webhook, "ticket_tags"),
        "source": SOURCE,
        "extra": without(webhook, _USED) | without(payload, ("source", "tenant", "freshdesk_webhook")),
    }
