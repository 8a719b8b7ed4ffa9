"""In: a binary file. Out: its lines without their ends, none of them longer in memory than a message may be.

Of a longer line only a stub is kept, one byte too long for the decoder, which then says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from service.decode import MAX_MESSAGE_BYTES


def read_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield every line, empty ones too."""
    limit = MAX_MESSAGE_BYTES + 2
    while line := file.readline(limit):
        ended = line.endswith(b"\n")
        yield line.removesuffix(b"\n").removesuffix(b"\r")
        while not ended and (rest := file.readline(limit)):
            ended = rest.endswith(b"\n")
