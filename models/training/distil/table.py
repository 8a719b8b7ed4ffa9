"""In: the figures of every candidate. Out: the Pareto table as Markdown, the same as JSON, and a plot as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from models.training.distil.pareto import CandidateFigures

_HEADS = ("category", "sentiment", "urgency", "fields")
_COLOURS = {"category": "#1b6ca8", "sentiment": "#c2571a", "urgency": "#3d8b40", "fields": "#7a4fa3"}
_WIDTH, _HEIGHT, _MARGIN = 720, 420, 60


def to_markdown(figures: Sequence[CandidateFigures], chosen: str) -> str:
    """Three tables: cost and quality alone, agreement with the teacher, and what the cascade makes of it."""
    teacher_us = next(line for line in figures if line.tier is None).cpu_us_per_ticket
    alone = [
        [
            f"**{line.name}**" if line.name == chosen else line.name,
            f"{line.mflop_per_token:.2f}",
            f"{line.cpu_us_per_ticket:,.0f}",
            f"{teacher_us / line.cpu_us_per_ticket:.1f}×",
            f"{line.megabytes:.1f}",
            *(f"{getattr(line.alone, head):.3f}" for head in _HEADS),
        ]
        for line in figures
    ]
    students = [line for line in figures if line.tier is not None]
    agreement = [[line.name, *(f"{share:.3f}" for share in line.agreement.values())] for line in students]
    cascade = [
        [
            line.name,
            *(f"{share:.3f}" for share in line.asked_again.values()),
            *(f"{getattr(line.cascade, head):.3f}" for head in _HEADS),
            f"{line.expected_us:,.0f}",
            f"{teacher_us / line.expected_us:.1f}×",
        ]
        for line in students
    ]
    quality = [f"{head} F1" for head in _HEADS]
    tiers = ("category", "sentiment", "urgency", "tagger")
    return "\n\n".join(
        [
            "Each candidate alone, on the dev tickets (one thread, the median of turns in one run).",
            _table(["candidate", "MFLOP a token", "CPU µs a ticket", "speed", "MB", *quality], alone),
            "Share of dev tickets on which a student says what the teacher says.",
            _table(["student", *tiers], agreement),
            "As the fast tier: share of dev tickets that go on to the teacher, and what comes out.",
            _table(["student", *tiers, "any head", *quality, "expected µs a ticket", "speed"], cascade),
        ]
    )


def to_json(figures: Sequence[CandidateFigures], chosen: str) -> dict[str, Any]:
    """Every figure as plain data."""
    return {"chosen": chosen, "candidates": [asdict(line) for line in figures]}


def to_svg(figures: Sequence[CandidateFigures]) -> str:
    """Quality of each head over cost, the cost on a logarithmic axis."""
    ordered = sorted(figures, key=lambda line: line.mflop_per_token)
    costs = [math.log10(line.mflop_per_token) for line in ordered]
    values = [getattr(line.alone, head) for line in ordered for head in _HEADS]
    low, high = math.floor(min(values) * 10) / 10, math.ceil(max(values) * 10) / 10
    low, high = (low, high) if high > low else (low - 0.1, high + 0.1)
    left, right = min(costs) - 0.1, max(costs) + 0.1

    def at(cost: float, value: float) -> tuple[float, float]:
        x = _MARGIN + (cost - left) / (right - left) * (_WIDTH - 2 * _MARGIN)
        return round(x, 1), round(_HEIGHT - _MARGIN - (value - low) / (high - low) * (_HEIGHT - 2 * _MARGIN), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><title>Quality of each head over cost</title><rect width="100%" height="100%" fill="#fff"/>'
    ]
    for tick in range(round(low * 20), round(high * 20) + 1):
        _, y = at(left, tick / 20)
        parts.append(f'<line x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{_MARGIN - 8}" y="{y + 4}" text-anchor="end">{tick / 20:.2f}</text>')
    for line, cost in zip(ordered, costs, strict=True):
        x, _ = at(cost, low)
        parts.append(f'<text x="{x}" y="{_HEIGHT - _MARGIN + 18}" text-anchor="middle">{line.name}</text>')
        parts.append(
            f'<text x="{x}" y="{_HEIGHT - _MARGIN + 33}" text-anchor="middle" fill="#666">'
            f"{line.mflop_per_token:.2g}</text>"
        )
    for number, head in enumerate(_HEADS):
        points = [at(cost, getattr(line.alone, head)) for line, cost in zip(ordered, costs, strict=True)]
        path, colour = " ".join(f"{x},{y}" for x, y in points), _COLOURS[head]
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>' for x, y in points]
        parts.append(f'<text x="{_MARGIN + number * 110}" y="{_MARGIN - 30}" fill="{colour}">● {head} F1</text>')
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 8}" text-anchor="middle">MFLOP a token</text></svg>')
    return "\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
