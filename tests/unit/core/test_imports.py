"""In: the source of every module of `service`. Out: the promise that the outside world is touched in few places."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import service

PACKAGE = Path(service.__file__).parent
_HOMES = {
    "kafka": ("broker",),
    "sqlalchemy": ("store",),
    "alembic": ("store",),
    "psycopg": ("store",),
    "onnxruntime": ("inference",),
    "tokenizers": ("inference",),
    "torch": (),
    "transformers": (),
    "optimum": (),
    "models": (),
}
_LOADED_BY_IMPORT = """
import sys
before = set(sys.modules)
import service
outside = ("kafka", "sqlalchemy", "alembic", "psycopg", "onnxruntime", "tokenizers", "torch", "pydantic", "structlog")
print(*sorted(set(outside) & (set(sys.modules) - before)))
"""


@cache
def _modules() -> list[tuple[Path, ast.Module]]:
    return [
        (file.relative_to(PACKAGE), ast.parse(file.read_text(encoding="utf-8")))
        for file in sorted(PACKAGE.rglob("*.py"))
    ]


def _imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def _reads_environment(tree: ast.Module) -> bool:
    reading = {"environ", "environb", "getenv", "getenvb"}
    return any(
        (isinstance(node, ast.Attribute) and node.attr in reading)
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and reading & {a.name for a in node.names})
        for node in ast.walk(tree)
    )


@pytest.mark.parametrize("library", _HOMES)
def test_import_of_a_library_occurs_in_its_own_package_only(library: str) -> None:
    importers = [file for file, tree in _modules() if library in _imported(tree)]

    strangers = [file for file in importers if file.parts[0] not in _HOMES[library]]

    assert strangers == []


def test_environment_is_read_by_the_settings_only() -> None:
    readers = [file.as_posix() for file, tree in _modules() if _reads_environment(tree)]

    assert readers == ["settings.py"]


def test_import_service_in_a_fresh_process_loads_nothing_of_the_outside_world() -> None:
    done = subprocess.run([sys.executable, "-c", _LOADED_BY_IMPORT], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
