"""In: texts as customers and mail programs write them. Out: whether they become plain and the way back is kept."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.normalize import normalize
from service.normalized import NormalizedText

_PIECES = st.sampled_from(
    [
        *("<p>", "</p>", "<br>", "<b>", "</b>", "<a href='x>y'>", "</a>", "<!--", "-->", "<script>", "</script>"),
        *("<blockquote>", "</blockquote>", "<div class=gmail_quote>", "</div>", "<td>", "<pre>", "</pre>", "<", ">"),
        *(
            "&amp;",
            "&nbsp;",
            "&#8203;",
            "&bogus;",
            "&",
            " ",
            "  ",
            "\n",
            "\r\n",
            "\r",
            "\t",
            "\n\n\n\n\n",
            "> ",
            "--\n",
        ),
        *("\x00", "\u200b", "\xa0", "\ufb01", "\uff21", "\ud800", "\U0001d5d4", "\U0001f600", "\u2028"),
        *("word", "Regards,\n", "On 1 May 2026 at 10:00, A <a@b.example> wrote:\n", "42,50 €"),
    ]
)
_TEXTS = st.one_of(st.text(max_size=80), st.lists(_PIECES, max_size=30).map("".join))
_SUBJECTS = st.one_of(st.none(), st.text(max_size=20))

_HOSTILE = {
    "open_tags": "<" * 100_000,
    "open_comments": "<!--" * 25_000,
    "open_entities": "&#" * 50_000,
    "unclosed_tags": "<br>" + "<a " * 33_000,
    "unbalanced_quotes": "<br>" + '<a ="> "' * 12_000 + '"',
    "unclosed_styles": "<br>" + "<style>" * 14_000,
    "nested_divs": "<div class=gmail_quote>" * 4_000 + "</blockquote>" * 600,
    "blank_lines": " \n" * 50_000,
    "quote_marks": ">\n" * 50_000,
    "attributions": "On x wrote wrote wrote:\n" * 4_000,
    "header_blocks": "From: a\nTo: b\n" * 7_000,
    "closings": "Regards,\n" * 11_000,
    "disclaimers": "x\n" + "this email is intended for\n" * 3_700,
    "one_word": "a" * 100_000,
    "full_width": "\uff21" * 100_000,
    "surrogates": "\ud800" * 100_000,
    "nul": "\x00" * 100_000,
}


def _received(subject: str | None, body: str) -> str:
    return body if subject is None else f"{subject}\n\n{body}"


def _slice(result: NormalizedText, received: str, wanted: str) -> str:
    start = result.text.index(wanted)
    begin, end = result.to_received(start, start + len(wanted))
    return received[begin:end]


def test_normalize_plain_ascii_text_is_unchanged_and_needs_no_map() -> None:
    body = "Hello,\n\nif a < b & c > d, where is order 4711?\n\nBob"

    result = normalize("Where is it", body)

    assert result.text == f"Where is it\n\n{body}"
    assert result.starts is None
    assert result.ends is None
    assert result.to_received(3, 7) == (3, 7)


def test_normalize_subject_absent_counts_in_body_alone() -> None:
    result = normalize(None, "a\r\nb")

    assert result.text == "a\nb"
    assert result.to_received(2, 3) == (3, 4)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("a\xa0b\u202fc\u3000d", "a b c d"),
        ("pass\u200bword\ufeff \u202eabc\u2066", "password abc"),
        ("\uff2f\uff2b \ufb01ne \U0001d5d5\U0001d5fc\U0001d5f9\U0001d5f1 \u24b6", "OK fine Bold A"),
        ("a\x00b\x07c", "a b c"),
        ("x\ud800y", "x\ufffdy"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a\n\n\n\n\n \n\nb", "a\n\n\nb"),
        ("Tom &amp; Jerry&#39;s &nbsp;5 &euro; &#8203;ok", "Tom & Jerry's  5 &euro; ok"),
        ("m² ½ … “é” 😀", "m² ½ … “é” 😀"),
    ],
)
def test_normalize_odd_characters_become_plain(body: str, text: str) -> None:
    assert normalize(None, body).text == text


def test_normalize_spans_map_to_exact_slices_of_the_received_text() -> None:
    subject = "Re:\u200b refund"
    body = "<p>Dear&nbsp;team,</p><p>order <b>AB</b>-<i>12</i> cost 5&nbsp;&euro; &amp; more</p>"
    received = _received(subject, body)

    result = normalize(subject, body)

    assert _slice(result, received, "refund") == "refund"
    assert _slice(result, received, "Dear team") == "Dear&nbsp;team"
    assert _slice(result, received, "AB-12") == "AB</b>-<i>12"
    assert _slice(result, received, "5 €") == "5&nbsp;&euro;"


@given(_SUBJECTS, _TEXTS)
def test_normalize_any_text_gives_monotone_maps_and_parts_without_gaps(subject: str | None, body: str) -> None:
    received = _received(subject, body)

    result = normalize(subject, body)

    starts = result.starts if result.starts is not None else range(len(received))
    ends = result.ends if result.ends is not None else range(1, len(received) + 1)
    assert len(starts) == len(ends) == len(result.text)
    assert list(starts) == sorted(starts)
    assert list(ends) == sorted(ends)
    assert all(0 <= start < end <= len(received) for start, end in zip(starts, ends, strict=True))
    assert "".join(result.text[part.start : part.end] for part in result.parts) == result.text
    assert all(before.end == after.start for before, after in zip(result.parts, result.parts[1:], strict=False))


@given(_SUBJECTS, _TEXTS, st.data())
def test_normalize_any_span_keeps_its_letters_in_the_received_slice(
    subject: str | None, body: str, data: st.DataObject
) -> None:
    received = _received(subject, body)
    result = normalize(subject, body)
    if not result.text:
        return

    start = data.draw(st.integers(0, len(result.text) - 1))
    end = data.draw(st.integers(start + 1, len(result.text)))
    begin, stop = result.to_received(start, end)

    # A replaced character maps to a stretch that may be shorter than what made it a tag or an entity: look in both.
    kept = [character for character in result.text[start:end] if character.isascii() and character.isalnum()]
    again = iter(normalize(None, received[begin:stop]).text + received[begin:stop])
    assert all(character in again for character in kept)


@given(_TEXTS)
def test_normalize_own_output_holds_no_odd_characters(body: str) -> None:
    text = normalize(None, body).text

    assert not any(character in text for character in "\x00\r\xa0\u200b\u2028\ufb01\uff21\U0001d5d4\ud800")


@pytest.mark.parametrize("name", _HOSTILE)
def test_normalize_hostile_text_takes_less_than_half_a_second(name: str) -> None:
    started = time.process_time()

    normalize("x", _HOSTILE[name])

    assert time.process_time() - started < 0.5
