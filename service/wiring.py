"""In: settings. Out: every part of the service, made and joined; the one place that knows all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

import structlog

from service.backoff import Backoff
from service.batching import BatchLimits
from service.broker.connection import read_topic_ids
from service.broker.sink import RecordSink
from service.broker.source import RecordSource
from service.bundled import default_model_folder
from service.clocks import Clocks
from service.decide import Decider, routing_facts
from service.decode import decode_ticket
from service.errors import BrokerUnavailableError, ConfigurationError
from service.inference.engine import InferenceEngine
from service.inference.tier import EngineSettings
from service.neighbours import Controls, Neighbours, WorkerSettings
from service.probes import ProbeServer
from service.publish import OutputTopics
from service.routing.engine import RoutingFacts
from service.routing.facts import RuleVocabulary
from service.routing.rules import DEFAULT_RULES_FILE, load_rules
from service.settings import Settings
from service.stopping import StopRequest
from service.store.engine import create_store_engine
from service.store.store import Store
from service.vitals import Vitals
from service.watchdog import Watchdog
from service.worker import Worker

Wrap = Callable[[Neighbours], Neighbours]

_log = structlog.get_logger(__name__)


def _as_they_are(neighbours: Neighbours) -> Neighbours:
    return neighbours


def model_folder(settings: Settings) -> Path:
    """The configured model, or the default one that ships."""
    return settings.model_dir or default_model_folder()


def engine_settings(settings: Settings) -> EngineSettings:
    """How the model is run."""
    return EngineSettings(
        threads=settings.inference_threads,
        tokens_per_call=settings.inference_tokens_per_call,
        recent_texts=settings.inference_recent_texts,
        precision=settings.inference_precision,
    )


def build_engine(settings: Settings) -> InferenceEngine:
    """Open and verify the model."""
    return InferenceEngine(model_folder(settings), engine_settings(settings))


def build_decider(settings: Settings, clocks: Clocks, engine: InferenceEngine | None = None) -> Decider:
    """The model with the rules, which are checked against its labels."""
    opened = engine or build_engine(settings)
    rules = load_rules(settings.rules_file or DEFAULT_RULES_FILE, RuleVocabulary.from_manifest(opened.manifest))
    return Decider(opened, rules, clocks.utc)


def build_store(settings: Settings) -> Store:
    """The store; nothing is connected yet."""
    return Store(create_store_engine(settings.database_url.get_secret_value()))


def build_controls(settings: Settings, clocks: Clocks) -> Controls:
    """What stops a worker and what it is watched by; nothing is started yet."""
    stop = StopRequest(clocks.monotonic, settings.shutdown_timeout_ms / 1_000)
    return Controls(clocks, stop, Vitals(clocks.monotonic))


@contextmanager
def watched(settings: Settings, controls: Controls) -> Iterator[None]:
    """The watchdog, and the probes where a port is set, for as long as the worker runs."""
    silence_limit_s = settings.watchdog_timeout_ms / 1_000
    with ExitStack() as running:
        watchdog = Watchdog(controls.vitals, controls.stop, silence_limit_s)
        watchdog.start()
        running.callback(watchdog.close)
        if settings.health_port is not None:
            try:
                probes = ProbeServer(controls.vitals, silence_limit_s, settings.health_host, settings.health_port)
            except OSError as error:
                raise ConfigurationError(
                    f"health_port: {settings.health_host}:{settings.health_port} cannot be had: {error.strerror}"
                ) from error
            probes.start()
            _log.info("probes_served", port=probes.port)
            running.callback(probes.close)
        yield


@contextmanager
def open_worker(
    settings: Settings, controls: Controls, wrap: Wrap = _as_they_are, decider: Decider | None = None
) -> Iterator[Worker | None]:
    """A worker with its connections, which are closed afterwards within what is left of the stop's deadline.

    Waits for Kafka as long as it is away; None where the stop request came first. ``wrap`` may put something in
    between the worker and its neighbours, ``decider`` stands in for that of the settings.
    """
    decider = decider or build_decider(settings, controls.clocks)
    outputs = OutputTopics(settings.topic_routed, settings.topic_review, settings.topic_dead_letter)
    inputs = [settings.topic_incoming, settings.topic_corrections]
    with ExitStack() as opened:
        connected = _connect(settings, controls, [*inputs, outputs.routed, outputs.review, outputs.dead_letter])
        if connected is None:
            yield None
            return
        source, sink, topic_ids = connected
        store = build_store(settings)
        for close in (
            store.close,
            lambda: sink.close(controls.stop.left_s(settings.shutdown_timeout_ms / 1_000)),
            lambda: source.close(controls.stop.left_s(settings.shutdown_timeout_ms / 1_000)),
        ):
            opened.callback(close)
        worker_settings = WorkerSettings(
            group_id=settings.kafka_group,
            corrections_topic=settings.topic_corrections,
            topics=outputs,
            batch=BatchLimits(settings.batch_max_tickets, settings.batch_max_bytes, settings.batch_max_wait_ms / 1_000),
            commit_interval_s=settings.commit_interval_ms / 1_000,
            commit_timeout_s=settings.publish_timeout_ms / 1_000,
            topic_ids={topic: str(topic_id) for topic, topic_id in topic_ids.items()},
        )
        yield Worker(wrap(Neighbours(source, sink, store)), decider, worker_settings, controls)


def _connect(
    settings: Settings, controls: Controls, topics: list[str]
) -> tuple[RecordSource, RecordSink, dict[str, UUID]] | None:
    backoff = Backoff(controls.clocks.rng)
    while not controls.stop.is_requested:
        controls.vitals.beat()
        try:
            topic_ids = read_topic_ids(settings, topics)
            sink = RecordSink(settings, controls.clocks.monotonic)
            try:
                return RecordSource(settings), sink, topic_ids
            except BrokerUnavailableError:
                sink.close(0)
                raise
        except BrokerUnavailableError as error:
            delay_s = backoff.next_delay_s()
            controls.vitals.not_ready(str(error))
            _log.warning("waiting_for_kafka", error=str(error), delay_s=round(delay_s, 3))
            controls.stop.wait(delay_s)
    return None


def explain_inputs(raw: bytes, settings: Settings) -> RoutingFacts:
    """What the rules would see of one ticket, given as the bytes of a message."""
    ticket = decode_ticket(raw)
    return routing_facts(ticket, build_decider(settings, Clocks()).understand([ticket])[0])
