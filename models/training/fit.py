"""In: a network, tickets to train on and a way to vary them. Out: the network, trained, with its last weights averaged.

Progress goes to a structlog event every few seconds; a run is repeatable by its seed on the same machine and versions.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

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
    after_pass: Callable[[int, nn.Module], None] | None = None,
) -> TicketNetwork:
    """Train on ``rows_of_pass(k)`` in pass k, and return the network with the moving average of its last weights."""
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    rng = random.Random(settings.seed)
    optimizer = _optimizer(network, settings)
    first = list(bucketed_batches(rows_of_pass(0), settings.tokens_per_batch, rng))
    total_steps = len(first) * settings.passes
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.98))
    step, started, spoken = 0, time.monotonic(), 0.0
    running: dict[str, float] = {}
    for number in range(settings.passes):
        batches = first if number == 0 else bucketed_batches(rows_of_pass(number), settings.tokens_per_batch, rng)
        network.train()
        for batch in batches:
            set_rate(optimizer, min(step / total_steps, 1.0), settings.warmup_share)
            inputs, targets = collate(batch)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.bfloat16):
                logits = network(**inputs)
            losses = _losses(logits, inputs, targets, settings)
            sum(losses.values(), torch.zeros(())).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            step += 1
            if step > settings.average_from_share * total_steps and step % 10 == 0:
                averaged.update_parameters(network)
            for name, loss in losses.items():
                running[name] = 0.98 * running.get(name, loss.item()) + 0.02 * loss.item()
            elapsed = time.monotonic() - started
            if elapsed - spoken > _PROGRESS_SECONDS:
                spoken = elapsed
                _log.info(
                    "training_progress",
                    pass_number=number + 1,
                    step=step,
                    total_steps=total_steps,
                    elapsed_s=round(elapsed),
                    left_s=round(elapsed / step * max(0, total_steps - step)),
                    **{f"loss_{name}": round(value, 3) for name, value in running.items()},
                )
        if after_pass is not None:
            after_pass(number, averaged.module if averaged.n_averaged else network)
    result: TicketNetwork = averaged.module if averaged.n_averaged else network
    result.eval()
    return result


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
