"""In: a network's logits and the right answers, or a teacher's. Out: one loss a head.

Targets are those of `models.training.dataset.padded_arrays`, logits those of `TicketNetwork`, by output name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.training.dataset import UNKNOWN
from models.training.network import HEADS

TAG_LOSS_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class TaughtLoss:
    """How much a teacher's answer counts where the right one is known, and how much answers are softened."""

    temperature: float = 3.0
    teacher_share: float = 0.7
    tag_temperature: float = 2.0
    tag_loss_weight: float = TAG_LOSS_WEIGHT


def known_losses(
    logits: Mapping[str, Tensor], targets: Mapping[str, Tensor], weights: Mapping[str, float]
) -> dict[str, Tensor]:
    """Mean cross-entropy of each head over the rows (tokens) whose target is known, times its weight."""
    known = targets["category"].sum(dim=1)
    log_probabilities = torch.log_softmax(logits["category_logits"].float(), dim=-1)
    losses = {"category": -(targets["category"] * log_probabilities).sum() / known.sum().clamp(min=1)}
    for name, weight in weights.items():
        flat, target = logits[f"{name}_logits"].float().flatten(0, -2), targets[name].flatten()
        total = nn.functional.cross_entropy(flat, target, ignore_index=UNKNOWN, reduction="sum")
        losses[name] = weight * total / (target != UNKNOWN).sum().clamp(min=1)
    return losses


def taught_losses(
    logits: Mapping[str, Tensor],
    targets: Mapping[str, Tensor],
    teacher: Mapping[str, Tensor],
    real: Tensor,
    settings: TaughtLoss,
) -> dict[str, Tensor]:
    """Each head's loss against a teacher's logits, as in Hinton et al. 2015 (arXiv 1503.02531).

    Divergence from the teacher's softened answer, and cross-entropy where the right one is known; the tagger the same
    for each token that is ``real`` (bool, shape [rows, tokens]).
    """
    share, losses = settings.teacher_share, {}
    for name in HEADS:
        student = torch.log_softmax(logits[f"{name}_logits"].float(), dim=-1)
        target = targets[name]
        if name == "category":
            known, truth = target.sum(dim=1) > 0, -(target * student).sum(dim=1)
        else:
            known, truth = target != UNKNOWN, _cross_entropy(student, target)
        taught = _divergence(logits[f"{name}_logits"], teacher[f"{name}_logits"], settings.temperature)
        losses[name] = torch.where(known, share * taught + (1 - share) * truth, taught).mean()
    student_tags = logits["tag_logits"][real]
    target = targets["tag"][real]
    taught = _divergence(student_tags, teacher["tag_logits"][real], settings.tag_temperature)
    truth = _cross_entropy(torch.log_softmax(student_tags.float(), dim=-1), target)
    mixed = torch.where(target != UNKNOWN, share * taught + (1 - share) * truth, taught)
    losses["tag"] = settings.tag_loss_weight * mixed.mean()
    return losses


def _divergence(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Kullback-Leibler divergence of each line at this temperature, times its square to keep the gradients' size."""
    softened = torch.log_softmax(student.float() / temperature, dim=-1)
    target = torch.log_softmax(teacher.float() / temperature, dim=-1)
    divergence = nn.functional.kl_div(softened, target, reduction="none", log_target=True).sum(dim=-1)
    return divergence * temperature**2


def _cross_entropy(log_probabilities: Tensor, target: Tensor) -> Tensor:
    return nn.functional.nll_loss(log_probabilities, target, ignore_index=UNKNOWN, reduction="none")
