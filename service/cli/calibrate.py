"""In: `deskroute calibrate`. Out: a copy of a model folder whose confidences and cuts are set on one's own tickets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from service.cli.consoles import open_console
from service.cli.errors import errors_reported
from service.cli.options import JsonOption, ModelOption


def calibrate(
    data: Annotated[
        Path,
        typer.Argument(metavar="DATA", help="CSV, or JSONL with marked spans, or a folder of JSONL."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Model folder to write; must not exist yet.")],
    model: ModelOption = None,
    target: Annotated[
        float,
        typer.Option(min=0.001, max=0.5, help="Share of automatic categories that may be wrong (95 %)."),
    ] = 0.05,
    as_json: JsonOption = False,
) -> None:
    """Set a model's confidences and its review cut on your own labelled tickets; the model itself stays as it is.

    Use tickets that it was not trained on, at least 100; the smaller the target, the more rows a cut needs.
    """
    with errors_reported():
        from datetime import UTC, datetime

        from service.errors import ConfigurationError
        from service.evaluation.data import read_labelled
        from service.evaluation.recalibrate import recalibrate, write_calibrated
        from service.settings import load_settings
        from service.wiring import build_engine, model_folder

        if out.exists():
            raise ConfigurationError(f"{out} exists already: name a new folder")
        settings = load_settings({"model_dir": model})
        source = model_folder(settings)
        calibration = recalibrate(source, build_engine(settings), list(read_labelled(data)), target)
        write_calibrated(calibration, source, out, out.name, datetime.now(UTC))
        if as_json:
            typer.echo(json.dumps(calibration.to_json(), indent=2, ensure_ascii=False))
            return
        console = open_console()
        for name, head in calibration.heads.items():
            console.print(
                f"{name}: {head.rows} rows, accuracy {head.accuracy:.3f}, calibration error "
                f"{head.calibration_error_before:.3f} -> {head.calibration_error_after:.3f}"
            )
            if calibration.manifest.get("fast") and head.fast_cut is None:
                console.print(
                    "  these rows are too few, or the tiers differ too often: the full tier answers every ticket"
                )
            elif head.fast_cut is not None:
                console.print(
                    f"  asked of the full tier below {head.fast_cut.threshold:.3f}: of {head.fast_cut.accepted} fast "
                    f"answers above it {head.fast_cut.errors} differed, so at most {head.fast_cut.bound:.1%} do (95 %)"
                )
        if calibration.tagger_cut is not None:
            console.print(
                f"fields: asked of the full tier below {calibration.tagger_cut.threshold:.3f}: above it at most "
                f"{calibration.tagger_cut.bound:.1%} of a text's spans differ on average (95 %)"
            )
        elif calibration.manifest.get("fast"):
            console.print("fields: the full tier answers every ticket")
        cut = calibration.heads["category"].cut if "category" in calibration.heads else None
        if cut is not None:
            console.print(
                f"review below {cut.threshold:.3f}: of {cut.accepted} rows above it {cut.errors} were wrong, "
                f"so at most {cut.bound:.1%} are (95 %); {calibration.heads['category'].coverage:.0%} need no person"
            )
        elif "category" in calibration.heads:
            console.print(f"no cut keeps the error within {target:.1%} on these rows: every ticket goes to review")
        console.print(f"written: {out}")
