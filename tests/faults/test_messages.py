"""In: messages as bad, as large, as many and as disordered as they come. Out: proof of what becomes of them."""

from __future__ import annotations

import json
import random

import pytest

from load_tests.faults.raw import RawRecord, send
from load_tests.faults.scene import Scene
from load_tests.messages import Mix, messages

pytestmark = pytest.mark.timeout(600)
MEGABYTE = 1_024 * 1_024
BOMB_BYTES = 20 * MEGABYTE
MEMORY_LIMIT_BYTES = 700 * MEGABYTE
REVISED = "2026-03-01T12:00:00+00:00"
REVISED_US = 1_772_366_400_000_000


def test_worker_given_one_poisoned_message_in_a_hundred_sets_it_aside_and_goes_on(scene: Scene) -> None:
    scene.produce(1_000, Mix(invalid_share=0.01, seed=3))
    scene.start_worker()

    report = scene.finish()

    assert report.holds, report
    assert report.counts.dead_letters > 0
    assert report.counts.rows + report.counts.dead_letters == 1_000


@pytest.mark.parametrize(("share", "count"), [(0.2, 2_000), (1.0, 300)])
def test_worker_given_too_many_poisoned_messages_stops_before_it_drains_the_topic(
    scene: Scene, share: float, count: int
) -> None:
    scene.produce(count, Mix(invalid_share=share, seed=4))
    worker = scene.start_worker()

    status = worker.wait()
    report = scene.judge()

    assert status == 1, worker.log
    assert "invalid" in worker.log
    assert report.counts.waiting > 0
    assert report.counts.lost == 0
    assert set(report.violated) <= {"I1", "I3"}, report
    # At most what a window of 1,000, or 50 in a row on each of four partitions, lets through before it is noticed.
    assert report.counts.dead_letters < count * share * 0.75


def test_worker_given_duplicates_and_shuffled_revisions_keeps_each_once_and_the_newest_current(scene: Scene) -> None:
    rng = random.Random(5)  # noqa: S311
    sent = list(messages(600, Mix(duplicate_share=0.3, late_share=0.4, seed=5), "shuffled"))
    rng.shuffle(sent)
    send(scene, (RawRecord(one.kind, one.ticket_id, one.value, one.revised_us) for one in sent))
    scene.start_worker()

    report = scene.finish()

    assert report.holds, report
    assert report.counts.rows == report.counts.revisions


def test_worker_given_huge_messages_keeps_its_memory_and_goes_on(scene: Scene) -> None:
    many = tuple((f"header-{number}", b"value") for number in range(10_000))
    hostile = [
        *(_ticket(f"large-{number}", "🙂🙂🙂 " * 24_000) for number in range(20)),
        RawRecord("ticket", "headers", _ticket("headers", "Many headers.").value, REVISED_US, many),
        RawRecord("invalid", "bad-headers", b"\xff\xfe", headers=many),
        RawRecord("invalid", "bomb", json.dumps({"ticket_id": "bomb", "body": "a" * BOMB_BYTES}).encode()),
        _ticket("last", "Does this one get through?"),
    ]
    send(scene, hostile, partition=0)
    worker = scene.start_worker()
    sizes: list[int] = []

    scene.wait_until_published()
    sizes.append(worker.rss_bytes)
    report = scene.finish()

    assert report.holds, report
    assert report.counts.dead_letters == 2
    assert report.counts.rows == len(hostile) - 2
    assert max(sizes) < MEMORY_LIMIT_BYTES


def _ticket(ticket_id: str, body: str) -> RawRecord:
    value = json.dumps({"ticket_id": ticket_id, "body": body, "updated_at": REVISED}, ensure_ascii=False).encode()
    return RawRecord("ticket", ticket_id, value, REVISED_US)
