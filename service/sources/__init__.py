"""In: a decoded JSON object. Out: the help desk whose native webhook body it is, or None for deskroute's own shape.

Raises nothing. One module a help desk; each tells its own bodies and brings them into a ticket's shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from service.sources import freshdesk, intercom, jira, zammad, zendesk


class HelpDesk(Protocol):
    """What each module offers; ``ID_PATH`` is the native key of the ticket's id, for error messages."""

    SOURCE: str
    ID_PATH: str

    def matches(self, payload: Mapping[str, Any]) -> bool:
        """Whether this is one of the system's native bodies."""
        ...

    def to_ticket(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The body in a ticket's shape; what is missing there is left out."""
        ...


HELP_DESKS: Final[tuple[HelpDesk, ...]] = (zendesk, freshdesk, intercom, jira, zammad)


def find_help_desk(payload: Mapping[str, Any]) -> HelpDesk | None:
    """The help desk that ``payload`` is native to; ``source``, where given, must not name another one."""
    # Almost all messages have deskroute's own shape: leave quickly.
    if "body" in payload and "ticket_id" in payload:
        return None
    source = payload.get("source")
    for help_desk in HELP_DESKS:
        if source in (None, help_desk.SOURCE) and help_desk.matches(payload):
            return help_desk
    return None
