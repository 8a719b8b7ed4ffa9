"""In: a model folder. Out: its `Manifest`, after every file was checked against its sha256.

Raises `ModelError` where the folder is incomplete, altered or of an unknown format: a worker refuses to start on it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from service.errors import ModelError
from service.result import ModelRef

MANIFEST_FILE = "manifest.json"
ONNX_FILE = "model.onnx"
FAST_FILE = "fast.onnx"
EMBEDDINGS_FILE = "embeddings.bin"
"""Word embeddings that both tiers read, where they have the same ones (external data of both graphs)."""
TOKENIZER_FILE = "tokenizer.json"

Probability = Annotated[float, Field(ge=0, le=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Head(_Frozen):
    """A classification head: labels in logit order, its cuts, and the scaling fitted on held-out rows.

    Logits are divided by the temperature, and a label's bias is added, before the softmax.
    """

    labels: tuple[str, ...] = Field(min_length=2)
    temperature: float = Field(gt=0)
    biases: tuple[float, ...] = ()
    review_below: Probability = 0.0
    secondary_above: Probability = 1.0

    @model_validator(mode="after")
    def _one_bias_a_label(self) -> Self:
        if self.biases and len(self.biases) != len(self.labels):
            raise ValueError("there must be one bias a label, or none")
        return self


class Tagger(_Frozen):
    """The token head: tags in logit order (`O`, then `B-` and `I-` of each field type) and its temperature."""

    tags: tuple[str, ...]
    temperature: float = Field(gt=0)
    keep_above: Probability = 0.0

    @model_validator(mode="after")
    def _tags_are_bio(self) -> Self:
        types = [tag[2:] for tag in self.tags[1::2]]
        if self.tags != ("O", *(f"{prefix}-{name}" for name in types for prefix in "BI")):
            raise ValueError("tags must be O, B-x, I-x, B-y, I-y, …")
        return self

    @property
    def field_types(self) -> tuple[str, ...]:
        """Field types in tag order."""
        return tuple(tag[2:] for tag in self.tags[1::2])


class Evidence(_Frozen):
    """What a cut rests on: of ``n`` held-out answers above it ``k`` were wrong (or, with kind ``disagreement``, other
    than the full tier's), so with 95 % confidence at most a share ``bound`` is, which is not above ``target``.

    With kind ``span_disagreement`` an answer counts by the share of its spans that only one tier has.
    """

    kind: Literal["labels", "disagreement", "span_disagreement"]
    target: Probability
    n: int = Field(ge=0)
    k: int = Field(ge=0)
    bound: Probability


class FastHead(Head):
    """A head of the fast tier; above 1, ``accept_above`` always asks the full tier."""

    accept_above: float = Field(default=1.01, ge=0)
    evidence: Evidence | None = None


class FastTagger(Tagger):
    """The fast tier's token head; a text's confidence is the smallest of its tokens'."""

    accept_above: float = Field(default=1.01, ge=0)
    evidence: Evidence | None = None


class FastTier(_Frozen):
    """The small graph that is asked first. Its labels and tags are those of the full tier, in the same order."""

    category: FastHead
    sentiment: FastHead
    urgency: FastHead
    tagger: FastTagger


class FileEntry(_Frozen):
    """A file of the folder and the digest it must have."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: int


class Manifest(_Frozen):
    """What a model folder promises. `provenance` holds recipe, seed, data and licences; the service never reads it."""

    format: Literal[1]
    name: str
    version: str
    created_at: str
    category: Head
    sentiment: Head
    urgency: Head
    tagger: Tagger
    fast: FastTier | None = None
    max_tokens: int = Field(ge=64, le=512)
    max_windows: int = Field(ge=1)
    opset: int
    files: dict[str, FileEntry]
    provenance: dict[str, Any]

    @model_validator(mode="after")
    def _tiers_speak_alike(self) -> Self:
        if self.fast is None:
            return self
        for name in ("category", "sentiment", "urgency"):
            if getattr(self.fast, name).labels != getattr(self, name).labels:
                raise ValueError(f"the fast tier's {name} labels are not those of the full tier")
        if self.fast.tagger.tags != self.tagger.tags:
            raise ValueError("the fast tier's tags are not those of the full tier")
        return self


def open_model_folder(folder: Path) -> tuple[Manifest, ModelRef]:
    """Read and verify a model folder.

    The reference's digest is that of the manifest, which holds the digest of every other file.
    """
    path = folder / MANIFEST_FILE
    try:
        raw = path.read_bytes()
        manifest = Manifest.model_validate_json(raw)
    except OSError as error:
        raise ModelError(f"no model at {folder}: {error.strerror or error}") from error
    except ValidationError as error:
        where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ModelError(f"{path} is not a manifest of this service: {where}") from error
    for name, entry in manifest.files.items():
        _verify(folder / name, entry)
    for needed in (ONNX_FILE, TOKENIZER_FILE, *([FAST_FILE] if manifest.fast else [])):
        if needed not in manifest.files:
            raise ModelError(f"{path} lists no {needed}")
    return manifest, ModelRef(manifest.name, manifest.version, hashlib.sha256(raw).hexdigest())


def _verify(file: Path, entry: FileEntry) -> None:
    try:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"model file {file} cannot be read: {error.strerror or error}") from error
    if digest != entry.sha256:
        raise ModelError(f"model file {file} was altered: sha256 is {digest}, the manifest says {entry.sha256}")
