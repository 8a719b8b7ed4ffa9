"""In: nothing. Out: the options that several commands share, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ModelOption = Annotated[
    Path | None,
    typer.Option("--model", metavar="DIR", help="Model folder; the default model that ships if not given."),
]
RulesOption = Annotated[
    Path | None, typer.Option("--rules", metavar="FILE", help="Rules file (TOML); the shipped rules if not given.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
