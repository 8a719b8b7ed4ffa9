"""In: database URLs. Out: engines that hide secrets, or one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from service.errors import ConfigurationError, InvalidMessageError, StoreUnavailableError
from service.store.engine import create_store_engine, writing
from service.store.translate import translated_errors


@pytest.mark.parametrize("url", ["postgres://u:hunter2@h/d", "postgresql://u:hunter2@h/d", "postgresql+psycopg://u@h"])
def test_create_store_engine_any_spelling_of_postgresql_uses_psycopg_and_hides_the_password(url: str) -> None:
    engine = create_store_engine(url)

    assert engine.driver == "psycopg"
    assert "hunter2" not in repr(engine)
    engine.dispose()


@pytest.mark.parametrize("url", ["", "hunter2", "postgresql://u:hunter2@h:port/d", "mysql://u:hunter2@h/d"])
def test_create_store_engine_a_wrong_url_is_a_configuration_error_without_the_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_store_engine(url)

    assert "postgresql://" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_sqlite_engine_a_held_write_lock_is_store_unavailable(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deskroute.db"
    holder, waiter = create_store_engine(url), create_store_engine(url, connect_timeout_s=0)

    with writing(holder).begin(), pytest.raises(StoreUnavailableError), translated_errors(), writing(waiter).begin():
        pass

    holder.dispose()
    waiter.dispose()


def test_sqlite_engine_a_folder_that_is_missing_is_store_unavailable(tmp_path: Path) -> None:
    engine = create_store_engine(f"sqlite:///{tmp_path}/missing/deskroute.db")

    with pytest.raises(StoreUnavailableError), translated_errors(), engine.connect():
        pass


def test_translated_errors_a_broken_constraint_is_an_invalid_message_without_the_row(tmp_path: Path) -> None:
    engine = create_store_engine(f"sqlite:///{tmp_path}/deskroute.db")

    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a TEXT CHECK (a <> 'SECRET'))"))

    with pytest.raises(InvalidMessageError) as caught, translated_errors(), engine.begin() as connection:
        connection.execute(text("INSERT INTO t VALUES (:a)"), {"a": "SECRET"})

    assert "SQLITE_CONSTRAINT" in caught.value.detail
    assert "SECRET" not in str(caught.value)
    assert caught.value.__suppress_context__
    engine.dispose()


def test_translated_errors_a_missing_table_stays_what_it_is(tmp_path: Path) -> None:
    engine = create_store_engine(f"sqlite:///{tmp_path}/deskroute.db")

    with pytest.raises(OperationalError, match="no such table"), translated_errors(), engine.connect() as connection:
        connection.execute(text("SELECT * FROM missing"))

    engine.dispose()
