"""In: an exported graph and held-out tickets. Out: the logits that it gives them, where the right answer is known.

Tickets are laid out in rows and run as the service does it. What is made of the logits stands in
`service.evaluation.scaling`, since a help desk calibrates the same way.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.training.dataset import CLS_ID, SEP_ID, UNKNOWN, label_targets, open_tokenizer, tag_targets
from models.training.export import ModelFiles
from models.training.labels import LabelSet
from models.training.network import HEADS
from service.evaluation.data import LabelledTicket
from service.evaluation.scaling import HeldOut
from service.inference.encode import WindowLimits, encode_texts
from service.inference.tier import EngineSettings, Tier
from service.normalize import normalize


def held_out_logits(
    files: ModelFiles, tickets: Sequence[LabelledTicket], labels: LabelSet, limits: WindowLimits
) -> dict[str, HeldOut]:
    """Logits of each head, and of the tagger by token (``tag``), on tickets that the graph was not trained on."""
    texts = [normalize(ticket.subject, ticket.body) for ticket in tickets]
    batch = encode_texts(open_tokenizer(files.tokenizer), texts, limits)
    widths = [len(getattr(labels, name)) for name in (*HEADS, "tags")]
    logits = Tier(files.onnx, widths, (CLS_ID, SEP_ID), EngineSettings()).run(batch, batch.rows)
    category, sentiment, urgency = zip(*(label_targets(ticket, labels) for ticket in tickets), strict=True)
    shares = np.stack(category)
    known = {
        "category": (logits.labels["category"], np.where(shares.sum(axis=1) > 0, shares.argmax(axis=1), UNKNOWN)),
        "sentiment": (logits.labels["sentiment"], np.array(sentiment)),
        "urgency": (logits.labels["urgency"], np.array(urgency)),
        "tag": (
            np.concatenate(logits.tags),
            np.concatenate([tag_targets(*one, labels) for one in zip(tickets, texts, batch.texts, strict=True)]),
        ),
    }
    return {
        name: HeldOut(output[target != UNKNOWN].astype(np.float64), target[target != UNKNOWN])
        for name, (output, target) in known.items()
    }
