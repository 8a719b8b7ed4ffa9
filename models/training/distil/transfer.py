"""In: a teacher, what it learned from, varied anew, and complaints. Out: files of rows with its answers, pass by pass.

The teacher is asked once for each row; every student trains on the same files. A run that was cut off goes on where it
stopped: a file is written whole or not at all. Raises `ValueError` where the folder holds another teacher's answers or
those of other settings.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
import structlog
from numpy.typing import NDArray

from models.training.dataset import TrainingRow, padded_arrays
from models.training.distil.taught import flatten, grouped, save
from models.training.distil.teacher import POOLED_OUTPUT, Teacher, open_pooled_session
from models.training.fit import FitSettings
from models.training.recipe import RecipeSettings, Sources, rows_of_pass
from service.inference.tier import OUTPUTS

_log = structlog.get_logger(__name__)
_TOKENS_PER_CALL = 512
_LABEL_OUTPUTS = OUTPUTS[:3]
_SETTINGS_FILE = "settings.json"
_COMPLETE_FILE = "complete.json"


@dataclass(frozen=True, slots=True)
class TransferSettings:
    """How much of each source a pass has (see `RecipeSettings`), and how many rows a file.

    Complaints are what no other source is: long, of a trade that nothing else comes from, and without labels.

    ``seed`` varies the texts otherwise than the teacher's training did: on texts that it has seen word for word, a
    teacher is surer than on new ones.
    """

    passes: int
    seed: int = 1_009
    public_share: float = 0.5
    written_variants: int = 2
    post_copies: int = 2
    generated_per_pass: int = 2_400
    complaints_per_pass: int = 600
    rows_per_file: int = 2_048

    @property
    def recipe(self) -> RecipeSettings:
        """The same as settings of the recipe."""
        return RecipeSettings(
            FitSettings(passes=self.passes, seed=self.seed),
            public_share=self.public_share,
            written_variants=self.written_variants,
            post_copies=self.post_copies,
            generated_per_pass=self.generated_per_pass,
            complaints_per_pass=self.complaints_per_pass,
        )


def build_transfer_set(
    teacher: Teacher,
    sources: Sources,
    folder: Path,
    settings: TransferSettings,
    threads: int,
) -> list[list[Path]]:
    """The files of each pass; those that are there already are not made again."""
    _claim(folder, teacher, settings)
    rows_of = rows_of_pass(sources, teacher.tokenizer, teacher.labels, settings.recipe)
    session: ort.InferenceSession | None = None
    passes: list[list[Path]] = []
    for number in range(settings.passes):
        target = folder / f"pass_{number:02d}"
        if not (target / _COMPLETE_FILE).exists():
            session = session or open_pooled_session(teacher.graph, threads)
            _ask_pass(session, sorted(rows_of(number), key=lambda row: len(row.ids)), target, settings.rows_per_file)
        passes.append(sorted(target.glob("*.npz")))
    return passes


def _claim(folder: Path, teacher: Teacher, settings: TransferSettings) -> None:
    """The folder belongs to one teacher and one way to vary; more passes may be added to it."""
    folder.mkdir(parents=True, exist_ok=True)
    own = asdict(settings) | {"teacher": hashlib.sha256(teacher.graph.read_bytes()).hexdigest()}
    del own["passes"]
    file = folder / _SETTINGS_FILE
    if not file.exists():
        file.write_text(json.dumps(own, indent=2), encoding="utf-8")
    elif json.loads(file.read_text(encoding="utf-8")) != own:
        raise ValueError(f"{folder} holds answers of another teacher or other settings: name another folder")


def _ask_pass(session: ort.InferenceSession, rows: Sequence[TrainingRow], target: Path, rows_per_file: int) -> None:
    target.mkdir(exist_ok=True)
    starts = range(0, len(rows), rows_per_file)
    began, asked_tokens = time.monotonic(), 0
    for number, start in enumerate(starts):
        file = target / f"{number:03d}.npz"
        if file.exists():
            continue
        part = rows[start : start + rows_per_file]
        save(flatten(part, ask(session, part)), file)
        asked_tokens += sum(len(row.ids) for row in part)
        _log.info(
            "teacher_asked",
            folder=target.name,
            file=number + 1,
            files=len(starts),
            tokens_per_s=round(asked_tokens / (time.monotonic() - began)),
        )
    (target / _COMPLETE_FILE).write_text(json.dumps({"files": len(starts), "rows": len(rows)}), encoding="utf-8")


def ask(session: ort.InferenceSession, rows: Sequence[TrainingRow]) -> dict[str, NDArray[np.float16]]:
    """The teacher's answers on rows sorted by length, as `flatten` takes them."""
    lengths = [len(row.ids) for row in rows]
    collected: dict[str, list[NDArray[np.float16]]] = {name: [] for name in (*OUTPUTS, POOLED_OUTPUT)}
    for chosen in grouped(range(len(rows)), lengths, _TOKENS_PER_CALL):
        inputs, _ = padded_arrays([rows[index] for index in chosen])
        *labels, tags, pooled = session.run([*OUTPUTS, POOLED_OUTPUT], inputs)
        for name, output in zip((*_LABEL_OUTPUTS, POOLED_OUTPUT), (*labels, pooled), strict=True):
            collected[name].append(output.astype(np.float16))
        for line, index in enumerate(chosen):
            collected[OUTPUTS[3]].append(tags[line, 1 : 1 + lengths[index]].astype(np.float16))
    return {name: np.concatenate(parts) for name, parts in collected.items()}
