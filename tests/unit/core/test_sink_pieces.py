"""In: records of any number and size. Out: pieces in their order, none of them more than may be outstanding."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.broker.records import OutputRecord
from service.broker.sink import bounded_pieces


@given(st.lists(st.integers(0, 120)), st.integers(1, 5), st.integers(1, 100))
def test_bounded_pieces_are_all_records_in_order_and_within_bounds(
    sizes: list[int], max_records: int, max_bytes: int
) -> None:
    records = [OutputRecord("t", str(number).encode(), b"x" * size) for number, size in enumerate(sizes)]

    pieces = list(bounded_pieces(records, max_records, max_bytes))

    assert [record for piece in pieces for record in piece] == records
    assert all(1 <= len(piece) <= max_records for piece in pieces)
    assert all(len(piece) == 1 or sum(record.size_bytes for record in piece) <= max_bytes for piece in pieces)


def test_bounded_pieces_are_no_more_than_needed() -> None:
    records = [OutputRecord("t", None, b"x" * 10) for _ in range(10)]

    assert [len(piece) for piece in bounded_pieces(records, 100, 40)] == [4, 4, 2]
    assert [len(piece) for piece in bounded_pieces(records, 3, 1_000)] == [3, 3, 3, 1]
    assert list(bounded_pieces([], 3, 1_000)) == []
