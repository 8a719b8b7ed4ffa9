"""In: `deskroute classify` as a process, and lines of every bad kind. Out: proof that each is answered on its line."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from service.sample import SAMPLE_TICKETS_FILE

LONG_BODY = ("Please cancel order #AB-1234 <b>today</b>, refund 20 EUR to anna@example.com. " * 2_000)[:100_000]
GOOD = {"ticket_id": "1", "subject": "Résumé", "body": "<p>Hi Ann&eacute;<br>card 4111 1111 1111 1111 &amp; more</p>"}
LINES_AND_REASONS: tuple[tuple[bytes, str | None], ...] = (
    (json.dumps(GOOD).encode(), None),
    (b"", "empty_message"),
    (b'{"ticket_id": "2", "body": ', "not_json"),
    (b'{"ticket_id": "3", "body": "\xff\xfe"}', "not_utf8"),
    (b'{"ticket_id": "4"}', "schema_violation"),
    (json.dumps({"ticket_id": "5", "body": LONG_BODY}).encode(), None),
    (json.dumps({"ticket_id": "6", "body": LONG_BODY + "x"}).encode(), "schema_violation"),
    (b'{"ticket_id": "7", "body": "nul \\u0000 mail bob@example.com \\ud800 order no. A-77"}', None),
    ('{"ticket_id": "8", "body": "😡😡😡"}'.encode(), None),
    (b'{"ticket_id": "9", "body": "' + b"x" * 1_000_000 + b'"}', "message_too_large"),
    (b"[1, 2]", "not_an_object"),
    (b'{"ticket_id": "10", "body": "", "subject": null}', "schema_violation"),
)


@pytest.mark.model
def test_classify_given_hostile_lines_answers_each_on_its_own_line_and_exits_1() -> None:
    done = _classify(b"\n".join(line for line, _ in LINES_AND_REASONS) + b"\n")

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [answer.get("error", {}).get("reason") for answer in answers] == [reason for _, reason in LINES_AND_REASONS]
    assert [a["error"]["line"] for a in answers if "error" in a] == [
        number for number, (_, reason) in enumerate(LINES_AND_REASONS, 1) if reason
    ]
    for (line, reason), answer in zip(LINES_AND_REASONS, answers, strict=True):
        if reason is None:
            _assert_values_are_slices(line, answer)
    assert "Traceback" not in done.stderr.decode()


@pytest.mark.model
def test_classify_given_the_sample_tickets_answers_in_order_and_exits_0() -> None:
    lines = SAMPLE_TICKETS_FILE.read_bytes().splitlines()[:60]

    done = _classify(b"\n".join(lines))

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [answer["ticket_id"] for answer in answers] == [json.loads(line)["ticket_id"] for line in lines]
    for line, answer in zip(lines, answers, strict=True):
        _assert_values_are_slices(line, answer)
    assert sum(len(answer["fields"]) for answer in answers) > len(answers)


def _classify(given: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "service.cli", "classify", "-"], input=given, capture_output=True, check=False
    )


def _assert_values_are_slices(line: bytes, answer: dict[str, Any]) -> None:
    ticket = json.loads(line)
    text = ticket["body"] if ticket.get("subject") is None else f"{ticket['subject']}\n\n{ticket['body']}"
    received = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert all(received[field["start"] : field["end"]] == field["value"] for field in answer["fields"])
