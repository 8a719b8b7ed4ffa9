"""In: a network, tickets to train on and a way to vary them. Out: the network, trained, with its last weights averaged.

Progress goes to a structlog event every few seconds; a run is repeatable by its seed on the same machine and versions,
and goes on after its last whole pass if it was cut off.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import structlog
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models.training.dataset import TrainingRow, bucketed_batches, padded_arrays
from models.training.losses import TAG_LOSS_WEIGHT, TaughtLoss, known_losses, taught_losses
from models.training.network import EARLY, TicketNetwork
from service.inference.tier import STATES

_log = structlog.get_logger(__name__)
_PROGRESS_SECONDS = 15.0
_RNG_VERSION = 3


@dataclass(frozen=True, slots=True)
class FitSettings:
    """The knobs of training; learning rates are peaks of a linear warm-up and a cosine decay."""

    passes: int
    seed: int
    tokens_per_batch: int = 2_048
    encoder_learning_rate: float = 1e-4
    head_learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup_share: float = 0.06
    tag_loss_weight: float = TAG_LOSS_WEIGHT
    sentiment_loss_weight: float = 1.0
    urgency_loss_weight: float = 0.5
    early_loss: TaughtLoss = field(default_factory=TaughtLoss)
    early_loss_weight: float = 1.0
    average_from_share: float = 0.6
    threads: int = 2
    bfloat16: bool = True


def fit(
    network: TicketNetwork,
    rows_of_pass: Callable[[int], Sequence[TrainingRow]],
    settings: FitSettings,
    checkpoint: Path | None = None,
) -> TicketNetwork:
    """Train on ``rows_of_pass(k)`` in pass k, and return the network with the moving average of its last weights.

    A run that was cut off goes on after the last whole pass in ``checkpoint``. Raises `ValueError` where that is one of
    other settings.
    """
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    training = _Training(network, settings)
    if checkpoint is not None and checkpoint.exists():
        training.resume(checkpoint)
    for number in range(training.passes_done, settings.passes):
        training.run_pass(rows_of_pass(number))
        if checkpoint is not None:
            training.save(checkpoint)
    averaged = training.averaged
    result: TicketNetwork = averaged.module if averaged.n_averaged else network
    result.eval()
    return result


class _Training:
    def __init__(self, network: TicketNetwork, settings: FitSettings) -> None:
        self._network, self._settings = network, settings
        self._rng = random.Random(settings.seed)
        self._optimizer = _optimizer(network, settings)
        self.averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.98))
        self.passes_done = 0
        self._step = self._total_steps = 0
        self._running: dict[str, float] = {}

    def run_pass(self, rows: Sequence[TrainingRow]) -> None:
        settings = self._settings
        batches = list(bucketed_batches(rows, settings.tokens_per_batch, self._rng))
        # Passes differ in length by a few batches; the first one says how many there will be.
        self._total_steps = self._total_steps or len(batches) * settings.passes
        self._network.train()
        started, spoken, first_step = time.monotonic(), 0.0, self._step
        for batch in batches:
            self._train_on(batch)
            elapsed = time.monotonic() - started
            if elapsed - spoken > _PROGRESS_SECONDS:
                spoken = elapsed
                left = max(0, self._total_steps - self._step)
                _log.info(
                    "training_progress",
                    pass_number=self.passes_done + 1,
                    step=self._step,
                    total_steps=self._total_steps,
                    elapsed_s=round(elapsed),
                    left_s=round(elapsed / (self._step - first_step) * left),
                    **{f"loss_{name}": round(value, 3) for name, value in self._running.items()},
                )
        self.passes_done += 1

    def _train_on(self, batch: Sequence[TrainingRow]) -> None:
        settings = self._settings
        set_rate(self._optimizer, min(self._step / self._total_steps, 1.0), settings.warmup_share)
        inputs, targets = collate(batch)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.bfloat16):
            logits = self._network(**inputs)
        losses = _losses(logits, inputs, targets, settings)
        sum(losses.values(), torch.zeros(())).backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self._step += 1
        if self._step > settings.average_from_share * self._total_steps and self._step % 10 == 0:
            self.averaged.update_parameters(self._network)
        for name, loss in losses.items():
            self._running[name] = 0.98 * self._running.get(name, loss.item()) + 0.02 * loss.item()

    def resume(self, checkpoint: Path) -> None:
        state = torch.load(checkpoint, weights_only=True)
        if state["settings"] != asdict(self._settings):
            raise ValueError(f"{checkpoint} was made with other settings: remove it to train anew")
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self._rng.setstate((_RNG_VERSION, tuple(state["shuffling"]), None))
        torch.set_rng_state(state["dropout"])
        self.passes_done, self._step, self._total_steps = state["passes_done"], state["step"], state["total_steps"]
        _log.info("training_resumed", passes_done=self.passes_done, passes=self._settings.passes)

    def save(self, checkpoint: Path) -> None:
        state: dict[str, Any] = {name: part.state_dict() for name, part in self._parts().items()}
        state |= {"settings": asdict(self._settings), "passes_done": self.passes_done}
        state |= {"step": self._step, "total_steps": self._total_steps}
        state |= {"shuffling": list(self._rng.getstate()[1]), "dropout": torch.get_rng_state()}
        partial = checkpoint.with_name(f"{checkpoint.name}.partial")
        torch.save(state, partial)
        partial.replace(checkpoint)

    def _parts(self) -> dict[str, Any]:
        return {"network": self._network, "averaged": self.averaged, "optimizer": self._optimizer}


def _optimizer(network: TicketNetwork, settings: FitSettings) -> torch.optim.Optimizer:
    encoder = list(network.bert.parameters())
    known = {id(parameter) for parameter in encoder}
    heads = [parameter for parameter in network.parameters() if id(parameter) not in known]
    groups = [
        {"params": encoder, "lr": settings.encoder_learning_rate, "peak": settings.encoder_learning_rate},
        {"params": heads, "lr": settings.head_learning_rate, "peak": settings.head_learning_rate},
    ]
    return torch.optim.AdamW(groups, weight_decay=settings.weight_decay, fused=True)


def set_rate(optimizer: torch.optim.Optimizer, done_share: float, warmup_share: float) -> None:
    """Set every group's rate to its peak times a linear warm-up and a cosine decay to 3 %."""
    if done_share < warmup_share:
        factor = done_share / warmup_share
    else:
        factor = 0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * (done_share - warmup_share) / (1 - warmup_share)))
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor


def collate(rows: Sequence[TrainingRow]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Padded inputs by input name, and targets by head, of these rows, as tensors."""
    inputs, targets = padded_arrays(rows)
    return (
        {name: torch.from_numpy(array) for name, array in inputs.items()},
        {name: torch.from_numpy(array) for name, array in targets.items()},
    )


def _losses(
    logits: dict[str, Tensor], inputs: dict[str, Tensor], targets: dict[str, Tensor], settings: FitSettings
) -> dict[str, Tensor]:
    """The losses of each head, and of each early one, which also learn what the network says in the end."""
    weights = {
        "sentiment": settings.sentiment_loss_weight,
        "urgency": settings.urgency_loss_weight,
        "tag": settings.tag_loss_weight,
    }
    losses = known_losses(logits, targets, weights)
    if STATES in logits:
        early = {name.removeprefix(EARLY): values for name, values in logits.items() if name.startswith(EARLY)}
        final = {name: logits[name].detach() for name in early}
        real = inputs["attention_mask"] > 0
        taught = taught_losses(early, targets, final, real, settings.early_loss)
        losses |= {f"{EARLY}{name}": settings.early_loss_weight * loss for name, loss in taught.items()}
    return losses
