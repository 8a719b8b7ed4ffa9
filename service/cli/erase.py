"""In: `deskroute erase`. Out: a ticket's or a requester's rows gone from the database, and never stored again.

Exits 0 on success, also where nothing was there, 1 where the operator says no or the database is away, and 2 where the
usage or a setting is wrong. Prints nothing that a customer wrote.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from service.cli.errors import errors_reported
from service.clocks import utc_now
from service.decode import try_decode
from service.errors import ConfigurationError
from service.record import requester_digest, requester_digests
from service.settings import load_settings
from service.store import migrate
from service.store.engine import create_store_engine
from service.store.letters import DeadLetterStore, LetterFilter
from service.store.store import Store
from service.store.values import Erasure, SuppressionKind, TicketRevision
from service.ticket import Tenant, Ticket, TicketId

_TENANT, _TICKET_ID = TypeAdapter(Tenant), TypeAdapter(TicketId)


def erase(
    tenant: Annotated[str, typer.Option(help="Whose tickets.")],
    ticket: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A ticket; may be given several times.")
    ] = None,
    requester: Annotated[
        str | None, typer.Option(metavar="EMAIL_OR_ID", help="Everything of this requester: e-mail address, or id.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete tickets from the database, or everything of one requester, and never store their messages again.

    Topics are not touched: what stands on them goes when their retention ends.
    """
    with errors_reported():
        _require_usage(tenant, ticket or [], requester)
        if not (yes or dry_run or sys.stdin.isatty()):
            raise ConfigurationError("there is no terminal to ask on: give --yes to erase, or --dry-run to look first")
        at = utc_now()
        with _open_stores() as (store, letters):
            erasures = _of_tickets(tenant, ticket or [], at)
            if requester is not None:
                digest = requester_digest(tenant, requester)
                erasures = [Erasure(tenant, SuppressionKind.REQUESTER, digest, at)]
                erasures += _of_tickets(tenant, _tickets_in_letters(letters, tenant, digest), at)
            would_go = store.erase(erasures, dry_run=True)
            if dry_run:
                typer.echo(f"would delete {_counted(would_go)}; nothing was changed")
                return
            if not yes and not typer.confirm(f"Delete {_counted(would_go)}, and never store their messages again?"):
                typer.echo("nothing was changed", err=True)
                raise typer.Exit(1)
            gone = store.erase(erasures)
        typer.echo(f"deleted {_counted(gone)}")
        typer.echo(f"noted: no message of theirs up to {at:%Y-%m-%d %H:%M:%S} UTC is stored again")
        typer.echo(
            "the Kafka topics keep their events and messages until their retention ends, backups for as long as you do"
        )


def _require_usage(tenant: str, tickets: Sequence[str], requester: str | None) -> None:
    if bool(tickets) == (requester is not None):
        raise ConfigurationError("whose? Give --ticket, once or several times, or --requester")
    if requester is not None and not requester.strip():
        raise ConfigurationError("--requester: an e-mail address or an id")
    for name, wanted, values in (("--tenant", _TENANT, [tenant]), ("--ticket", _TICKET_ID, tickets)):
        for value in values:
            try:
                wanted.validate_python(value)
            except ValidationError as error:
                raise ConfigurationError(f"{name} {value!r}: {error.errors()[0]['msg']}") from None


def _of_tickets(tenant: str, ticket_ids: Sequence[str], at: datetime) -> list[Erasure]:
    return [Erasure(tenant, SuppressionKind.TICKET, ticket_id, at) for ticket_id in dict.fromkeys(ticket_ids)]


def _tickets_in_letters(letters: DeadLetterStore, tenant: str, digest: str) -> list[str]:
    """The requester's tickets that no row tells of, since they became dead letters."""
    found = []
    for letter_id in letters.iterate_ids(LetterFilter(state=None)):
        letter = letters.read(letter_id)
        if letter is None or letter.value is None:
            continue
        ticket = try_decode(letter.value)
        if isinstance(ticket, Ticket) and ticket.tenant == tenant and digest in requester_digests(ticket):
            found.append(ticket.ticket_id)
    return found


def _counted(revisions: Sequence[TicketRevision]) -> str:
    tickets = {(tenant, ticket_id) for tenant, ticket_id, _ in revisions}
    return f"{len(revisions)} revision{'s' * (len(revisions) != 1)} of {len(tickets)} ticket{'s' * (len(tickets) != 1)}"


@contextmanager
def _open_stores() -> Iterator[tuple[Store, DeadLetterStore]]:
    url = load_settings().database_url.get_secret_value()
    migrate.require_newest(url)
    engine = create_store_engine(url, application_name="deskroute-erase")
    with closing(Store(engine)) as store, closing(DeadLetterStore(engine)) as letters:
        yield store, letters
