"""In: `write` or `check`, and the dependencies in `pyproject.toml`. Out: lock files with hashes, or what is wrong.

`write` runs uv, which asks the package registry; `check` reads files only. A lock file says in its first line which
dependencies it was made from. Exits 1 with one line a problem.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]
_FOLDER = _ROOT / "requirements"
_OPTIONS = (
    *("--universal", "--python-version=3.11", "--generate-hashes", "--no-header", "--quiet"),
    *("--no-emit-index-url", "--no-emit-find-links"),
)
_HEADER = "# Made by `make lock`; do not edit. Made from: "
_PINNED = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[a-z,]+\])?==\S+")


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock file: what `source` asks for, with the project's `extras`, within `constraints`."""

    name: str
    source: str = "pyproject.toml"
    extras: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where it is written."""
        return _FOLDER / f"{self.name}.txt"


_LOCKS = (
    Lock("runtime"),
    Lock("dev", extras=("dev",), constraints=("runtime.txt",)),
    Lock("build", source="requirements/build.in", constraints=("dev.txt",)),
    Lock("train", extras=("dev", "train"), constraints=("train-constraints.txt",)),
)


def write(options: list[str]) -> list[str]:
    """Resolve each lock anew; versions that still fit stay, unless `--upgrade` is among the options."""
    for lock in _LOCKS:
        command = [
            *(sys.executable, "-m", "uv", "pip", "compile", *_OPTIONS, *options, lock.source),
            *(f"--extra={extra}" for extra in lock.extras),
            *(f"--constraint=requirements/{name}" for name in lock.constraints),
            f"--output-file=requirements/{lock.name}.txt",
        ]
        done = subprocess.run(command, cwd=_ROOT, check=False)
        if done.returncode != 0:
            return [f"{lock.path.name}: uv found no set of versions"]
        text = lock.path.read_text(encoding="utf-8")
        lock.path.write_text(f"{_HEADER}{_source_digest(lock)}\n{text}", encoding="utf-8")
    return check()


def check() -> list[str]:
    """Everything that is wrong with the lock files, in one line each."""
    return [f"{lock.path.name}: {problem}" for lock in _LOCKS for problem in _problems(lock)]


def _problems(lock: Lock) -> list[str]:
    if not lock.path.exists():
        return ["missing: run `make lock`"]
    lines = lock.path.read_text(encoding="utf-8").splitlines()
    problems = []
    if lines[:1] != [_HEADER + _source_digest(lock)]:
        problems.append("stale, pyproject.toml or a constraint has changed: run `make lock`")
    requirements = [line for line in lines if line and not line.startswith((" ", "#"))]
    problems += [f"not a pinned version: {line}" for line in requirements if not _PINNED.match(line)]
    hashed = [line for line, following in itertools.pairwise(lines) if following.startswith("    --hash=")]
    problems += [f"no hash: {line}" for line in requirements if line not in hashed]
    problems += [f"an address: {line.strip()}" for line in lines if "://" in line]
    return problems


def _source_digest(lock: Lock) -> str:
    """What the lock is made from, as a digest: declared dependencies, and the text of files written by hand."""
    written = [_ROOT / lock.source, *(_FOLDER / name for name in lock.constraints)]
    declared: dict[str, Any] = {
        path.name: path.read_text(encoding="utf-8")
        for path in written
        if path.suffix != ".toml" and path not in [other.path for other in _LOCKS]
    }
    if lock.source == "pyproject.toml":
        project = tomllib.loads((_ROOT / lock.source).read_text(encoding="utf-8"))["project"]
        declared |= {extra: sorted(project["optional-dependencies"][extra]) for extra in lock.extras}
        declared |= {"project": sorted(project["dependencies"]), "python": project["requires-python"]}
    return hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()[:32]


def main(arguments: list[str]) -> int:
    """Run `write` or `check`."""
    if arguments[:1] == ["write"]:
        problems = write(arguments[1:])
    elif arguments == ["check"]:
        problems = check()
    else:
        print("usage: python -m deploy.lock write [--upgrade] | check", file=sys.stderr)
        return 2
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
