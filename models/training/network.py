"""In: token ids, attention mask and word shapes. Out: the logits of every head, from one shared encoder.

The encoder is BERT-shaped and starts from a sentence encoder; each classification head pools the tokens with its own
attention, which starts as the plain mean (Lin et al. 2017, arXiv 1703.03130, with one hop).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel, BertPreTrainedModel

from models.training.labels import LabelSet
from service.inference.shapes import SHAPE_COUNT
from service.inference.tier import STATES

HEADS = ("category", "sentiment", "urgency")
EARLY = "early_"


class TicketHeads(nn.Module):  # type: ignore[misc]
    """What reads an encoder's states: a pooling and a classifier for each label head, and the tagger."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        _add_heads(self, config)

    def forward(self, states: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """Logits by output name."""
        return _logits(self, states, attention_mask)


class TicketNetwork(BertPreTrainedModel):  # type: ignore[misc]
    """The multi-task network; inputs are int64 of shape [rows, tokens].

    With ``config.exit_layers`` above 0 other heads, ``early``, read the states after so many layers.
    """

    config_class = BertConfig

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.bert = BertModel(config, add_pooling_layer=False)
        _add_heads(self, config)
        self.early = TicketHeads(config) if getattr(config, "exit_layers", 0) else None
        self.post_init()
        for heads in (self, self.early):
            if heads is not None:
                nn.init.zeros_(heads.attend.weight)
                nn.init.zeros_(heads.attend.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> dict[str, Tensor]:
        """Logits by output name: [rows, labels] a classification head, [rows, tokens, tags] the tagger.

        With early heads, theirs too, after `EARLY`, and the ``states`` that they read, [rows, tokens, hidden size].
        """
        if self.early is None:
            states = self.bert(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state
            return _logits(self, states, attention_mask)
        # The mask must come from nothing but `attention_mask`: the layers after the exit are a graph of their own.
        added = (1.0 - attention_mask[:, None, None, :].float()) * torch.finfo(torch.float32).min
        states = self.bert.embeddings(input_ids=input_ids, token_type_ids=token_type_ids)
        exit_layers = self.config.exit_layers
        for layer in self.bert.encoder.layer[:exit_layers]:
            states = layer(states, attention_mask=added)[0]
        logits = {f"{EARLY}{name}": values for name, values in self.early(states, attention_mask).items()}
        logits[STATES] = states
        for layer in self.bert.encoder.layer[exit_layers:]:
            states = layer(states, attention_mask=added)[0]
        return logits | _logits(self, states, attention_mask)


def _add_heads(module: nn.Module, config: BertConfig) -> None:
    widths = config.head_widths
    module.attend = nn.Linear(config.hidden_size, len(HEADS))
    module.dropout = nn.Dropout(0.1)
    module.hidden = nn.ModuleDict({name: nn.Linear(config.hidden_size, config.hidden_size) for name in HEADS})
    module.heads = nn.ModuleDict({name: nn.Linear(config.hidden_size, widths[name]) for name in HEADS})
    module.tagger = nn.Linear(config.hidden_size, widths["tag"])


def _logits(heads: Any, states: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
    scores = heads.attend(states).float().masked_fill(attention_mask.unsqueeze(-1) == 0, -1e9)
    pooled = torch.softmax(scores, dim=1).transpose(1, 2) @ states.float()
    logits = {
        f"{name}_logits": heads.heads[name](
            heads.dropout(nn.functional.gelu(heads.hidden[name](heads.dropout(pooled[:, index]))))
        )
        for index, name in enumerate(HEADS)
    }
    logits["tag_logits"] = heads.tagger(heads.dropout(states))
    return logits


def from_sentence_encoder(folder: Path, labels: LabelSet, exit_layers: int = 0) -> TicketNetwork:
    """A network with this encoder's weights and fresh heads, early ones too if ``exit_layers`` is not 0.

    Every word shape starts as the encoder's own token type 0, so that at first shapes change nothing.
    """
    config = BertConfig.from_pretrained(folder)
    own_types = config.type_vocab_size
    config.head_widths = {
        "category": len(labels.category),
        "sentiment": len(labels.sentiment),
        "urgency": len(labels.urgency),
        "tag": len(labels.tags),
    }
    config.type_vocab_size = SHAPE_COUNT
    config.exit_layers = exit_layers
    network = TicketNetwork(config)
    encoder = BertModel.from_pretrained(folder, add_pooling_layer=False)
    if encoder.config.type_vocab_size != own_types:
        raise ValueError(f"{folder} is not a BERT encoder")
    state = encoder.state_dict()
    types = "embeddings.token_type_embeddings.weight"
    state[types] = state[types][:1].repeat(SHAPE_COUNT, 1)
    network.bert.load_state_dict(state)
    return network
