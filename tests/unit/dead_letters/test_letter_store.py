"""In: dead letters as a worker stores them. Out: the ones asked for, whole, and notes of what became of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.errors import Reason, Stage
from service.store.letters import DeadLetterStore, LetterFilter, LetterIdError, LetterState
from tests.unit.dead_letters.letters import SECRET, letter, store_letters
from tests.unit.store.samples import NOW, TOPIC


def test_list_given_a_limit_returns_the_newest_and_the_count_of_all(database: Path, letters: DeadLetterStore) -> None:
    store_letters(database, [letter(offset) for offset in range(5)])

    found, total = letters.list(LetterFilter(), 2)

    assert [one.offset for one in found] == [4, 3]
    assert total == 5


@pytest.mark.parametrize(
    ("wanted", "offsets"),
    [
        (LetterFilter(reason="not_json"), [1]),
        (LetterFilter(stage="infer"), [2]),
        (LetterFilter(topic="old.topic"), [3]),
        (LetterFilter(since=NOW + timedelta(minutes=2)), [3, 2]),
        (LetterFilter(reason="not_json", stage="infer"), []),
        (LetterFilter(state=None), [3, 2, 1, 0]),
    ],
)
def test_list_given_a_filter_returns_what_fits_every_part(
    database: Path, letters: DeadLetterStore, wanted: LetterFilter, offsets: list[int]
) -> None:
    store_letters(
        database,
        [
            letter(0),
            letter(1, reason=Reason.NOT_JSON),
            letter(2, reason=Reason.INFERENCE, stage=Stage.INFER),
            letter(3, topic="old.topic"),
        ],
    )

    found, total = letters.list(wanted, 50)

    assert [one.offset for one in found] == offsets
    assert total == len(offsets)


def test_list_by_state_follows_what_became_of_a_letter(database: Path, letters: DeadLetterStore) -> None:
    stored = [letter(offset) for offset in range(3)]
    store_letters(database, stored)

    letters.mark_replayed(stored[0].id, NOW)
    letters.mark_dropped(stored[1].id, NOW)

    by_state = {state: letters.list(LetterFilter(state=state), 9)[0] for state in LetterState}
    assert {state: [one.offset for one in found] for state, found in by_state.items()} == {
        LetterState.REPLAYED: [0],
        LetterState.DROPPED: [1],
        LetterState.OPEN: [2],
    }
    assert all(one.state is state for state, found in by_state.items() for one in found)


def test_mark_replayed_of_a_dropped_letter_leaves_it_replayed_only(database: Path, letters: DeadLetterStore) -> None:
    stored = letter()
    store_letters(database, [stored])
    letters.mark_dropped(stored.id, NOW)

    letters.mark_replayed(stored.id, NOW)

    about = letters.get(stored.id).about
    assert (about.state, about.replayed_at, about.dropped_at) == (LetterState.REPLAYED, NOW, None)


def test_read_returns_the_message_byte_for_byte_and_its_repr_shows_none_of_it(
    database: Path, letters: DeadLetterStore
) -> None:
    stored = letter(3)
    store_letters(database, [stored])

    found = letters.get(stored.id)

    assert (found.key, found.value, found.headers) == (stored.key, stored.value, stored.headers)
    assert (found.about.id, found.about.failed_at, found.about.attempts) == (stored.id, stored.failed_at, 1)
    assert SECRET not in repr(found)


def test_read_of_an_unknown_id_is_none(letters: DeadLetterStore) -> None:
    assert letters.read(letter(99).id) is None


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(chars=st.integers(9, 36), upper=st.booleans())
def test_resolve_given_any_unique_beginning_finds_the_letter(
    database: Path, letters: DeadLetterStore, chars: int, upper: bool
) -> None:
    stored = [letter(offset) for offset in range(50)]
    if not letters.list(LetterFilter(), 1)[1]:
        store_letters(database, stored)
    prefix = str(stored[7].id)[:chars]

    assert letters.resolve(prefix.upper() if upper else prefix) == stored[7].id


def test_resolve_given_an_ambiguous_beginning_names_two_letters(database: Path, letters: DeadLetterStore) -> None:
    store_letters(database, [letter(offset) for offset in range(40)])

    with pytest.raises(LetterIdError, match=r"several .* among them \S+ and \S+"):
        letters.resolve(str(letter(0).id)[:1])


@pytest.mark.parametrize(("prefix", "says"), [("abc", "no dead letter abc"), ("-", "not the beginning")])
def test_resolve_given_what_no_letter_has_says_so(letters: DeadLetterStore, prefix: str, says: str) -> None:
    with pytest.raises(LetterIdError, match=says):
        letters.resolve(prefix)


def test_iterate_ids_passes_every_letter_once_while_they_are_marked(database: Path, letters: DeadLetterStore) -> None:
    stored = [letter(offset, topic=topic) for topic in (TOPIC, "zz.topic") for offset in range(520)]
    store_letters(database, stored)

    passed = []
    for letter_id in letters.iterate_ids(LetterFilter()):
        letters.mark_replayed(letter_id, NOW)
        passed.append(letter_id)

    assert passed == [one.id for one in stored]
