"""In: failures in a row. Out: delays that grow, are jittered and bounded, and start again after a success."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from service.backoff import FIRST_DELAY_S, LONGEST_DELAY_S, Backoff


@given(st.integers(), st.integers(0, 100))
def test_backoff_any_failure_waits_between_half_and_all_of_its_doubled_delay(seed: int, failures: int) -> None:
    backoff = Backoff(Random(seed))  # noqa: S311  jitter

    delays = [backoff.next_delay_s() for _ in range(failures + 1)]

    longest = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0**failures)
    assert longest / 2 <= delays[-1] <= longest


def test_backoff_two_workers_do_not_wait_alike() -> None:
    first, second = (Backoff(Random(seed)) for seed in (1, 2))  # noqa: S311  jitter

    assert first.next_delay_s() != second.next_delay_s()


def test_backoff_after_a_success_waits_shortly_again() -> None:
    backoff = Backoff(Random(1))  # noqa: S311  jitter
    for _ in range(20):
        backoff.next_delay_s()

    backoff.reset()

    assert backoff.next_delay_s() <= FIRST_DELAY_S
