"""In: nothing. Out: workers and stores with one promise's mechanism taken away each, to be caught by the simulation.

A worker is changed in its source text, which is compiled into a module of its own, so that what runs is the real code
but for the change. Raises `ValueError` where the text to change does not occur exactly once: then the mutant is to be
written anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from service import attempts, deciding, owned, worker
from service.worker import Worker
from tests.simulation.memory_store import MemoryStore

Edits = Mapping[ModuleType, tuple[str, str]]
"""For each module a text that occurs in it once, and what stands there instead."""

_DECIDE_AGAIN = ("if is_fresh(one.record) and not is_stored:", "if True:")
_PUBLISH_THE_DECISIONS = (
    "        self._sink.publish(output_records(self._settings.topics, events, letters), self._stop)  # S6\n",
    "        events = [StoredEvent(one.event_id, one.result.to_json()) for one in decided.decisions]\n"
    "        self._sink.publish(output_records(self._settings.topics, events, letters), self._stop)  # S6\n",
)
_COMMIT_FIRST = (
    "        self._sink.publish(output_records(self._settings.topics, events, letters), self._stop)  # S6\n"
    "        for partition, end in ends.items():\n"
    "            self._owned[partition].published = end\n",
    "        for partition, end in ends.items():\n"
    "            self._owned[partition].published = end\n"
    "        self._commit_when_due(force=True)\n"
    "        self._sink.publish(output_records(self._settings.topics, events, letters), self._stop)  # S6\n",
)
_KEEP_THE_POSITION = (
    "        self._source.start_at(positions)\n        self._vitals.ready()\n",
    "        self._source.resume(positions)\n        self._vitals.ready()\n",
)
_START_AT_NEXT = (
    "start = min(claim.next_offset, claim.published_offset)",
    "start = claim.next_offset",
)
_FORGET_LETTERS = ("bool(decided.letters) or replayed)  # S5", "bool(decided.letters))  # S5")
_FORGET_ATTEMPTS = (
    "in zip(first, self._log.begin_attempts(starts), strict=True):",
    "in zip(first, [0 for _ in self._log.begin_attempts(starts)], strict=True):",
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What the simulation tries: a worker and a store, sound or not."""

    name: str
    edits: Edits = field(default_factory=dict)
    fenced: bool = True
    newest_only: bool = True

    def worker(self) -> type[Worker]:
        """The worker with its changes."""
        return changed_worker(self.edits) if self.edits else Worker

    def store(self) -> MemoryStore:
        """An empty store."""
        return MemoryStore(fenced=self.fenced, newest_only=self.newest_only)


SOUND = Subject("sound")
MUTANTS = (
    Subject("fence_dropped", fenced=False),
    Subject("fresh_events_on_replay", {deciding: _DECIDE_AGAIN, worker: _PUBLISH_THE_DECISIONS}),
    Subject("offsets_before_publish", {worker: _COMMIT_FIRST}),
    Subject("kept_position", {worker: _KEEP_THE_POSITION}),
    Subject("claim_at_next_offset", {owned: _START_AT_NEXT}),
    Subject("any_revision_is_current", newest_only=False),
    Subject("letters_not_read_back", {worker: _FORGET_LETTERS}),
    Subject("attempts_not_read_back", {attempts: _FORGET_ATTEMPTS}),
)


def changed_worker(edits: Edits) -> type[Worker]:
    """The worker class over the changed modules; the modules of the service stay as they are."""
    changed = {module: _changed(module, old, new) for module, (old, new) in edits.items() if module is not worker}
    made = _changed(worker, *edits[worker]) if worker in edits else _compiled(worker, _source(worker))
    for module, copy in changed.items():
        for name, value in vars(module).items():
            if not name.startswith("_") and vars(made).get(name) is value:
                setattr(made, name, getattr(copy, name))
    taken: type[Worker] = made.Worker
    return taken


def _changed(module: ModuleType, old: str, new: str) -> ModuleType:
    source = _source(module)
    if source.count(old) != 1:
        raise ValueError(f"{module.__name__}: occurs {source.count(old)} times, not once: {old}")
    return _compiled(module, source.replace(old, new))


def _source(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text(encoding="utf-8")


def _compiled(module: ModuleType, source: str) -> ModuleType:
    made = ModuleType(module.__name__)
    exec(compile(source, f"{module.__name__} (changed)", "exec"), vars(made))  # noqa: S102  our own source
    return made
