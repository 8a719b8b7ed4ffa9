"""In: what is wrong in a rules file, as it is found. Out: all of it in one `RuleError`, a line each, in file order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from service.errors import RuleError
from service.routing.positions import TomlPath, line_of
from service.routing.values import RuleValueError, printable, suggest

Value = TypeVar("Value")


class Problems:
    """Collects what is wrong, so that a file with five mistakes is corrected once and not five times."""

    def __init__(self, file: Path, lines: Mapping[TomlPath, int]) -> None:
        self._file = file
        self._lines = lines
        self._found: list[tuple[int, str]] = []

    @property
    def count(self) -> int:
        """How many were found so far."""
        return len(self._found)

    def line(self, path: TomlPath) -> int:
        """The line of a table or key of the file."""
        return line_of(self._lines, path)

    def add(self, path: TomlPath, message: str) -> None:
        """Report something wrong at ``path``."""
        self._found.append((self.line(path), message))

    def check_keys(self, table: Mapping[str, Any], path: TomlPath, allowed: Iterable[str]) -> None:
        """Report every key of ``table`` that is not among ``allowed``."""
        names = tuple(allowed)
        for key in table:
            if key not in names:
                self.add((*path, key), f'there is no key "{printable(key)}" here{suggest(key, names)}')

    def read(self, table: Mapping[str, Any], path: TomlPath, key: str, read: Callable[[object], Value]) -> Value | None:
        """The checked value of ``key``; None where it is absent or wrong, which is then reported."""
        if key not in table:
            return None
        try:
            return read(table[key])
        except RuleValueError as error:
            self.add((*path, key), f"{key}: {error}")
            return None

    def raise_if_any(self) -> None:
        """Raise `RuleError` if anything was reported."""
        if self._found:
            lines = sorted(self._found, key=lambda found: found[0])
            raise RuleError("\n".join(f"{self._file}:{line}: {message}" for line, message in lines))
