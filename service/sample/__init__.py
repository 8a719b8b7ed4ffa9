"""In: nothing. Out: the sample tickets that the demo and the benchmark run on (`tickets.jsonl` beside this)."""

from pathlib import Path

SAMPLE_TICKETS_FILE = Path(__file__).with_name("tickets.jsonl")
