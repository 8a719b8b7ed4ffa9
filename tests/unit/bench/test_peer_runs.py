"""In: jobs, ways of answering, lock files. Out: the fastest way's outcome, scored as by `evaluate`; firm locks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from load_tests.peers.environment import ROOT
from load_tests.peers.job import Answer, Example, Job, Outcome, Span, Text, read_job, read_outcome, write_json
from load_tests.peers.measured import Tickets, figures
from load_tests.peers.phases import answer
from load_tests.peers.roster import PEERS
from service.evaluation.data import LabelledTicket
from service.evaluation.data import Span as LabelledSpan

HELLO = Text("Hello", "Anna here")
JOB = Job([Example("x", "billing")], [HELLO, Text(None, "y")], {"sample": [HELLO] * 3}, rounds=2)
LOCKS = sorted((ROOT / "load_tests" / "peers").glob("*/requirements.txt"))


class Clocks:
    """A clock on the wall and one of the CPU, which move only when told."""

    def __init__(self) -> None:
        self.wall_s = self.cpu_s = 0.0

    def both(self) -> tuple[Callable[[], float], Callable[[], float]]:
        return lambda: self.wall_s, lambda: self.cpu_s


def way(said: str, wall_s: float, cpu_s: float, clocks: Clocks) -> Callable[[Sequence[Text]], list[Answer]]:
    """Says this of every text, and spends so much on each."""

    def answer_all(texts: Sequence[Text]) -> list[Answer]:
        clocks.wall_s += wall_s * len(texts)
        clocks.cpu_s += cpu_s * len(texts)
        return [Answer(said) for _ in texts]

    return answer_all


def test_answer_keeps_the_way_with_the_least_cpu_time_and_all_of_its_rounds() -> None:
    clocks = Clocks()
    ways = {"more": way("refund", 3.0, 2.0, clocks), "less": way("billing", 4.0, 1.0, clocks)}

    outcome = answer(JOB, ways, {"peer": "1"}, clocks.both())

    assert outcome.way == "less"
    assert outcome.answers == [Answer("billing")] * 2
    assert (outcome.wall_s, outcome.cpu_s) == ({"sample": [12.0, 12.0]}, {"sample": [3.0, 3.0]})


def test_job_and_outcome_are_read_as_written(tmp_path: Path) -> None:
    outcome = Outcome(
        "one by one",
        [Answer(None, (Span("email", 0, 3),)), Answer("billing")],
        {"sample": [0.5]},
        {"sample": [0.4]},
        {},
    )

    write_json(tmp_path / "job.json", JOB)
    write_json(tmp_path / "outcome.json", outcome)

    assert read_job(tmp_path / "job.json") == JOB
    assert read_outcome(tmp_path / "outcome.json") == outcome


@pytest.fixture
def given() -> Tickets:
    """Two held-out tickets: a name that both know, and an order number that only deskroute knows."""
    spans = (LabelledSpan(7, 11, "person_name"), LabelledSpan(0, 5, "order_id"))
    held_out = (LabelledTicket("Hello", "Anna here", "test", "billing", spans=spans), LabelledTicket(None, "y", "test"))
    return Tickets(JOB, held_out)


def test_figures_count_common_field_types_only_and_rows_whose_label_is_known(given: Tickets) -> None:
    found = (Span("person_name", 7, 16), Span("order_id", 2, 3))
    outcome = Outcome(
        "batches", [Answer("billing", found), Answer("refund")], {"sample": [2.0, 1.0, 4.0]}, {"sample": [0.3]}, {}
    )

    peer = figures("deskroute", PEERS["deskroute"], given, outcome, None)

    assert peer.category_macro_f1 == 1.0
    assert peer.fields_f1 == 1.0
    assert (peer.tickets_per_s, peer.cpu_ms_per_ticket) == ({"sample": 1.5}, {"sample": 100.0})
    assert (peer.train_s, peer.train_rows, peer.held_out_rows) == (None, 0, 2)


def test_figures_of_a_peer_without_fields_have_none(given: Tickets) -> None:
    outcome = Outcome("batches", [Answer("refund"), Answer("refund")], {"sample": [1.0]}, {"sample": [1.0]}, {})

    peer = figures("setfit", PEERS["setfit"], given, outcome, 12.5)

    assert (peer.category_macro_f1, peer.fields_f1, peer.field_types) == (0.0, None, ())
    assert (peer.train_s, peer.train_rows) == (12.5, 1)


def test_locks_exist_for_every_peer_but_deskroute_itself() -> None:
    assert {lock.parent.name for lock in LOCKS} == set(PEERS) - {"deskroute"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_lock_pins_every_package_with_hashes_and_names_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")

    packages = re.findall(r"^[a-z].*(?:\n    --hash=\S+.*)*", text, re.MULTILINE)
    assert all("==" in package.splitlines()[0] and "--hash=sha256:" in package for package in packages)
    assert "://" not in text
    wanted = re.findall(r"^[a-z][\w-]+", (lock.parent / "requirements.in").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(wanted) <= set(re.findall(r"^[a-z][\w-]*", text, re.MULTILINE))
