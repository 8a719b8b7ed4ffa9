"""In: the text of a valid TOML document. Out: the line of each of its tables, keys and array elements.

`tomllib` gives values without lines; this walks the same text for lines without values. Raises nothing on text that
`tomllib` accepted.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from typing import Final

TomlPath = tuple[str | int, ...]

_BLANK: Final = re.compile(r"(?:\s|#[^\n]*)*")
_KEY: Final = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*'""")
_DOT: Final = re.compile(r"[ \t]*\.[ \t]*")
_SCALAR: Final = re.compile(
    r'''"""(?:\\.|[^\\])*?""""{0,2}'''
    r"""|'{3}.*?'{3}'{0,2}"""
    r"""|"(?:\\.|[^"\\])*"|'[^']*'"""
    r"""|\d{4}-\d\d-\d\d[ ]\d\d:[^,\]}\s#]+"""
    r"""|[^,\]}\s#]+""",
    re.DOTALL,
)


def find_lines(text: str) -> dict[TomlPath, int]:
    """Line numbers, from 1, by path: ``("rule", 2, "when", "category")`` is in the third ``[[rule]]``."""
    return _Walk(text).document()


def line_of(lines: Mapping[TomlPath, int], path: TomlPath) -> int:
    """The line of ``path``, or of the nearest thing that encloses it; 1 for the document itself."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Walk:
    """A cursor over the text; every method leaves it behind what it read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[TomlPath, int] = {}
        self._elements: Counter[TomlPath] = Counter()

    def document(self) -> dict[TomlPath, int]:
        table: TomlPath = ()
        while self._peek():
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._lines

    def _header(self) -> TomlPath:
        line = self._line()
        is_element = self._text.startswith("[[", self._at)
        self._at += 2 if is_element else 1
        *parents, last = self._keys()
        self._peek()
        self._at += 2 if is_element else 1
        path: TomlPath = ()
        for key in parents:
            path += (key,)
            if self._elements[path]:
                path += (self._elements[path] - 1,)
        path += (last,)
        self._lines.setdefault(path, line)
        if is_element:
            self._elements[path] += 1
            path += (self._elements[path] - 1,)
        self._lines.setdefault(path, line)
        return path

    def _pair(self, table: TomlPath) -> None:
        line = self._line()
        path = table
        for key in self._keys():
            path += (key,)
            self._lines.setdefault(path, line)
        self._peek()
        self._at += len("=")
        self._value(path)

    def _value(self, path: TomlPath) -> None:
        opening = self._peek()
        if opening == "{":
            self._at += 1
            while self._peek() != "}":
                self._pair(path)
                self._comma()
            self._at += 1
        elif opening == "[":
            self._at += 1
            index = 0
            while self._peek() != "]":
                self._lines[(*path, index)] = self._line()
                self._value((*path, index))
                self._comma()
                index += 1
            self._at += 1
        else:
            self._take(_SCALAR)

    def _keys(self) -> list[str]:
        self._peek()
        keys = []
        while True:
            raw = self._take(_KEY)
            keys.append(next(iter(tomllib.loads(f"{raw} = 0"))))
            if not self._take(_DOT):
                return keys

    def _comma(self) -> None:
        if self._peek() == ",":
            self._at += 1

    def _peek(self) -> str:
        """The next character that is no white space or comment; empty at the end."""
        self._take(_BLANK)
        return self._text[self._at : self._at + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match[0]

    def _line(self) -> int:
        return bisect_right(self._newlines, self._at) + 1
