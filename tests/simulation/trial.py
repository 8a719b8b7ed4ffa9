"""In: a plan and what to try it on. Out: what was broken, which faults struck, and on demand all that happened.

`explain` makes a plan that breaks something as small as it gets and writes down all there is to say about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from service.worker import Worker
from tests.simulation.broker import NeverEndsError
from tests.simulation.check_input import check_input
from tests.simulation.check_output import check_output
from tests.simulation.cluster import Cluster, End
from tests.simulation.mutants import Subject
from tests.simulation.outcome import Outcome
from tests.simulation.plan import Kind, Plan, plan_of
from tests.simulation.shrink import shrink
from tests.simulation.tables import Tables

_MOST_CHARS_A_LINE = 600


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a schedule."""

    broken: tuple[str, ...]
    struck: Counter[Kind]
    stored: Tables

    @property
    def invariants(self) -> frozenset[str]:
        """The names of what was broken."""
        return frozenset(one.partition(":")[0] for one in self.broken)


def try_plan(plan: Plan, subject: Subject, worker: type[Worker], trace: list[str] | None = None) -> Verdict:
    """Run one schedule."""
    cluster = Cluster(plan, worker, subject.store(), trace)
    return judge(cluster)


def judge(cluster: Cluster) -> Verdict:
    """Run a cluster to its end and check what it leaves."""
    broken: list[str] = []
    try:
        cluster.run()
    except NeverEndsError:
        broken.append("End: the processes do not come to an end")
    # A rewind brings back what was counted before others were condemned, so it counts as a death.
    deaths = sum(end in (End.KILLED, End.FENCED) for end in cluster.ends) + cluster.struck[Kind.REWIND]
    outcome = Outcome(cluster.plan.messages, cluster.broker, cluster.store.state, cluster.watch.lost, deaths)
    broken += [f"{what} ({numbers})" for what, numbers in cluster.watch.broken.items()]
    broken += [*check_input(outcome), *check_output(outcome)]
    return Verdict(tuple(broken), cluster.struck, outcome.stored)


def first_broken(seeds: Iterable[int], subject: Subject) -> tuple[int, Verdict] | None:
    """The first seed whose schedule breaks something."""
    worker = subject.worker()
    for seed in seeds:
        verdict = try_plan(plan_of(seed), subject, worker)
        if verdict.broken:
            return seed, verdict
    return None


def explain(seed: int, subject: Subject) -> str:
    """The smallest schedule found that breaks the first of the same invariants, and all that happens in it."""
    worker = subject.worker()
    name = try_plan(plan_of(seed), subject, worker).broken[0].partition(":")[0]
    small = shrink(plan_of(seed), lambda plan: name in try_plan(plan, subject, worker).invariants)
    trace: list[str] = []
    verdict = try_plan(small, subject, worker, trace)
    lines = [f"seed {seed}, batches of {small.batch_records}, commits every {small.commit_interval_s} s"]
    lines += [f"fault: {fault}" for fault in small.faults]
    lines += [f"input: {one.what.value} {one.record} {one.record.value!r}" for one in small.messages]
    lines += trace
    lines += [f"broken: {one}" for one in verdict.broken]
    return "\n".join(line[:_MOST_CHARS_A_LINE] for line in lines)
