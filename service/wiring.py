"""In: settings. Out: every part of the service, made and joined; the one place that knows all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.batching import BatchLimits
from service.broker.connection import read_topic_ids
from service.broker.sink import RecordSink
from service.broker.source import RecordSource
from service.bundled import default_model_folder
from service.clocks import Clocks
from service.decide import Decider, routing_facts
from service.decode import decode_ticket
from service.inference.engine import EngineSettings, InferenceEngine
from service.publish import OutputTopics
from service.routing.engine import RoutingFacts
from service.routing.facts import RuleVocabulary
from service.routing.rules import DEFAULT_RULES_FILE, load_rules
from service.settings import Settings
from service.store.engine import create_store_engine
from service.store.store import Store
from service.worker import Worker, WorkerSettings


def model_folder(settings: Settings) -> Path:
    """The configured model, or the default one that ships."""
    return settings.model_dir or default_model_folder()


def build_engine(settings: Settings) -> InferenceEngine:
    """Open and verify the model."""
    return InferenceEngine(
        model_folder(settings),
        EngineSettings(threads=settings.inference_threads, tokens_per_call=settings.inference_tokens_per_call),
    )


def build_decider(settings: Settings, clocks: Clocks, engine: InferenceEngine | None = None) -> Decider:
    """The model with the rules, which are checked against its labels."""
    opened = engine or build_engine(settings)
    rules = load_rules(settings.rules_file or DEFAULT_RULES_FILE, RuleVocabulary.from_manifest(opened.manifest))
    return Decider(opened, rules, clocks.utc)


def build_store(settings: Settings) -> Store:
    """The store; nothing is connected yet."""
    return Store(create_store_engine(settings.database_url.get_secret_value()))


@contextmanager
def open_worker(settings: Settings, clocks: Clocks) -> Iterator[Worker]:
    """A worker with its connections, which are closed in bounded time afterwards."""
    decider = build_decider(settings, clocks)
    outputs = OutputTopics(settings.topic_routed, settings.topic_review, settings.topic_dead_letter)
    inputs = settings.topic_incoming
    topic_ids = read_topic_ids(settings, [inputs, outputs.routed, outputs.review, outputs.dead_letter])
    store = build_store(settings)
    sink = RecordSink(settings)
    source = RecordSource(settings)
    worker_settings = WorkerSettings(
        group_id=settings.kafka_group,
        topics=outputs,
        batch=BatchLimits(settings.batch_max_tickets, settings.batch_max_bytes, settings.batch_max_wait_ms / 1_000),
        commit_interval_s=settings.commit_interval_ms / 1_000,
        topic_ids={topic: str(topic_id) for topic, topic_id in topic_ids.items()},
    )
    try:
        yield Worker(source, sink, store, decider, worker_settings, clocks)
    finally:
        source.close(settings.shutdown_timeout_ms)
        sink.close(settings.shutdown_timeout_ms / 1_000)
        store.close()


def explain_inputs(raw: bytes, settings: Settings) -> RoutingFacts:
    """What the rules would see of one ticket, given as the bytes of a message."""
    ticket = decode_ticket(raw)
    return routing_facts(ticket, build_decider(settings, Clocks()).understand([ticket])[0])
