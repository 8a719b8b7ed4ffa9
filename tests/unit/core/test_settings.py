"""In: flags, environment and a file. Out: settings by precedence, or every problem at once and no secret."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.errors import ConfigurationError
from service.settings import load_settings


@pytest.fixture(autouse=True)
def empty_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a file, and an environment without any setting."""
    for name in [name for name in os.environ if name.startswith("DESKROUTE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_settings_nothing_given_are_the_documented_defaults() -> None:
    settings = load_settings()

    assert settings.topic_incoming == "tickets.incoming"
    assert settings.topic_dead_letter == "tickets.dead-letter"
    assert settings.kafka_group == "deskroute"


def test_settings_flag_wins_over_variable_and_variable_over_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deskroute.toml").write_text(
        'kafka_group = "file"\nbatch_max_tickets = 11\ninference_threads = 3\n', encoding="utf-8"
    )
    monkeypatch.setenv("DESKROUTE_KAFKA_GROUP", "variable")
    monkeypatch.setenv("DESKROUTE_BATCH_MAX_TICKETS", "22")

    settings = load_settings({"kafka_group": "flag", "inference_threads": None})

    assert (settings.kafka_group, settings.batch_max_tickets, settings.inference_threads) == ("flag", 22, 3)


def test_settings_file_named_by_a_variable_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.toml").write_text('topic_routed = "elsewhere"\n', encoding="utf-8")
    monkeypatch.setenv("DESKROUTE_CONFIG", str(tmp_path / "other.toml"))

    assert load_settings().topic_routed == "elsewhere"


def test_settings_several_problems_are_all_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deskroute.toml").write_text("no_such_key = 1\nbatch_max_tickets = 0\n", encoding="utf-8")
    monkeypatch.setenv("DESKROUTE_NO_SUCH_VARIABLE", "1")
    monkeypatch.setenv("DESKROUTE_TOPIC_REVIEW", "not a topic")

    with pytest.raises(ConfigurationError) as caught:
        load_settings({"log_level": "LOUD"})

    for named in ("no_such_key", "batch_max_tickets", "DESKROUTE_NO_SUCH_VARIABLE", "topic_review", "log_level"):
        assert named in str(caught.value)


def test_settings_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "deskroute.toml").write_text("kafka_group = \n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"deskroute\.toml"):
        load_settings()


def test_settings_sasl_without_a_password_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="SASL needs"):
        load_settings({"kafka_security_protocol": "SASL_SSL", "kafka_sasl_mechanism": "PLAIN"})


def test_settings_secrets_are_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESKROUTE_KAFKA_SASL_PASSWORD", "hunter2")
    monkeypatch.setenv("DESKROUTE_DATABASE_URL", "postgresql://me:hunter2@host/db")

    settings = load_settings()

    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    assert settings.database_url.get_secret_value().endswith("host/db")


def test_settings_wrong_value_of_a_secret_is_not_quoted() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"database_url": 12345678})

    assert "12345678" not in str(caught.value)


def test_settings_variables_of_the_project_tools_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESKROUTE_TEST_DATABASE", "x")
    monkeypatch.setenv("DESKROUTE_KAFKA_PORT", "19092")

    load_settings()


def test_settings_are_frozen() -> None:
    settings = load_settings()

    with pytest.raises(ValidationError):
        settings.kafka_group = "other"  # type: ignore[misc]
