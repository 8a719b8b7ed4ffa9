"""In: nothing. Out: the folders that ship beside the code: the migrations and the default model.

An installed wheel carries them in `service/bundled/`; a checkout has them beside `service/`. Raises
`ConfigurationError` where there are no migrations and `ModelError` where there is no default model.
"""

from __future__ import annotations

from pathlib import Path

from service.errors import ConfigurationError, ModelError

_PACKAGE = Path(__file__).resolve().parent
# The wheel's folder comes first: beside an installed package, `migrations/` may be anybody's.
_ROOTS = (_PACKAGE / "bundled", _PACKAGE.parent)


def migrations_folder() -> Path:
    """The folder that holds alembic's `env.py` and `versions/`."""
    for root in _ROOTS:
        folder = root / "migrations"
        if (folder / "env.py").is_file():
            return folder
    raise ConfigurationError(f"no migrations found: looked in {_looked_in('migrations')}")


def default_model_folder() -> Path:
    """The default model with the highest version number."""
    for root in _ROOTS:
        newest = newest_version(root / "models" / "default")
        if newest:
            return newest
    raise ModelError(f"no default model found: looked in {_looked_in('models/default')}")


def newest_version(folder: Path) -> Path | None:
    """The sub-folder whose name is the highest whole number; None where there is none."""
    versions = [path for path in folder.glob("*") if path.name.isdecimal() and path.is_dir()]
    return max(versions, key=lambda path: int(path.name), default=None)


def _looked_in(name: str) -> str:
    return " and ".join(str(root / name) for root in _ROOTS)
