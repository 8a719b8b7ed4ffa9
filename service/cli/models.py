"""In: `deskroute models list`, `verify` and `show`. Out: which models there are, and whether they are whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from service.bundled import default_model_folder
from service.cli.errors import errors_reported
from service.inference.manifest import open_model_folder

models_app = typer.Typer(no_args_is_help=True, help="List, verify and show models.")

FolderArgument = Annotated[
    Path | None, typer.Argument(metavar="[DIR]", help="Model folder; the default model if not given.")
]


@models_app.command("list")
def list_models(
    parent: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Folder of model folders; the shipped ones if not given.")
    ] = None,
) -> None:
    """List the models of a folder: name, version, size, digest."""
    with errors_reported():
        root = parent or default_model_folder().parent
        for folder in sorted(path.parent for path in root.glob("*/manifest.json")):
            manifest, model = open_model_folder(folder)
            megabytes = sum(entry.bytes for entry in manifest.files.values()) / 1e6
            typer.echo(f"{manifest.name} {manifest.version}  {megabytes:.1f} MB  {model.sha256[:12]}  {folder}")


@models_app.command("verify")
def verify_model(folder: FolderArgument = None) -> None:
    """Check every file of a model folder against its digest, and load the graph."""
    with errors_reported():
        from service.inference.engine import InferenceEngine

        where = folder or default_model_folder()
        model = InferenceEngine(where).model
        typer.echo(f"OK: {model.name} {model.version}, manifest sha256 {model.sha256}, in {where}")


@models_app.command("show")
def show_model(folder: FolderArgument = None) -> None:
    """Print a model's manifest as JSON."""
    with errors_reported():
        manifest, _ = open_model_folder(folder or default_model_folder())
        typer.echo(json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False))
