"""In: a normalised text, and where its markup says that it is quoted. Out: its parts, in order and without a gap.

Raises nothing. When in doubt a line is part of the message: taking a signature for the message costs little, taking the
message for a quote costs the ticket. Work is linear: a line is looked at a fixed number of times.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from service import mail_phrases as say
from service.normalized import Part, PartKind

_MAX_ATTRIBUTION_LINES: Final = 3
_MAX_HEADER_LINES: Final = 7
_MAX_SIGNATURE_LINES: Final = 8
_MAX_DELIMITED_SIGNATURE_LINES: Final = 12
_MAX_SIGNATURE_LINE_CHARS: Final = 70
_MAX_SIGNATURE_LINE_WORDS: Final = 9
_MAX_TAIL_LINES: Final = 60


def split_parts(text: str, body_start: int, quotes: Sequence[tuple[int, int]]) -> tuple[Part, ...]:
    """Tell the parts of a text apart; ``quotes`` are stretches of it that the markup quotes."""
    parts = [Part(PartKind.SUBJECT, 0, body_start)] if body_start else []
    body = text[body_start:]
    if not body:
        return tuple(parts)
    whole_lines = body.split("\n")
    starts = list(accumulate((len(line) + 1 for line in whole_lines), initial=body_start))
    lines = [line.strip()[: say.MAX_LINE_CHARS] for line in whole_lines]
    kinds = _quotes(lines, [_is_inside(start, quotes) for start in starts[:-1]] if quotes else [False] * len(lines))
    for first, last in _message_runs(lines, kinds):
        end = _disclaimers(lines, kinds, first, last)
        _signature(lines, kinds, first, end)
    begin = 0
    for index in range(1, len(lines) + 1):
        if index == len(lines) or kinds[index] != kinds[begin]:
            parts.append(Part(kinds[begin], starts[begin], min(starts[index], len(text))))
            begin = index
    return tuple(part for part in parts if part.start < part.end)


def _is_inside(position: int, stretches: Sequence[tuple[int, int]]) -> bool:
    index = bisect_right(stretches, position, key=lambda stretch: stretch[0]) - 1
    return index >= 0 and position < stretches[index][1]


def _quotes(lines: list[str], is_marked: list[bool]) -> list[PartKind]:
    """One kind a line, MESSAGE or QUOTE. A quote with no words of the writer's own beside it is the message itself."""
    kinds = [PartKind.MESSAGE] * len(lines)
    has_own_words, index = False, 0
    while index < len(lines):
        line, length = lines[index], 1
        if is_marked[index] or (line.startswith(">") and say.QUOTED_LINE.match(line)):
            kinds[index] = PartKind.QUOTE
        elif (line.endswith(":") or say.MAY_START_HISTORY.match(line)) and (
            heading := _history_heading(lines, index) or _attribution(lines, is_marked, index)
        ):
            quoted_alone = _is_followed_by_quote(lines, is_marked, index + heading)
            if has_own_words and not quoted_alone:
                kinds[index:] = [PartKind.QUOTE] * (len(lines) - index)
                break
            if quoted_alone:
                kinds[index : index + heading] = [PartKind.QUOTE] * heading
            length = heading
        elif line.strip("-_=*"):
            has_own_words = True
        elif index:
            kinds[index] = kinds[index - 1]
        index += length
    return kinds if has_own_words else [PartKind.MESSAGE] * len(lines)


def _history_heading(lines: list[str], index: int) -> int:
    """How many lines from ``index`` on head an earlier mail: a title, or a block of From, Sent, To, Subject."""
    if say.HISTORY_TITLE.match(lines[index]):
        return 1
    if not say.HEADER_FROM.match(lines[index]):
        return 0
    has_subject = has_other = False
    for length, line in enumerate(lines[index + 1 : index + _MAX_HEADER_LINES], 2):
        has_other = has_other or say.HEADER_OTHER.match(line) is not None
        has_subject = say.HEADER_SUBJECT.match(line) is not None
        if has_subject:
            return length if has_other else 0
    return 0


def _attribution(lines: list[str], is_marked: list[bool], index: int) -> int:
    """How many lines from ``index`` on say "On … wrote:", which mail programs wrap.

    A customer may write so too: an address or a time shows that a program did, or a marked quote below.
    """
    is_wrapped = say.ATTRIBUTION_START.match(lines[index]) is not None
    joined = ""
    for length in range(1, (_MAX_ATTRIBUTION_LINES if is_wrapped else 1) + 1):
        line = lines[index + length - 1] if index + length <= len(lines) else ""
        joined = f"{joined} {line}"[: say.MAX_LINE_CHARS]
        if line.endswith(":"):
            is_one = say.ATTRIBUTION_VERB.search(joined) and (
                say.ATTRIBUTION_EVIDENCE.match(joined) or _is_followed_by_quote(lines, is_marked, index + length)
            )
            return length if is_one else 0
    return 0


def _is_followed_by_quote(lines: list[str], is_marked: list[bool], index: int) -> bool:
    """Whether the next line that is not blank carries its own mark of quoting."""
    while index < len(lines) and not lines[index]:
        index += 1
    return index < len(lines) and (is_marked[index] or say.QUOTED_LINE.match(lines[index]) is not None)


def _message_runs(lines: list[str], kinds: list[PartKind]) -> list[tuple[int, int]]:
    """The stretches of message lines, each as its first line and the line after its last."""
    runs, first = [], None
    for index in range(len(lines) + 1):
        is_message = index < len(lines) and kinds[index] is PartKind.MESSAGE
        if is_message and first is None:
            first = index
        elif not is_message and first is not None:
            runs.append((first, index))
            first = None
    return runs


def _disclaimers(lines: list[str], kinds: list[PartKind], first: int, end: int) -> int:
    """Mark the disclaimers at the end of a run of message lines; answers where the lines before them end."""
    start = stop = end
    paragraph_end = end
    for index in range(end - 1, max(first, end - _MAX_TAIL_LINES), -1):
        if not lines[index]:
            paragraph_end = index
        elif say.DISCLAIMER_START.match(lines[index]) and _has_cue(lines[index:paragraph_end]):
            # What follows the last disclaimer without any word of one is the writer's own.
            stop = paragraph_end if start == end else stop
            start = index
    if not any(lines[first:start]):
        return end
    while stop < end and not lines[stop]:
        stop += 1
    kinds[start:stop] = [PartKind.DISCLAIMER] * (stop - start)
    return start


def _has_cue(paragraph: list[str]) -> bool:
    return say.DISCLAIMER_CUE.search(" ".join(paragraph)[: 3 * say.MAX_LINE_CHARS]) is not None


def _signature(lines: list[str], kinds: list[PartKind], first: int, end: int) -> None:
    """Mark the signature that ends a run of message lines: from the earliest line that all after it agree with."""
    opening = next((index for index in range(first, end) if lines[index]), end)
    tail = [index for index in range(max(opening + 1, end - _MAX_TAIL_LINES), end) if lines[index]]
    tail = tail[-_MAX_DELIMITED_SIGNATURE_LINES - 1 :]
    for place, index in enumerate(tail):
        if not say.SIGNATURE_START.match(lines[index]):
            continue
        after = tail[place + 1 :]
        postscript = next((at for at in after if say.POSTSCRIPT.match(lines[at])), end)
        if _starts_signature(lines[index], [lines[at] for at in after if at < postscript]):
            kinds[index:postscript] = [PartKind.SIGNATURE] * (postscript - index)
            return


def _starts_signature(line: str, after: list[str]) -> bool:
    if say.CLOSING.match(line):
        return 1 <= len(after) <= _MAX_SIGNATURE_LINES and all(map(_may_be_in_signature, after))
    return len(after) <= (1 if say.SENT_FROM.match(line) else _MAX_DELIMITED_SIGNATURE_LINES)


def _may_be_in_signature(line: str) -> bool:
    words = line.count(" ") + 1
    is_prose = line.endswith(("?", "!")) or (line.endswith(".") and words > _MAX_SIGNATURE_LINE_WORDS // 2)
    is_short = len(line) <= _MAX_SIGNATURE_LINE_CHARS and words <= _MAX_SIGNATURE_LINE_WORDS
    return (is_short and not is_prose) or say.SENT_FROM.match(line) is not None
