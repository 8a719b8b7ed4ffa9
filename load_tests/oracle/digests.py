"""In: what two places hold of the same thing. Out: digests that are equal where the two are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any


def document_digest(document: Any) -> str:
    """The digest of a JSON value, whatever the order of its keys."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def headers_digest(headers: Iterable[tuple[str, bytes | None]]) -> str:
    """The digest of headers in their order; Kafka's null counts as empty, since kafka-python cannot send it."""
    digest = sha256()
    for name, value in headers:
        encoded = name.encode("utf-8", "surrogatepass")
        # Lengths before contents: no two lists of headers give the same bytes.
        digest.update(b"%d:%d:" % (len(encoded), len(value or b"")))
        digest.update(encoded + (value or b""))
    return digest.hexdigest()
