"""In: nothing. Out: the console that commands print tables on, wide enough where nobody's window limits it."""

from __future__ import annotations

import sys

from rich.console import Console

PIPED_WIDTH_COLUMNS = 160


def open_console() -> Console:
    """Standard output, without rich's markup: what is printed may hold brackets."""
    width = None if sys.stdout.isatty() else PIPED_WIDTH_COLUMNS
    return Console(width=width, markup=False, highlight=False)
