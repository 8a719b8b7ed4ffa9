"""In: a teacher's encoder weights and the name of a family. Out: a student, started from them, and what it costs.

Every student is a `TicketNetwork`, with the same pooling and heads, on an encoder of its own: `cnn` is convolutions on
the teacher's word embeddings compressed to 128 numbers, `shallow` a narrow transformer on embeddings compressed by the
same singular value decomposition, `early` the teacher's embeddings and first layers as they are. Raises `ValueError`
for a family that is none of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import BertConfig

from models.training.distil.convolution import KERNEL, ConvolutionEncoder
from models.training.distil.teacher import EncoderWeights
from models.training.labels import LabelSet
from models.training.network import HEADS, TicketNetwork

FAMILIES = ("cnn", "shallow", "early")


@dataclass(frozen=True, slots=True)
class StudentShape:
    """The sizes of a student's encoder.

    Transformers have ``layers``, convolutions one block a dilation; those of 1, 2, 4 and 8 see 15 tokens to each side.
    """

    family: str
    hidden_size: int
    embedding_width: int
    layers: int = 0
    attention_heads: int = 0
    intermediate_size: int = 0
    dilations: tuple[int, ...] = ()


def student_shape(family: str, encoder: EncoderWeights) -> StudentShape:
    """The sizes that a family has beside this teacher; a small teacher (in tests) has small students."""
    full = encoder.hidden_size
    if family == "cnn":
        # 144 wide beside this teacher: at 160 the two files together would pass 40 MB.
        return StudentShape(family, full * 3 // 8, full // 3, dilations=(1, 2, 4, 8))
    if family == "shallow":
        return StudentShape(family, full // 2, full // 2, 3, max(1, encoder.attention_heads // 2), full * 2)
    if family == "early":
        return StudentShape(family, full, full, 2, encoder.attention_heads, encoder.intermediate_size)
    raise ValueError(f"no family is named {family!r}; there are {', '.join(FAMILIES)}")


def make_student(shape: StudentShape, encoder: EncoderWeights, labels: LabelSet) -> TicketNetwork:
    """A student with fresh heads; dropout in its transformer is off, since the teacher's answers are soft already."""
    tensors = encoder.tensors
    vocabulary = len(tensors["embeddings.word_embeddings.weight"])
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.attention_heads or 1,
        intermediate_size=shape.intermediate_size or 1,
        max_position_embeddings=len(tensors["embeddings.position_embeddings.weight"]),
        type_vocab_size=len(tensors["embeddings.token_type_embeddings.weight"]),
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    config.head_widths = {**{name: len(getattr(labels, name)) for name in HEADS}, "tag": len(labels.tags)}
    network = TicketNetwork(config)
    starts: dict[str, Callable[[TicketNetwork, StudentShape, EncoderWeights], None]] = {
        "cnn": _start_convolutions,
        "shallow": _start_narrow,
        "early": _start_early,
    }
    starts[shape.family](network, shape, encoder)
    return network


def principal_directions(table: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """The ``width`` directions (float32, shape [columns, width]) in which the rows vary most, strongest first."""
    centred = (table - table.mean(axis=0)).astype(np.float64)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    strongest: NDArray[np.float32] = vectors[:, ::-1][:, :width].astype(np.float32)
    return strongest


def mflop_per_token(shape: StudentShape, labels: LabelSet, tokens: int) -> float:
    """Million floating-point operations a token of a row of ``tokens``; a multiplication and an addition are two."""
    width = shape.hidden_size
    if shape.dilations:
        encoder = shape.embedding_width * width + len(shape.dilations) * KERNEL * width * width
    else:
        layer = 4 * width * width + 2 * width * shape.intermediate_size + 2 * tokens * width
        encoder = shape.layers * layer
    pooling = 2 * len(HEADS) * width
    classifiers = sum(width * width + width * len(getattr(labels, name)) for name in HEADS) / tokens
    return 2 * (encoder + pooling + classifiers + width * len(labels.tags)) / 1e6


def teacher_shape(encoder: EncoderWeights) -> StudentShape:
    """The teacher's own sizes, to count it beside its students."""
    return StudentShape(
        family="teacher",
        hidden_size=encoder.hidden_size,
        embedding_width=encoder.hidden_size,
        layers=encoder.layers,
        attention_heads=encoder.attention_heads,
        intermediate_size=encoder.intermediate_size,
    )


def _start_convolutions(network: TicketNetwork, shape: StudentShape, encoder: EncoderWeights) -> None:
    words = encoder.tensors["embeddings.word_embeddings.weight"]
    convolutions = ConvolutionEncoder(len(words), shape.embedding_width, shape.hidden_size, shape.dilations)
    # The mean that is taken off is one shift for all words; the projection's bias learns it.
    compressed = (words - words.mean(axis=0)) @ principal_directions(words, shape.embedding_width)
    convolutions.words.weight = torch.nn.Parameter(_tensor(compressed))
    network.bert = convolutions


def _start_narrow(network: TicketNetwork, shape: StudentShape, encoder: EncoderWeights) -> None:
    names = ("word_embeddings", "position_embeddings", "token_type_embeddings")
    words = encoder.tensors["embeddings.word_embeddings.weight"]
    directions = principal_directions(words, shape.hidden_size)
    state = network.bert.state_dict()
    for name in names:
        state[f"embeddings.{name}.weight"] = _tensor(encoder.tensors[f"embeddings.{name}.weight"] @ directions)
    network.bert.load_state_dict(state)


def _start_early(network: TicketNetwork, shape: StudentShape, encoder: EncoderWeights) -> None:
    state = network.bert.state_dict()
    state.update({name: _tensor(encoder.tensors[name]) for name in state if name in encoder.tensors})
    network.bert.load_state_dict(state)
    # Left as they are, the teacher's word embeddings are stored once for both tiers.
    network.bert.embeddings.word_embeddings.weight.requires_grad_(False)


def _tensor(array: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float32))
