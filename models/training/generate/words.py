"""In: the TOML files of ``phrases/``. Out: their word lists as tuples, read once.

Raises OSError or tomllib.TOMLDecodeError where a file of this package is missing or broken.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

PHRASES_DIR = Path(__file__).with_name("phrases")


@cache
def read_phrases(name: str) -> dict[str, Any]:
    """The content of ``phrases/<name>.toml``."""
    return tomllib.loads((PHRASES_DIR / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def words(key: str) -> tuple[str, ...]:
    """A word list of ``phrases/slots.toml``: entries are parted by ``|`` where there is one, else by white space.

    A ``~`` inside an entry of the second kind stands for a space.
    """
    text: str = read_phrases("slots")[key]
    parts = text.split("|") if "|" in text else text.split()
    return tuple(part.strip().replace("~", " ") for part in parts if part.strip())
