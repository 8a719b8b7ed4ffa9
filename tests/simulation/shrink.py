"""In: a plan that breaks something. Out: a plan with as little in it as can be that still breaks the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.simulation.plan import Plan


def shrink(plan: Plan, is_broken: Callable[[Plan], bool]) -> Plan:
    """Leave out faults, records and waiting, piece by piece, as long as `is_broken` holds."""
    smaller = next((one for one in _smaller(plan) if is_broken(one)), None)
    while smaller is not None:
        plan = smaller
        smaller = next((one for one in _smaller(plan) if is_broken(one)), None)
    return plan


def _smaller(plan: Plan) -> Iterator[Plan]:
    for position in range(len(plan.faults)):
        yield replace(plan, faults=plan.faults[:position] + plan.faults[position + 1 :])
    for position in reversed(range(len(plan.messages))):
        if len(plan.messages) > 1:
            yield replace(plan, messages=plan.messages[:position] + plan.messages[position + 1 :])
    for position, fault in enumerate(plan.faults):
        if fault.calls:
            earlier = replace(fault, calls=fault.calls - 1)
            yield replace(plan, faults=(*plan.faults[:position], earlier, *plan.faults[position + 1 :]))
    if plan.commit_interval_s:
        yield replace(plan, commit_interval_s=0.0)
