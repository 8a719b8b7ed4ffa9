"""In: an error of SQLAlchemy or of a database driver. Out: the failure it means here, or itself where it is a bug.

Raises `InvalidMessageError` for data that the database refuses (SQLSTATE 22, 23), `StoreUnavailableError` for what
may pass (08, 40001, 40P01, 53, 57, lost connections, an exhausted pool); anything else goes through unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from service.errors import DeskrouteError, InvalidMessageError, Reason, Stage, StoreUnavailableError

_INVALID = ("22", "23", "SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_TOOBIG")
_UNAVAILABLE = (
    *("08", "40001", "40P01", "53", "57"),
    *("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN"),
)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Every statement of the store runs inside this."""
    try:
        yield
    except exc.TimeoutError as error:
        raise StoreUnavailableError("no database connection became free in time") from error
    except exc.DBAPIError as error:
        meaning = _meaning(error)
        if meaning is None:
            raise
        # The database's own words about refused data quote the row, which is a customer's text: they end here.
        raise meaning from (None if isinstance(meaning, InvalidMessageError) else error)


def _meaning(error: exc.DBAPIError) -> DeskrouteError | None:
    code = _code(error.orig)
    if code.startswith(_INVALID):
        return InvalidMessageError(Reason.REJECTED_BY_STORE, Stage.STORE, f"{code}{_where(error.orig)}")
    # psycopg gives a connection that could not be made, or broke, no SQLSTATE.
    lost = error.connection_invalidated or (not code and isinstance(error, exc.OperationalError))
    if code.startswith(_UNAVAILABLE) or lost:
        said = str(error.orig).splitlines()
        return StoreUnavailableError(f"database unavailable: {said[0] if said else code}")
    return None


def _code(error: BaseException | None) -> str:
    return getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None) or ""


def _where(error: BaseException | None) -> str:
    diagnosis = getattr(error, "diag", None)
    named = [getattr(diagnosis, f"{kind}_name", None) for kind in ("table", "column", "constraint")]
    known = [name for name in named if name]
    return f" in {', '.join(known)}" if known else ""
