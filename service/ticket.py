"""In: a decoded JSON object in deskroute's own shape. Out: a validated `Ticket`.

Raises `pydantic.ValidationError`; `service.decode` turns it into an `InvalidMessageError`. Unknown keys are kept in
`extra`. The text is kept exactly as received, since a result's offsets count in it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

MAX_BODY_CHARS = 100_000
MAX_SUBJECT_CHARS = 1_000
SUBJECT_SEPARATOR = "\n\n"

Source = Literal["generic", "zendesk", "freshdesk", "intercom", "zammad", "jira"]
Channel = Literal["email", "web", "chat", "api", "phone", "social", "other"]
TicketId = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
Tenant = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9_-]+$")]
ShortText = Annotated[str, StringConstraints(max_length=1_000)]


class Requester(BaseModel):
    """Who wrote the ticket, as far as the help desk says."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    id: ShortText | None = Field(default=None, repr=False)
    name: ShortText | None = Field(default=None, repr=False)
    email: ShortText | None = Field(default=None, repr=False)
    locale: ShortText | None = None
    tier: ShortText | None = None


class Ticket(BaseModel):
    """One support ticket as received. Its `repr` never shows what the customer wrote."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ticket_id: TicketId
    tenant: Tenant = "default"
    subject: Annotated[str, StringConstraints(max_length=MAX_SUBJECT_CHARS)] | None = Field(default=None, repr=False)
    body: Annotated[str, StringConstraints(max_length=MAX_BODY_CHARS)] = Field(repr=False)
    channel: Channel = "other"
    created_at: AwareDatetime | None = None
    updated_at: AwareDatetime | None = None
    requester: Requester = Field(default_factory=Requester, repr=False)
    tags: tuple[ShortText, ...] = Field(default=(), max_length=1_000)
    source: Source = "generic"
    sequence: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    extra: dict[str, Any] = Field(default_factory=dict, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _keep_unknown_keys(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        unknown = {key: value for key, value in data.items() if key not in cls.model_fields}
        if not unknown:
            return data
        given = data.get("extra")
        known = {key: value for key, value in data.items() if key in cls.model_fields}
        return known | {"extra": unknown | (given if isinstance(given, dict) else {})}

    @model_validator(mode="after")
    def _has_some_text(self) -> Self:
        if not self.body and not self.subject:
            raise ValueError("body may be empty only where subject is not")
        return self

    @property
    def key(self) -> str:
        """The Kafka key of everything about this ticket."""
        return f"{self.tenant}/{self.ticket_id}"

    @property
    def text(self) -> str:
        """The text that the offsets of a result count in."""
        return self.body if self.subject is None else f"{self.subject}{SUBJECT_SEPARATOR}{self.body}"

    @property
    def revised_at(self) -> datetime | None:
        """When this revision was made, if the help desk says."""
        return self.updated_at or self.created_at
