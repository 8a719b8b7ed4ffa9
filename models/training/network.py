"""In: token ids, attention mask and word shapes. Out: the logits of every head, from one shared encoder.

The encoder is BERT-shaped and starts from a sentence encoder; each classification head pools the tokens with its own
attention, which starts as the plain mean (Lin et al. 2017, arXiv 1703.03130, with one hop).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel, BertPreTrainedModel

from models.training.labels import LabelSet
from service.inference.shapes import SHAPE_COUNT

HEADS = ("category", "sentiment", "urgency")


class TicketNetwork(BertPreTrainedModel):  # type: ignore[misc]
    """The multi-task network; inputs are int64 of shape [rows, tokens]."""

    config_class = BertConfig

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        widths = config.head_widths
        self.bert = BertModel(config, add_pooling_layer=False)
        self.attend = nn.Linear(config.hidden_size, len(HEADS))
        self.dropout = nn.Dropout(0.1)
        self.hidden = nn.ModuleDict({name: nn.Linear(config.hidden_size, config.hidden_size) for name in HEADS})
        self.heads = nn.ModuleDict({name: nn.Linear(config.hidden_size, widths[name]) for name in HEADS})
        self.tagger = nn.Linear(config.hidden_size, widths["tag"])
        self.post_init()
        nn.init.zeros_(self.attend.weight)
        nn.init.zeros_(self.attend.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> dict[str, Tensor]:
        """Logits by output name: [rows, labels] a classification head, [rows, tokens, tags] the tagger."""
        states = self.bert(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        scores = self.attend(states).float().masked_fill(attention_mask.unsqueeze(-1) == 0, -1e9)
        pooled = torch.softmax(scores, dim=1).transpose(1, 2) @ states.float()
        logits = {
            f"{name}_logits": self.heads[name](
                self.dropout(nn.functional.gelu(self.hidden[name](self.dropout(pooled[:, index]))))
            )
            for index, name in enumerate(HEADS)
        }
        logits["tag_logits"] = self.tagger(self.dropout(states))
        return logits


def from_sentence_encoder(folder: Path, labels: LabelSet) -> TicketNetwork:
    """A network with this encoder's weights and fresh heads.

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
    network = TicketNetwork(config)
    encoder = BertModel.from_pretrained(folder, add_pooling_layer=False)
    if encoder.config.type_vocab_size != own_types:
        raise ValueError(f"{folder} is not a BERT encoder")
    state = encoder.state_dict()
    types = "embeddings.token_type_embeddings.weight"
    state[types] = state[types][:1].repeat(SHAPE_COUNT, 1)
    network.bert.load_state_dict(state)
    return network
