"""In: `deskroute rules check` on a model folder's manifest. Out: proof of what is printed and of the exit codes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.training.labels import read_labels
from service.cli.rules import describe_facts, describe_route, rules_app
from service.result import Route
from service.routing.engine import RoutingFacts
from service.routing.rules import DEFAULT_RULES_FILE


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    """A folder whose manifest is valid; checking rules opens no graph, so its files need only fit their digests."""
    folder = tmp_path / "model"
    folder.mkdir()
    labels = read_labels()
    files = {}
    for name in ("model.onnx", "tokenizer.json"):
        content = name.encode()
        (folder / name).write_bytes(content)
        files[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    heads = {
        name: {"labels": getattr(labels, name), "temperature": 1.0} for name in ("category", "sentiment", "urgency")
    }
    manifest = {
        "format": 1,
        "name": "default",
        "version": "1",
        "created_at": "2026-01-01T00:00:00Z",
        **heads,
        "tagger": {"tags": labels.tags, "temperature": 1.0},
        "max_tokens": 128,
        "max_windows": 8,
        "opset": 17,
        "files": files,
        "provenance": {},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def test_rules_check_shipped_rules_prints_ok_and_a_row_a_rule(model_dir: Path) -> None:
    result = CliRunner().invoke(rules_app, ["check", "--model", str(model_dir)])

    assert result.exit_code == 0
    assert result.stdout.startswith("OK: 31 rules, ")
    assert str(DEFAULT_RULES_FILE) in result.stdout
    assert "urgency_at_least: high" in result.stdout


def test_rules_check_wrong_file_exits_2_with_every_error_on_stderr(model_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[defaults]\nqueue = "x"\n[[rule]]\nname = "a"\nwhen = { category = "biling" }\n', encoding="utf-8")

    result = CliRunner().invoke(rules_app, ["check", "--rules", str(file), "--model", str(model_dir)])

    assert result.exit_code == 2
    assert result.stdout == ""
    assert [line.removeprefix(f"{file}:").partition(":")[0] for line in result.stderr.splitlines()] == ["1", "3", "5"]


def test_rules_check_folder_without_model_exits_1_with_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(rules_app, ["check", "--model", str(tmp_path)])

    assert result.exit_code == 1
    assert result.stderr.startswith("error: no model at ")
    assert len(result.stderr.splitlines()) == 1


def test_describe_facts_hostile_tags_stay_on_their_line() -> None:
    facts = RoutingFacts(
        category="billing",
        category_confidence=0.91,
        sentiment="neutral",
        sentiment_confidence=0.8,
        sentiment_score=-0.25,
        urgency="high",
        urgency_confidence=0.7,
        language="en",
        channel="email",
        tenant="acme",
        tags=("\x1b[2J\n\ud800", "t" * 100_000),
    )

    lines = describe_facts(facts).splitlines()

    assert len(lines) == 9
    assert all(line.isprintable() and len(line) < 200 for line in lines)
    assert lines[0] == "category:  billing (0.91), second: none"


def test_describe_route_says_where_and_why() -> None:
    where = Route("billing", "high", 240, "billing_pressing", False, ("category=billing", "urgency=high"), ("vip",))

    text = describe_route(where)

    assert text == (
        "→ billing, priority high, 240 minutes, no review (by billing_pressing)\n"
        "  because category=billing, urgency=high; tags added: vip"
    )
