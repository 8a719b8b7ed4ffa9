"""In: a Jira or Jira Service Management webhook about an issue. Out: a ticket's shape.

Raises nothing. Events: https://developer.atlassian.com/cloud/jira/platform/webhooks/. A description is a text, or a
document in the Atlassian Document Format: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from service.sources.reading import at, mapping_at, text_at, texts_at, without

SOURCE: Final = "jira"
ID_PATH: Final = "issue.key"
_ISSUE_EVENT: Final = "jira:issue_"
_USED: Final = frozenset(("summary", "description", "created", "updated", "reporter", "labels"))
_BLOCKS: Final = frozenset(
    (
        *("paragraph", "heading", "codeBlock", "blockquote", "panel", "rule", "listItem", "taskItem", "decisionItem"),
        *("bulletList", "orderedList", "table", "mediaSingle", "expand", "nestedExpand"),
    )
)


def matches(payload: Mapping[str, Any]) -> bool:
    """Whether this is an event about an issue, or an issue sent by an automation rule."""
    event = payload.get("webhookEvent")
    if isinstance(event, str):
        return event.startswith(_ISSUE_EVENT)
    return isinstance(at(payload, "issue.fields"), Mapping) or (
        isinstance(payload.get("fields"), Mapping) and isinstance(payload.get("key"), str)
    )


def to_ticket(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The description is the text, the summary the subject, the key (SUP-12) the id."""
    issue = mapping_at(payload, "issue") or payload
    fields = mapping_at(issue, "fields")
    description = fields.get("description")
    reporter = mapping_at(fields, "reporter")
    return {
        "ticket_id": text_at(issue, "key"),
        "subject": text_at(fields, "summary"),
        "body": description if isinstance(description, str) else document_to_text(description),
        "created_at": text_at(fields, "created"),
        "updated_at": text_at(fields, "updated"),
        "requester": {
            "id": text_at(reporter, "accountId") or text_at(reporter, "name"),
            "name": text_at(reporter, "displayName"),
            "email": text_at(reporter, "emailAddress"),
            "locale": text_at(reporter, "locale"),
        },
        "tags": texts_at(fields, "labels"),
        "source": SOURCE,
        "extra": without(fields, _USED) | without(payload, ("source", "tenant", "issue", "fields", "key")),
    }


def document_to_text(document: Any) -> str:
    """The text of a document in the Atlassian Document Format: one line a block or table row, a tab between cells."""
    # Decoding bounds the depth of a message (200 levels), and so this recursion.
    if not isinstance(document, Mapping):
        return ""
    kind, content = document.get("type"), document.get("content")
    match kind:
        case "text":
            return text_at(document, "text") or ""
        case "hardBreak":
            return "\n"
        case "mention" | "emoji" | "status" | "inlineCard":
            return text_at(document, "attrs.text") or text_at(document, "attrs.url") or ""
    pieces = [document_to_text(child) for child in content] if isinstance(content, list) else []
    if kind == "tableRow":
        return "\t".join(piece.strip() for piece in pieces) + "\n"
    text = "".join(pieces)
    return text.rstrip("\n") + "\n" if kind in _BLOCKS else text.strip("\n")
