"""In: whatever goes wrong in any stage. Out: one of three kinds of failure, each handled in one place.

::

    DeskrouteError
    ├── InvalidMessageError       this one message can never succeed      → dead letter, the stream goes on
    ├── InferenceError            the model failed on a batch             → bisected; alone it is an invalid message
    ├── TransientError            a neighbour is away                     → hold, back off with jitter, try again
    │   ├── StoreUnavailableError
    │   └── BrokerUnavailableError
    └── FatalError                going on would do harm                  → exit non-zero, nothing committed
        ├── ConfigurationError
        │   └── RuleError
        ├── ModelError
        ├── FencedError
        ├── InputPositionError
        └── RecordTooLargeError

A bug is none of these: it keeps its own type and ends the process.
"""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Where in the flow a message failed; stored with its dead letter."""

    DECODE = "decode"
    NORMALIZE = "normalize"
    INFER = "infer"
    ROUTE = "route"
    STORE = "store"


class Reason(StrEnum):
    """Why a message is invalid; stored with its dead letter and returned to a caller."""

    EMPTY = "empty_message"
    TOO_LARGE = "message_too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    SCHEMA = "schema_violation"
    UNKNOWN_SOURCE = "unknown_source"
    UNKNOWN_TENANT = "unknown_tenant"
    INFERENCE = "inference_failed"
    PROCESS_DIED = "process_died"
    REJECTED_BY_STORE = "rejected_by_store"
    UNKNOWN_TICKET = "unknown_ticket"


class DeskrouteError(Exception):
    """Root of every error that this package raises on purpose."""


class InvalidMessageError(DeskrouteError):
    """A message that can never be processed.

    `detail` says what is wrong and where, without quoting the ticket's text.
    """

    def __init__(self, reason: Reason, stage: Stage, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.stage = stage
        self.detail = detail


class InferenceError(DeskrouteError):
    """The model's run failed; `service.isolate` finds the ticket that makes it fail."""


class TransientError(DeskrouteError):
    """A neighbour does not answer for the moment; the same step may succeed later."""


class StoreUnavailableError(TransientError):
    """The database is away, shutting down, out of room or gave up a transaction (SQLSTATE 08, 40, 53, 57)."""


class BrokerUnavailableError(TransientError):
    """Kafka did not acknowledge in time, or answered with a retriable error."""


class FatalError(DeskrouteError):
    """Going on would do harm: the process exits with nothing committed."""


class ConfigurationError(FatalError):
    """A setting is missing, unknown or wrong."""


class RuleError(ConfigurationError):
    """A routing rule is wrong; the message carries file, line and what to write instead."""


class ModelError(FatalError):
    """The model folder is incomplete, altered, or does not fit this version of the service."""


class FencedError(FatalError):
    """Another worker owns the partition; what this one held was dropped unwritten."""


class InputPositionError(FatalError):
    """The topic was recreated, or retention passed the stored position: going on would skip tickets silently."""


class RecordTooLargeError(FatalError):
    """An output topic takes no record of the size of an event: only a person can raise its limit."""
