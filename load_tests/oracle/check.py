"""In: a journal, the settings of a service, and what else was watched. Out: the report on I1 to I11.

`check` reads the store and the topics, `judge` is the pure part. To be run when the service has nothing left to do:
what it has not come to yet is reported as missing. Raises `StoreUnavailableError` or `BrokerUnavailableError` where one
of the two does not answer, and `InputPositionError` for a topic that does not exist.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from load_tests.journal import JournalEntry
from load_tests.oracle.events import (
    WasErased,
    check_every_row_published,
    check_nothing_else_published,
    check_reader,
    count_duplicates,
)
from load_tests.oracle.matching import HUMAN, Matching
from load_tests.oracle.observed import Erased, Inputs, Published, Stored
from load_tests.oracle.privacy import Plants, check_logs, check_published
from load_tests.oracle.recovery import check_memory, check_recovery, memory_growth, seconds_without_progress
from load_tests.oracle.report import Counts, Finding, Report, Trouble
from load_tests.oracle.rows import check_acknowledged, check_current, check_distinct, count_revisions, is_erased
from load_tests.oracle.samples import NO_SAMPLES, Samples
from load_tests.oracle.store_reader import StoreReader
from load_tests.oracle.topic_reader import GroupReader, read_inputs, read_published
from load_tests.oracle.watermarks import check_never_down, check_order
from service.settings import Settings
from service.store.values import TicketRevision


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was watched beside the journal. What is not given is not checked, and the report says so.

    ``rewound_at_s``: when the database was taken back on purpose. ``recovery_limit_s``: how long a partition may stand
    still. ``warm_up_records``: after how many published records the memory of a process counts as warm;
    ``memory_tolerance``: the share by which it may grow from then on.
    """

    samples: Samples = NO_SAMPLES
    planted: tuple[str, ...] = field(default=(), repr=False)
    logs: tuple[Path, ...] = ()
    rewound_at_s: tuple[float, ...] = ()
    recovery_limit_s: float | None = None
    warm_up_records: int | None = None
    memory_tolerance: float = 0.05


NO_EVIDENCE = Evidence()


def check(journal: Sequence[JournalEntry], settings: Settings, evidence: Evidence = NO_EVIDENCE) -> Report:
    """Read everything and judge it; may block as long as reading every topic takes."""
    store = StoreReader(settings.database_url.get_secret_value(), settings.kafka_group)
    group = GroupReader(settings)
    plants = Plants(evidence.planted)
    try:
        # Kafka's offsets first, then the topics, then the store: of a service at work nothing would seem to be on a
        # topic before it is stored.
        partitions = sorted(store.read_marks())
        ends = group.read_marks(partitions) if partitions else {}
        topics = {settings.topic_incoming, settings.topic_corrections, *(entry.at.topic for entry in journal)}
        inputs = read_inputs(settings, sorted(topics))
        published = read_published(settings, plants)
        stored = store.read()
    finally:
        store.close()
        group.close()
    marks = {
        at: replace(known, committed=ends[at].committed, end=ends[at].end) if at in ends else known
        for at, known in stored.marks.items()
    }
    return judge(journal, replace(stored, marks=marks), published, inputs, evidence)


def judge(
    journal: Sequence[JournalEntry], stored: Stored, published: Published, inputs: Inputs, evidence: Evidence
) -> Report:
    """Check every invariant that there is evidence for; reads the log files and nothing else."""
    erased = Erased(stored.suppressions)
    was_erased = _erased_events(journal, erased)
    matching = Matching(journal, stored, inputs)
    growths = memory_growth(evidence.samples, evidence.warm_up_records or 0)
    findings: dict[str, list[Finding]] = {
        "I1": check_acknowledged(journal, matching, erased),
        "I2": check_distinct(stored.rows, matching),
        "I3": check_every_row_published(stored, published),
        "I4": check_nothing_else_published(stored, published, was_erased),
        "I5": check_current(stored),
        "I6": check_reader(stored, published.routed, was_erased),
        "I7": check_never_down(evidence.samples, evidence.rewound_at_s),
        "I8": check_order(evidence.samples, stored.marks, evidence.rewound_at_s),
        "I9": check_logs(Plants(evidence.planted), evidence.logs) + check_published(published),
        "I10": check_recovery(evidence.samples, evidence.recovery_limit_s or 0),
        "I11": check_memory(growths, evidence.memory_tolerance),
    }
    not_checked = _not_checked(evidence, len(growths))
    kept = {name: tuple(found) for name, found in findings.items() if name not in not_checked}
    unacknowledged = [row for row in stored.rows if not matching.record_of(row) and matching.is_unacknowledged(row)]
    counts = Counts(
        acknowledged=len(journal),
        revisions=count_revisions(journal),
        erased=sum(is_erased(entry, erased) for entry in journal),
        rows=len(stored.rows),
        dead_letters=len(stored.letters),
        events=len(published.routed),
        **_count(kept),
        duplicate_events=count_duplicates(published.routed) + count_duplicates(published.review),
        unacknowledged_rows=len(unacknowledged),
        shortened_letters=sum(letter.is_shortened for letter in published.letters),
        other_rows=sum(row.at is None and row.decided_by != HUMAN for row in stored.rows),
        waiting=sum(max(0, (marks.end or 0) - marks.next_offset) for marks in stored.marks.values()),
        stalled_s=seconds_without_progress(evidence.samples),
        partition_stalled_s=seconds_without_progress(evidence.samples, each_partition=True),
    )
    return Report(kept, not_checked, counts)


def _erased_events(journal: Sequence[JournalEntry], erased: Erased) -> WasErased:
    requesters: dict[tuple[str | None, str | None], set[str]] = defaultdict(set)
    for entry in journal:
        requesters[entry.tenant, entry.ticket_id].update(entry.requester_digests)

    def was_erased(ticket: TicketRevision) -> bool:
        return erased.covers_event(ticket, tuple(requesters.get(ticket[:2], ())))

    return was_erased


def _count(findings: Mapping[str, Sequence[Finding]]) -> dict[str, int]:
    counted = {
        "lost": ("I1", Trouble.LOST),
        "not_reached": ("I1", Trouble.NOT_REACHED),
        "duplicated_rows": ("I2", Trouble.DUPLICATED_ROW),
        "events_missing": ("I3", Trouble.EVENT_MISSING),
    }
    return {
        name: sum(one.trouble is trouble for one in findings[invariant])
        for name, (invariant, trouble) in counted.items()
    }


def _not_checked(evidence: Evidence, judged_processes: int) -> dict[str, str]:
    samples, reasons = evidence.samples, {}
    if not samples.store and not samples.broker:
        reasons["I7"] = "no samples"
    if not evidence.planted:
        reasons["I9"] = "nothing planted"
    if evidence.recovery_limit_s is None or not samples.store or not samples.broker:
        reasons["I10"] = "no limit, or no samples of both"
    if evidence.warm_up_records is None or not judged_processes:
        reasons["I11"] = "no warm-up given, or no process with enough samples after it"
    return reasons
