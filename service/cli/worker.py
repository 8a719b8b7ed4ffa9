"""In: `deskroute worker`. Out: a running consumer, until SIGTERM or SIGINT; exits 1 where going on would do harm."""

from __future__ import annotations

import signal
from contextlib import ExitStack

import structlog

from service.cli.errors import errors_reported
from service.cli.options import ModelOption, RulesOption

_log = structlog.get_logger(__name__)


def worker(model: ModelOption = None, rules: RulesOption = None) -> None:
    """Consume tickets from Kafka, store results in PostgreSQL, publish routing events; stop with SIGTERM.

    While Kafka or PostgreSQL is away it waits and tries again. With DESKROUTE_HEALTH_PORT it answers /health/live and
    /health/ready.
    """
    with errors_reported():
        from service.clocks import Clocks
        from service.logs import configure_logging
        from service.settings import load_settings
        from service.wiring import build_controls, model_folder, open_worker, watched

        settings = load_settings({"model_dir": model, "rules_file": rules})
        configure_logging(settings.log_level, settings.log_format)
        controls = build_controls(settings, Clocks())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: controls.stop.request())
        with ExitStack() as opened:
            opened.enter_context(watched(settings, controls))
            consumer = opened.enter_context(open_worker(settings, controls))
            if consumer is not None:
                _log.info(
                    "worker_started",
                    model=str(model_folder(settings)),
                    group=settings.kafka_group,
                    topic=settings.topic_incoming,
                )
                consumer.run()
        _log.info("worker_stopped")
