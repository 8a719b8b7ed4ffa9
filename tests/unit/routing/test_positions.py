"""In: valid TOML. Out: proof that every table, key and element is found on its own line."""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from service.routing.positions import TomlPath, find_lines, line_of

_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
_SCALARS = st.one_of(
    _TEXTS.map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.sampled_from(
        [
            "1",
            "-2.5e3",
            "true",
            "1979-05-27 07:32:00Z",
            "1979-05-27",
            "07:32:00",
            "'[[x]] # = \\'",
            '"""\n[[rule]]\n"quoted\\""\\" # = {\n"""',
            '"""ends in two"""""',
            "'''\n[table]\n'quoted''''",
        ]
    ),
)
_BLANKS = st.sampled_from(["", "\n", "  # a = [1]\n", "\n\n\t"])


@st.composite
def toml_documents(draw: st.DrawFn) -> str:
    numbers = itertools.count()

    def key() -> str:
        name = f"key{next(numbers)}_"
        return draw(st.sampled_from([name, f'"{name}"', f"'{name}'"]))

    def value(depth: int) -> str:
        kind = draw(st.sampled_from(["scalar", "scalar", "array", "inline"] if depth else ["scalar"]))
        if kind == "scalar":
            return draw(_SCALARS)
        inner = [value(depth - 1) for _ in range(draw(st.integers(0, 3)))]
        if kind == "inline":
            return f"{{ {', '.join(f'{key()} = {item}' for item in inner)} }}"
        return f"[{draw(_BLANKS)}{''.join(f'{item},{draw(_BLANKS)}' for item in inner)}]"

    def pairs() -> Iterator[str]:
        for _ in range(draw(st.integers(0, 3))):
            dotted = draw(st.sampled_from(["", f"{key()} . ", f"{key()}."]))
            yield f"{draw(st.sampled_from(['', '  ']))}{dotted}{key()} = {value(2)}\n{draw(_BLANKS)}"

    document = list(pairs())
    for _ in range(draw(st.integers(0, 4))):
        name = key()
        for _ in range(draw(st.integers(1, 2))):
            document += [f"[[{name}]]\n", *pairs(), f"[ {name} . {key()} ]  # table\n", *pairs()]
        document += [f"[{key()}]\n", *pairs()]
    return "".join(document)


def _paths(node: Any, path: TomlPath = ()) -> Iterator[TomlPath]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield (*path, name)
        yield from _paths(child, (*path, name))


@given(toml_documents())
@settings(deadline=None, max_examples=50)
def test_find_lines_any_valid_document_knows_exactly_its_paths(text: str) -> None:
    document = tomllib.loads(text)

    lines = find_lines(text)

    assert set(lines) == set(_paths(document))


@given(toml_documents())
@settings(deadline=None, max_examples=50)
def test_find_lines_any_valid_document_names_the_line_that_holds_the_key(text: str) -> None:
    written = text.split("\n")

    lines = find_lines(text)

    for path, line in lines.items():
        if isinstance(path[-1], str):
            assert path[-1] in written[line - 1]


def test_find_lines_nested_table_of_an_array_element_belongs_to_the_last_element() -> None:
    text = '[[rule]]\nname = "a"\n\n[[rule]]\nname = "b"\n[rule.when]\ncategory = [\n  "billing",\n  "refund",\n]\n'

    lines = find_lines(text)

    assert lines["rule", 0, "name"] == 2
    assert lines["rule", 1] == 4
    assert lines["rule", 1, "when"] == 6
    assert lines["rule", 1, "when", "category", 1] == 9


def test_line_of_a_key_that_is_absent_is_the_line_of_its_table() -> None:
    lines = find_lines("\n\n[[rule]]\nname = 1\n")

    assert line_of(lines, ("rule", 0, "then", "queue")) == 3
    assert line_of(lines, ("defaults",)) == 1
