"""In: kafka-python's reader of record batches. Out: the same, which a header name that is not UTF-8 does not stop.

kafka-python 3.0 raises `UnicodeDecodeError` from `poll` for such a name, and again on every later poll: one hostile
record would stop its partition for good. Here the bytes in question are read as ``\\xff`` escapes instead.
"""

from __future__ import annotations

from typing import Any, SupportsIndex

from kafka.record.default_records import DefaultRecordBatch


def read_any_header_name() -> None:
    """Make it so, for this process; doing it again changes nothing."""
    strict = DefaultRecordBatch._read_msg  # noqa: SLF001  there is no public place to say how names are decoded
    if strict is _LENIENT.get("read"):
        return

    def read(batch: Any) -> Any:
        start = batch._pos  # noqa: SLF001
        try:
            return strict(batch)
        except UnicodeDecodeError:
            batch._pos = start  # noqa: SLF001
            batch._buffer = _LenientBuffer(batch._buffer)  # noqa: SLF001
            return strict(batch)

    _LENIENT["read"] = read
    DefaultRecordBatch._read_msg = read  # noqa: SLF001


_LENIENT: dict[str, Any] = {}


class _LenientBuffer(bytes):
    """Bytes whose slices decode whatever they hold."""

    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        found = super().__getitem__(key)
        return _LenientSlice(found) if isinstance(found, bytes) else found


class _LenientSlice(bytes):
    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)
