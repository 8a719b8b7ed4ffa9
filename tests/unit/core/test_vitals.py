"""In: what a loop says of itself. Out: how long it is silent, and since when and why it is not ready."""

from __future__ import annotations

from service.vitals import STARTING, Readiness, Vitals


def test_vitals_at_first_are_not_ready_and_beat_with_the_start() -> None:
    vitals = Vitals(lambda: 7.0)

    assert vitals.readiness == Readiness(ready=False, reason=STARTING, since_s=7.0)
    assert vitals.silent_s == 0.0


def test_silence_counts_from_the_last_beat() -> None:
    now_s = iter([0.0, 10.0, 13.5])
    vitals = Vitals(lambda: next(now_s))

    vitals.beat()

    assert vitals.silent_s == 3.5


def test_not_ready_again_keeps_the_moment_and_takes_the_newer_reason() -> None:
    now_s = iter([0.0, 1.0, 2.0, 3.0])
    vitals = Vitals(lambda: next(now_s))
    vitals.ready()

    vitals.not_ready("the store is away")
    vitals.not_ready("the broker is away")

    assert vitals.readiness == Readiness(ready=False, reason="the broker is away", since_s=2.0)


def test_ready_again_keeps_the_moment() -> None:
    now_s = iter([0.0, 1.0, 2.0])
    vitals = Vitals(lambda: next(now_s))
    vitals.ready()

    vitals.ready()

    assert vitals.readiness == Readiness(ready=True, reason="", since_s=1.0)
