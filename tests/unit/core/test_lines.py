"""In: binary files. Out: their lines, each bounded in memory; one too long is told from one that just fits."""

from __future__ import annotations

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from service.decode import MAX_MESSAGE_BYTES
from service.lines import read_lines


@given(st.lists(st.binary(max_size=30).filter(lambda line: not set(line) & {10, 13}), max_size=10))
def test_read_lines_any_short_lines_come_back(lines: list[bytes]) -> None:
    file = BytesIO(b"".join(line + b"\n" for line in lines))

    assert list(read_lines(file)) == lines


def test_read_lines_last_line_without_an_end_and_windows_ends_are_read() -> None:
    assert list(read_lines(BytesIO(b"a\r\n\r\nb"))) == [b"a", b"", b"b"]


def test_read_lines_longest_line_that_is_allowed_comes_whole() -> None:
    longest = b"x" * MAX_MESSAGE_BYTES

    lines = list(read_lines(BytesIO(longest + b"\r\n" + longest + b"\nnext")))

    assert [len(line) for line in lines] == [MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES, 4]


def test_read_lines_far_too_long_line_is_a_stub_that_is_too_long_and_the_next_is_intact() -> None:
    stub, after = read_lines(BytesIO(b"x" * (5 * MAX_MESSAGE_BYTES) + b"\nnext\n"))

    assert MAX_MESSAGE_BYTES < len(stub) <= MAX_MESSAGE_BYTES + 2
    assert after == b"next"


def test_read_lines_too_long_last_line_without_an_end_comes_to_an_end() -> None:
    (stub,) = read_lines(BytesIO(b"x" * (3 * MAX_MESSAGE_BYTES)))

    assert len(stub) > MAX_MESSAGE_BYTES
