"""In: token ids, attention mask and word shapes. Out: a state a token from stacked, dilated 1-D convolutions.

The encoder of the cheapest student. A convolution is written as one matrix product over the shifted states side by
side: onnxruntime runs that at the speed of its matrix kernels, for the whole slice at once. Padding is zeroed before
every shift, so a row's states do not depend on how far it is padded.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from service.inference.shapes import SHAPE_COUNT

KERNEL = 3


class ConvolutionStates(NamedTuple):
    """What the heads read, named as BERT names it; float of shape [rows, tokens, hidden size]."""

    last_hidden_state: Tensor


class ConvolutionEncoder(nn.Module):  # type: ignore[misc]
    """Static embeddings, projected and mixed; it is called as a `BertModel` is."""

    def __init__(self, vocabulary: int, embedding_width: int, hidden_size: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, embedding_width)
        self.shapes = nn.Embedding(SHAPE_COUNT, hidden_size)
        self.project = nn.Linear(embedding_width, hidden_size)
        self.norm = nn.LayerNorm(hidden_size)
        self.blocks = nn.ModuleList(_Block(hidden_size, dilation) for dilation in dilations)
        self.last_norm = nn.LayerNorm(hidden_size)
        nn.init.zeros_(self.shapes.weight)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> ConvolutionStates:
        """Inputs are int64 of shape [rows, tokens]."""
        states = self.norm(self.project(self.words(input_ids)) + self.shapes(token_type_ids))
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        for block in self.blocks:
            states = block(states, mask)
        return ConvolutionStates(self.last_norm(states))


class _Block(nn.Module):  # type: ignore[misc]
    """Norm, convolution, GELU, and the sum with what came in."""

    def __init__(self, hidden_size: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.norm = nn.LayerNorm(hidden_size)
        self.mix = nn.Linear(KERNEL * hidden_size, hidden_size)
        self.dropout = nn.Dropout(0.1)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        reach = self.dilation
        padded = nn.functional.pad(self.norm(states) * mask, (0, 0, reach, reach))
        beside = torch.cat([padded[:, : -2 * reach], padded[:, reach:-reach], padded[:, 2 * reach :]], dim=-1)
        return states + self.dropout(nn.functional.gelu(self.mix(beside)))
