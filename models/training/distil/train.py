"""In: a student and files of rows with a teacher's answers. Out: the student, trained, with its last weights averaged.

The loss is `models.training.losses.taught_losses`. In the first part of training the states that the heads pool also
follow the teacher's, through one linear map. A run goes on after the last whole pass.
Raises `ValueError` where the checkpoint is that of other settings.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import structlog
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models.training.distil.taught import TaughtRows, batches, load, taught_batch
from models.training.fit import set_rate
from models.training.losses import TaughtLoss, taught_losses
from models.training.network import HEADS, TicketNetwork

_log = structlog.get_logger(__name__)
_PROGRESS_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class DistilSettings:
    """The knobs of a student's training; learning rates are peaks of a linear warm-up and a cosine decay.

    The teacher's answers cost more than a cheap student's step, so it sees all of them ``repeats`` times.
    """

    seed: int = 7
    repeats: int = 1
    tokens_per_batch: int = 2_048
    embedding_learning_rate: float = 2e-4
    encoder_learning_rate: float = 1e-3
    head_learning_rate: float = 2e-3
    weight_decay: float = 0.01
    warmup_share: float = 0.06
    loss: TaughtLoss = field(default_factory=TaughtLoss)
    pooled_loss_weight: float = 0.5
    pooled_until_share: float = 1 / 3
    average_from_share: float = 0.6
    bfloat16: bool = False


SETTINGS_OF_FAMILY = {
    "cnn": DistilSettings(repeats=3),
    "shallow": DistilSettings(repeats=2, encoder_learning_rate=6e-4),
    "early": DistilSettings(repeats=2, embedding_learning_rate=1e-4, encoder_learning_rate=2e-4, bfloat16=True),
}


class Training:
    """One student in training: weights, their average, optimizer and step, kept in a checkpoint after each pass."""

    def __init__(self, network: TicketNetwork, teacher_hidden_size: int, settings: DistilSettings) -> None:
        self._settings = settings
        self._network = network
        self._map = nn.Linear(network.config.hidden_size, teacher_hidden_size)
        self._averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.98))
        self._optimizer = _optimizer(network, self._map, settings)
        self._pooled: dict[str, Tensor] = {}
        for name in HEADS:
            # The network returns logits only; what its heads read is seen where they read it.
            network.hidden[name].register_forward_pre_hook(_keep(self._pooled, name))
        self._step = 0
        self._passes_done = 0

    def run(self, passes: Sequence[Sequence[Path]], checkpoint: Path) -> TicketNetwork:
        """Train on the files of each pass that the checkpoint does not have yet; returns the averaged student."""
        self._resume(checkpoint, len(passes))
        for number in range(self._passes_done, len(passes)):
            rows = load(passes[number])
            torch.manual_seed(self._settings.seed * 1_000 + number)
            shuffled = batches(rows, self._settings.tokens_per_batch, random.Random(self._settings.seed + number))
            # Passes differ in length by a few rows; how far training is counts in passes.
            self._train_pass(rows, shuffled, number / len(passes), 1 / (len(shuffled) * len(passes)))
            self._passes_done = number + 1
            self._save(checkpoint, len(passes))
        result: TicketNetwork = self._averaged.module if self._averaged.n_averaged else self._network
        result.eval()
        return result

    def _train_pass(
        self, rows: TaughtRows, shuffled: Sequence[Sequence[int]], done_share: float, step_share: float
    ) -> None:
        settings = self._settings
        self._network.train()
        started, spoken, seen_tokens = time.monotonic(), 0.0, 0
        running: dict[str, float] = {}
        for number, chosen in enumerate(shuffled):
            share = done_share + number * step_share
            set_rate(self._optimizer, share, settings.warmup_share)
            batch = taught_batch(rows, chosen)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.bfloat16):
                logits = self._network(**batch.inputs)
            losses = taught_losses(logits, batch.targets, batch.teacher, batch.real, settings.loss)
            if share < settings.pooled_until_share:
                losses["pooled"] = settings.pooled_loss_weight * self._pooled_loss(batch.pooled)
            sum(losses.values(), torch.zeros(())).backward()
            nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
            self._step += 1
            if share > settings.average_from_share and self._step % 10 == 0:
                self._averaged.update_parameters(self._network)
            seen_tokens += int(rows.lengths[chosen].sum())
            for name, loss in losses.items():
                running[name] = 0.98 * running.get(name, loss.item()) + 0.02 * loss.item()
            elapsed_s = time.monotonic() - started
            if elapsed_s - spoken > _PROGRESS_SECONDS or number + 1 == len(shuffled):
                spoken = elapsed_s
                _log.info(
                    "distil_progress",
                    pass_number=self._passes_done + 1,
                    step=number + 1,
                    steps=len(shuffled),
                    tokens_per_s=round(seen_tokens / elapsed_s),
                    left_s=round(elapsed_s / (number + 1) * (1 - share) / step_share),
                    **{f"loss_{name}": round(value, 3) for name, value in running.items()},
                )

    def _pooled_loss(self, teacher_pooled: Tensor) -> Tensor:
        """Mean squared error of the mapped states, in units of the teacher's variance over the batch."""
        mapped = self._map(torch.stack([self._pooled[name].float() for name in HEADS], dim=1))
        return nn.functional.mse_loss(mapped, teacher_pooled) / teacher_pooled.var().clamp(min=1e-6)

    def _resume(self, checkpoint: Path, passes: int) -> None:
        if not checkpoint.exists():
            return
        state = torch.load(checkpoint, weights_only=True)
        if state["settings"] != asdict(self._settings) or state["passes"] != passes:
            raise ValueError(f"{checkpoint} was made with other settings: remove it to train anew")
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self._step, self._passes_done = state["step"], state["passes_done"]
        _log.info("distil_resumed", passes_done=self._passes_done, passes=passes)

    def _save(self, checkpoint: Path, passes: int) -> None:
        state: dict[str, Any] = {name: part.state_dict() for name, part in self._parts().items()}
        state |= {"settings": asdict(self._settings), "passes": passes}
        state |= {"step": self._step, "passes_done": self._passes_done}
        partial = checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(checkpoint)

    def _parts(self) -> dict[str, Any]:
        return {
            "network": self._network,
            "map": self._map,
            "averaged": self._averaged,
            "optimizer": self._optimizer,
        }


def _keep(pooled: dict[str, Tensor], name: str) -> Any:
    def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        pooled[name] = inputs[0]

    return hook


def _optimizer(network: TicketNetwork, mapping: nn.Module, settings: DistilSettings) -> torch.optim.Optimizer:
    """Embeddings do not decay: a word that training never shows keeps what the teacher knew of it."""
    embeddings = {id(module.weight) for module in network.modules() if isinstance(module, nn.Embedding)}
    encoder = {id(parameter) for parameter in network.bert.parameters()} - embeddings
    groups: dict[str, list[Tensor]] = {"embedding": [], "encoder": [], "head": []}
    for parameter in [*network.parameters(), *mapping.parameters()]:
        if not parameter.requires_grad:
            continue
        kind = "embedding" if id(parameter) in embeddings else "encoder" if id(parameter) in encoder else "head"
        groups[kind].append(parameter)
    rates = {
        "embedding": settings.embedding_learning_rate,
        "encoder": settings.encoder_learning_rate,
        "head": settings.head_learning_rate,
    }
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": rates[kind],
                "peak": rates[kind],
                "weight_decay": 0.0 if kind == "embedding" else settings.weight_decay,
            }
            for kind, parameters in groups.items()
        ],
        fused=True,
    )
