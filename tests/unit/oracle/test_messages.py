"""In: mixes of messages. Out: proof that they are what their kind says, for the service's own decoder."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from load_tests.messages import Message, Mix, messages
from service.decode import try_decode
from service.revisions import microseconds
from service.ticket import Ticket

_MIX = Mix(invalid_share=0.1, duplicate_share=0.2, late_share=0.2, seed=3)


def _sent(mix: Mix = _MIX, run: str = "a") -> list[Message]:
    return list(messages(500, mix, run))


def test_messages_are_valid_or_invalid_as_they_say_and_have_the_ticket_s_time() -> None:
    for message in _sent():
        outcome = try_decode(message.value)

        assert isinstance(outcome, Ticket) == (message.kind == "ticket")
        if isinstance(outcome, Ticket):
            assert outcome.key.encode() == message.key
            assert microseconds(outcome.revised_at) == message.revised_us


def test_messages_come_in_about_the_shares_asked_for() -> None:
    sent = _sent()

    times = Counter((message.key, message.value) for message in sent)
    duplicates = sum(number - 1 for number in times.values())
    invalid = {message.key for message in sent if message.kind == "invalid"}
    assert 0.15 < duplicates / len(sent) < 0.25
    assert 0.06 < len(invalid) / len(sent) < 0.14


def test_messages_that_are_late_come_after_a_newer_one_of_the_same_ticket() -> None:
    newest: dict[bytes, int] = defaultdict(int)
    late = set()
    for message in _sent():
        if message.kind == "ticket" and message.revised_us is not None:
            if message.revised_us < newest[message.key]:
                late.add(message.value)
            newest[message.key] = max(newest[message.key], message.revised_us)

    assert 60 < len(late) < 140


def test_messages_of_the_same_seed_differ_in_nothing_but_their_ids() -> None:
    one, other = _sent(run="a"), _sent(run="b")

    assert [message.value.replace(b"load-a-", b"load-b-") for message in one] == [message.value for message in other]
    assert not {message.key for message in one} & {message.key for message in other}


def test_messages_without_shares_are_all_new_tickets() -> None:
    sent = _sent(Mix())

    assert len({message.key for message in sent}) == len(sent)
    assert {message.kind for message in sent} == {"ticket"}


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.1), (-0.1, 0.0, 0.0)])
def test_mix_of_impossible_shares_is_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="shares"):
        Mix(*shares)
