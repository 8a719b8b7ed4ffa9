"""In: `deskroute worker`. Out: a running consumer, until SIGTERM or SIGINT; exits 1 where going on would do harm."""

from __future__ import annotations

import signal

import structlog

from service.cli.errors import errors_reported
from service.cli.options import ModelOption, RulesOption

_log = structlog.get_logger(__name__)


def worker(model: ModelOption = None, rules: RulesOption = None) -> None:
    """Consume tickets from Kafka, store results in PostgreSQL, publish routing events; stop with SIGTERM."""
    with errors_reported():
        from service.clocks import Clocks
        from service.logs import configure_logging
        from service.settings import load_settings
        from service.wiring import model_folder, open_worker

        settings = load_settings({"model_dir": model, "rules_file": rules})
        configure_logging(settings.log_level, settings.log_format)
        with open_worker(settings, Clocks()) as consumer:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: consumer.stop())
            _log.info(
                "worker_started",
                model=str(model_folder(settings)),
                group=settings.kafka_group,
                topic=settings.topic_incoming,
            )
            consumer.run()
        _log.info("worker_stopped")
