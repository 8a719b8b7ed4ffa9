"""In: tickets and corrections with their results. Out: what is stored of them, and of whose they are only digests."""

from __future__ import annotations

import pytest

from service.corrections import Correction, version_of_correction
from service.events import routed_event_id
from service.record import requester_digest, requester_digests, stored_correction, stored_decision
from service.revisions import version_of
from service.store.values import Coordinates, StoredTicket
from service.ticket import Requester, Ticket
from tests.unit.store.samples import NOW, result

AT = Coordinates("in", 0, 7)


def ticket(**requester: str) -> Ticket:
    return Ticket(
        ticket_id="t1",
        tenant="acme",
        body="x",
        updated_at=NOW,
        sequence=2,
        tags=("a",),
        requester=Requester(**requester),
    )


def test_stored_decision_has_the_version_and_what_rules_look_at() -> None:
    asked = ticket(tier="gold", email="ann@example.com")

    stored = stored_decision(asked, version_of(asked), result("t1", 9), NOW, AT)

    version = version_of(asked)
    assert (stored.facts.revised_us, stored.facts.sequence) == (version.revised_us, 2)
    assert stored.facts.content_digest == version.digest
    assert (stored.facts.requester_tier, stored.facts.tags) == ("gold", ("a",))
    assert stored.event_id == routed_event_id("acme", "t1", 9)
    assert "example.com" not in repr(stored)


def test_stored_correction_keeps_whose_ticket_it_is_and_says_who_corrected() -> None:
    asked = ticket(email="ann@example.com")
    decided = stored_decision(asked, version_of(asked), result("t1", 9), NOW, AT)
    base = StoredTicket(decided.result, "email", "jira", NOW, decided.facts)
    correction = Correction(ticket_id="t1", tenant="acme", corrected_at=NOW, corrected_by="kim", category="refund")
    version = version_of_correction(correction)

    stored = stored_correction(base, correction, result("t1", 10), version, AT)

    assert (stored.channel, stored.source, stored.coordinates) == ("email", "jira", AT)
    assert stored.facts.requester_digests == decided.facts.requester_digests
    assert (stored.facts.corrected_by, stored.facts.sequence) == ("kim", None)
    assert (stored.facts.revised_us, stored.facts.content_digest) == (version.revised_us, version.digest)


def test_requester_digests_are_those_of_address_and_id() -> None:
    digests = requester_digests(ticket(email="Ann@Example.com ", id="4711"))

    assert digests == (requester_digest("acme", "ann@example.com"), requester_digest("acme", "4711"))


@pytest.mark.parametrize("requester", [{}, {"email": ""}, {"email": "  ", "id": " "}])
def test_requester_digests_of_nobody_are_none(requester: dict[str, str]) -> None:
    assert requester_digests(ticket(**requester)) == ()


def test_requester_digest_of_another_tenant_is_another() -> None:
    assert requester_digest("acme", "ann@example.com") != requester_digest("umbrella", "ann@example.com")


def test_requester_digest_never_changes_between_versions_of_the_service() -> None:
    assert (
        requester_digest("acme", "Ann@example.com")
        == "fbc9a9a7f0b22f4fa17c20e1b85d0722213bcfd2a49d71d4f411ae613c694d61"
    )
