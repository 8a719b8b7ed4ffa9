"""In: native webhook bodies as the help desks document them. Out: whether each becomes the ticket it stands for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service.decode import decode_ticket
from service.errors import InvalidMessageError, Reason
from service.normalize import normalize
from service.sources import find_help_desk
from service.ticket import Ticket

_FIXTURES = Path(__file__).parent / "fixtures"


def _payload(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((_FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return payload


def _ticket(name: str) -> Ticket:
    return decode_ticket((_FIXTURES / f"{name}.json").read_bytes())


def test_zendesk_ticket_created_event_becomes_a_ticket() -> None:
    ticket = _ticket("zendesk_ticket_created")

    assert (ticket.source, ticket.ticket_id, ticket.subject) == ("zendesk", "35436", "Charger missing")
    assert ticket.body.startswith("Hello,\n\nmy order 4711-22")
    assert ticket.channel == "email"
    assert ticket.updated_at == datetime(2026, 3, 3, 9, 14, 22, tzinfo=UTC)
    assert ticket.requester.id == "8447388090494"
    assert ticket.tags == ("checkout", "web_order")
    assert ticket.extra["group_id"] == "8447320466430"
    assert ticket.extra["account_id"] == 12514403


def test_zendesk_comment_by_the_customer_is_the_text() -> None:
    ticket = _ticket("zendesk_comment_added")

    assert ticket.ticket_id == "35436"
    assert ticket.body == "It is Wednesday and nobody has answered. Refund me."


def test_zendesk_comment_by_staff_leaves_the_description_as_text() -> None:
    payload = _payload("zendesk_comment_added")
    payload["event"]["comment"]["author"]["is_staff"] = True

    assert decode_ticket(json.dumps(payload).encode()).body.endswith("came without the charger.")


def test_zendesk_trigger_body_becomes_a_ticket_of_its_tenant() -> None:
    ticket = _ticket("zendesk_trigger")

    assert ticket.key == "acme/35436"
    assert ticket.channel == "email"
    assert ticket.requester.email == "emily@example.com"
    assert ticket.requester.locale == "en-GB"
    assert ticket.tags == ("checkout", "web_order")
    assert ticket.extra == {"url": "acme.zendesk.example/agent/tickets/35436"}


def test_freshdesk_webhook_becomes_a_ticket_with_html_body() -> None:
    ticket = _ticket("freshdesk_webhook")

    assert (ticket.source, ticket.ticket_id, ticket.subject) == ("freshdesk", "1017", "Invoice twice")
    assert normalize(None, ticket.body).text == "Hi,\nI was charged twice for invoice INV-2044."
    assert ticket.channel == "web"
    assert ticket.requester.name == "Emily Adams"
    assert ticket.tags == ("invoice", "double charge")
    assert ticket.extra["ticket_priority"] == "Medium"


def test_intercom_conversation_created_becomes_a_ticket_without_subject() -> None:
    ticket = _ticket("intercom_conversation_created")

    assert (ticket.source, ticket.ticket_id, ticket.subject) == ("intercom", "215468902611", None)
    assert normalize(None, ticket.body).text == "Hi, I cannot sign in. The code never arrives & I am locked out."
    assert ticket.channel == "chat"
    assert ticket.created_at == datetime(2026, 3, 3, 9, 14, 22, tzinfo=UTC)
    assert ticket.requester.email == "emily@example.com"
    assert ticket.tags == ("login",)
    assert ticket.extra["topic"] == "conversation.user.created"


def test_intercom_reply_newest_part_of_the_customer_is_the_text() -> None:
    ticket = _ticket("intercom_conversation_replied")

    assert ticket.body == "<p>Still locked out, please hurry.</p>"
    assert ticket.updated_at == datetime(2026, 3, 3, 10, 0, tzinfo=UTC)


def test_intercom_ticket_created_default_attributes_are_the_text() -> None:
    ticket = _ticket("intercom_ticket_created")

    assert (ticket.ticket_id, ticket.subject) == ("494", "Charger missing")
    assert ticket.body == "My order 4711-22 came without the charger."
    assert ticket.requester.name == "Emily Adams"


def test_zammad_webhook_article_is_the_text() -> None:
    ticket = _ticket("zammad_webhook")

    assert (ticket.source, ticket.ticket_id, ticket.subject) == ("zammad", "81", "Parcel damaged")
    assert normalize(None, ticket.body).text == "The box was crushed.\n\nPlease send a new lamp."
    assert ticket.channel == "email"
    assert (ticket.requester.name, ticket.requester.tier) == ("Emily Adams", "vip")
    assert ticket.extra["number"] == "10081"


def test_jira_issue_created_description_is_the_text() -> None:
    ticket = _ticket("jira_issue_created")

    assert (ticket.source, ticket.ticket_id, ticket.subject) == ("jira", "SUP-20", "Export fails")
    assert ticket.body == "The export stops with error E-204.\n\n*Please* fix it."
    assert ticket.created_at == datetime(2026, 3, 3, 9, 20, 8, 623_000, tzinfo=UTC)
    assert ticket.requester.id == "557058:c9eb"
    assert ticket.tags == ("export",)
    assert ticket.extra["project"]["key"] == "SUP"


def test_jira_document_description_becomes_lines_of_text() -> None:
    ticket = _ticket("jira_automation_document")

    assert ticket.ticket_id == "SUP-21"
    assert ticket.body == "Hi @Sam,\nthe export stops:\nE-204\nCSV\nPDF\nOrder\t4711\nTraceback"


@pytest.mark.parametrize(
    ("name", "path", "told"),
    [
        ("zendesk_ticket_created", ("detail", "id"), "zendesk: detail.id: Field required"),
        ("freshdesk_webhook", ("freshdesk_webhook", "ticket_id"), "freshdesk: freshdesk_webhook.ticket_id: "),
        ("intercom_ticket_created", ("data", "item", "id"), "intercom: data.item.id: Field required"),
        ("zammad_webhook", ("ticket", "id"), "zammad: ticket.id: Field required"),
        ("jira_issue_created", ("issue", "key"), "jira: issue.key: Field required"),
    ],
)
def test_native_body_id_missing_names_the_native_key(name: str, path: tuple[str, ...], told: str) -> None:
    payload = _payload(name)
    holder = payload
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]

    with pytest.raises(InvalidMessageError, match=told) as caught:
        decode_ticket(json.dumps(payload).encode())

    assert caught.value.reason is Reason.SCHEMA


@pytest.mark.parametrize("name", sorted(path.stem for path in _FIXTURES.glob("*.json")))
def test_find_help_desk_each_fixture_is_its_own_system(name: str) -> None:
    payload = _payload(name)

    help_desk = find_help_desk(payload)

    assert help_desk is not None
    assert name.startswith(help_desk.SOURCE)
    assert find_help_desk(payload | {"source": "generic"}) is None


@pytest.mark.parametrize(
    "payload",
    [
        {"ticket_id": "1", "body": "x", "source": "zendesk"},
        {"type": "zen:event-type:user.active_changed", "detail": {"id": "1"}},
        {"type": "notification_event", "data": {"item": {"type": "ping"}}},
        {"webhookEvent": "comment_created", "issue": {"fields": {}}},
        {"ticket": {"id": 1}},
    ],
)
def test_find_help_desk_other_objects_belong_to_none(payload: dict[str, Any]) -> None:
    assert find_help_desk(payload) is None
