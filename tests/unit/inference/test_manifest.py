"""In: model folders, some incomplete or altered. Out: a verified manifest, or a refusal that says what is wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.bundled import default_model_folder
from service.errors import ModelError
from service.inference.engine import InferenceEngine
from service.inference.manifest import MANIFEST_FILE, ONNX_FILE, TOKENIZER_FILE, open_model_folder

pytestmark = pytest.mark.model
Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of links to the default model's files, with a manifest of its own to change."""
    original = default_model_folder()
    for file in original.iterdir():
        if file.name != MANIFEST_FILE:
            (tmp_path / file.name).symlink_to(file)
    (tmp_path / MANIFEST_FILE).write_bytes((original / MANIFEST_FILE).read_bytes())
    return tmp_path


def change(folder: Path, how: Change) -> None:
    manifest = json.loads((folder / MANIFEST_FILE).read_bytes())
    how(manifest)
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest), encoding="utf-8")


def replace_file(folder: Path, name: str, content: bytes, *, sign: bool) -> None:
    (folder / name).unlink()
    (folder / name).write_bytes(content)
    if sign:
        digest = hashlib.sha256(content).hexdigest()
        change(folder, lambda manifest: manifest["files"].update({name: {"sha256": digest, "bytes": len(content)}}))


def test_open_model_folder_reference_is_the_digest_of_the_manifest(folder: Path) -> None:
    manifest, model = open_model_folder(folder)

    assert model.sha256 == hashlib.sha256((folder / MANIFEST_FILE).read_bytes()).hexdigest()
    assert (model.name, model.version) == (manifest.name, manifest.version)


def test_open_model_folder_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model at"):
        open_model_folder(tmp_path / "absent")


@pytest.mark.parametrize("name", [ONNX_FILE, TOKENIZER_FILE])
def test_open_model_folder_altered_file_is_refused_and_named(folder: Path, name: str) -> None:
    replace_file(folder, name, (default_model_folder() / name).read_bytes() + b"\n", sign=False)

    with pytest.raises(ModelError, match=f"{name} was altered"):
        open_model_folder(folder)


@pytest.mark.parametrize("name", [ONNX_FILE, TOKENIZER_FILE])
def test_open_model_folder_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(ModelError, match=f"{name} cannot be read"):
        open_model_folder(folder)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda m: m.update(format=2), "format"),
        (lambda m: m.update(surprise=1), "surprise"),
        (lambda m: m["files"].pop(TOKENIZER_FILE), "lists no tokenizer.json"),
        (lambda m: m["category"].update(temperature=0), "category.temperature"),
        (lambda m: m["tagger"]["tags"].reverse(), "B-x"),
        (lambda m: m.update(max_tokens=100_000), "max_tokens"),
    ],
)
def test_open_model_folder_manifest_that_is_wrong_is_refused_with_the_place(
    folder: Path, how: Change, said: str
) -> None:
    change(folder, how)

    with pytest.raises(ModelError, match=said):
        open_model_folder(folder)


def test_open_model_folder_manifest_that_is_no_json_is_refused(folder: Path) -> None:
    (folder / MANIFEST_FILE).write_bytes(b"\xff{")

    with pytest.raises(ModelError, match="is not a manifest"):
        open_model_folder(folder)


def test_engine_graph_that_does_not_fit_the_labels_is_refused(folder: Path) -> None:
    def add_a_label(manifest: dict[str, Any]) -> None:
        for head in (manifest["category"], manifest["fast"]["category"]):
            head["labels"].append("one_more")
            head["biases"].append(0.0)

    change(folder, add_a_label)

    with pytest.raises(ModelError, match="do not fit the manifest"):
        InferenceEngine(folder)


def test_engine_file_that_is_no_graph_is_refused(folder: Path) -> None:
    replace_file(folder, ONNX_FILE, b"not a graph", sign=True)

    with pytest.raises(ModelError, match="cannot be loaded"):
        InferenceEngine(folder)


def test_engine_file_that_is_no_tokenizer_is_refused(folder: Path) -> None:
    replace_file(folder, TOKENIZER_FILE, b"{}", sign=True)

    with pytest.raises(ModelError, match="is not a tokenizer"):
        InferenceEngine(folder)
