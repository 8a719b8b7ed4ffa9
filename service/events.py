"""In: a stored result. Out: its CloudEvents 1.0 routing event, the same bytes every time it is built.

The event id is derived from what the event is about, so a reader can drop the copies that a restart may publish again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid5

ROUTED_TYPE: Final = "io.deskroute.ticket.routed.v1"
CONTENT_TYPE: Final = "application/cloudevents+json; charset=UTF-8"
EVENT_SOURCE: Final = "/deskroute/worker"

_NAMESPACE: Final = UUID("6f9d3f0e-3c0a-5b63-9b1e-2f6f4f0d6a51")


def routed_event_id(tenant: str, ticket_id: str, revision: int) -> UUID:
    """The id of the routing event of one revision of one ticket."""
    return uuid5(_NAMESPACE, f"{tenant}|{ticket_id}|{revision}|{ROUTED_TYPE}")


def routed_event(document: Mapping[str, Any]) -> bytes:
    """The event of a stored result, as structured JSON; ``data`` is the result itself and holds no ticket text."""
    tenant, ticket_id, revision = document["tenant"], document["ticket_id"], document["revision"]
    event = {
        "specversion": "1.0",
        "id": str(routed_event_id(tenant, ticket_id, revision)),
        "source": EVENT_SOURCE,
        "type": ROUTED_TYPE,
        "subject": f"{tenant}/{ticket_id}",
        "time": document["processed_at"],
        "datacontenttype": "application/json",
        "data": document,
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
