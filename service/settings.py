"""In: command-line flags, `DESKROUTE_*` variables and `deskroute.toml`, in that order. Out: one frozen `Settings`.

Raises `ConfigurationError` that names every wrong or unknown setting at once. Secrets are never printed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from service.errors import ConfigurationError
from service.inference.precision import PrecisionChoice
from service.logs import LogFormat

PREFIX = "DESKROUTE_"
CONFIG_FILE_VARIABLE = "DESKROUTE_CONFIG"
DEFAULT_CONFIG_FILE = Path("deskroute.toml")
_OTHER_TOOLS = ("CONFIG", "KAFKA_PORT", "PARTITIONS", "POSTGRES_PORT", "RUN_DIR", "RUN_WITH")
_TESTS = "TEST_"

Positive = Annotated[int, Field(gt=0)]
TopicName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]


class Settings(BaseSettings):
    """Everything an operator may set; a field's name in upper case after `DESKROUTE_` is its variable."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    kafka_bootstrap: str = "localhost:9092"
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_ca_file: Path | None = None
    kafka_ssl_certificate_file: Path | None = None
    kafka_ssl_key_file: Path | None = None
    kafka_group: str = "deskroute"
    kafka_instance_id: str | None = None
    kafka_session_timeout_ms: Positive = 30_000
    kafka_poll_interval_ms: Positive = 300_000

    topic_incoming: TopicName = "tickets.incoming"
    topic_corrections: TopicName = "tickets.corrections"
    topic_routed: TopicName = "tickets.routed"
    topic_review: TopicName = "tickets.review"
    topic_dead_letter: TopicName = "tickets.dead-letter"

    database_url: SecretStr = SecretStr("postgresql+psycopg://deskroute@localhost:5432/deskroute")

    model_dir: Path | None = None
    rules_file: Path | None = None
    inference_threads: Positive = 1
    inference_tokens_per_call: Positive = 512
    inference_precision: PrecisionChoice = "auto"
    inference_recent_texts: Annotated[int, Field(ge=0)] = 2_048

    batch_max_tickets: Positive = 256
    batch_max_bytes: Positive = 4_000_000
    batch_max_wait_ms: Annotated[int, Field(ge=0)] = 50
    commit_interval_ms: Positive = 1_000
    publish_timeout_ms: Positive = 30_000
    shutdown_timeout_ms: Positive = 20_000
    watchdog_timeout_ms: Positive = 120_000
    health_host: str = "0.0.0.0"  # noqa: S104  an orchestrator asks from outside; nothing about tickets is served
    health_port: Annotated[int, Field(ge=0, le=65_535)] | None = None

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: LogFormat = "json"

    @model_validator(mode="after")
    def _sasl_is_complete(self) -> Self:
        if self.kafka_security_protocol.startswith("SASL") and not (
            self.kafka_sasl_mechanism and self.kafka_sasl_username and self.kafka_sasl_password
        ):
            raise ValueError("SASL needs kafka_sasl_mechanism, kafka_sasl_username and kafka_sasl_password")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then the file."""
        file = Path(os.environ.get(CONFIG_FILE_VARIABLE, DEFAULT_CONFIG_FILE))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)


def load_settings(flags: Mapping[str, Any] | None = None) -> Settings:
    """Read all three sources; a flag of None was not given."""
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    problems = _unknown_variables()
    try:
        settings = Settings(**given)
    except ValidationError as error:
        problems += [_describe(problem["loc"], problem["msg"]) for problem in error.errors()]
    except (ValueError, OSError) as error:
        problems.append(f"{os.environ.get(CONFIG_FILE_VARIABLE, DEFAULT_CONFIG_FILE)}: {error}")
    if problems:
        raise ConfigurationError("; ".join(problems))
    return settings


def _unknown_variables() -> list[str]:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    return [
        f"{name}: no such setting"
        for name in sorted(os.environ)
        if name.startswith(PREFIX)
        and name not in known
        and name.removeprefix(PREFIX) not in _OTHER_TOOLS
        and not name.startswith(PREFIX + _TESTS)
    ]


def _describe(location: tuple[int | str, ...], message: str) -> str:
    name = ".".join(map(str, location)) or "settings"
    return f"{name} ({PREFIX}{name.upper()}): {message}"
