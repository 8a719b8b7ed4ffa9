"""In: the sources that trained, and the folder of public sets. Out: tickets that nothing trained on, for cuts.

Dev tickets, rows of the public sets beyond those drawn for training, consumer complaints, and generated tickets of an
unused seed. All but the dev tickets count as unlabelled. The test tickets are not read. Raises OSError where a set is
missing.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.training.complaints import complaints_for_cuts
from models.training.generate import make_tickets
from models.training.public import read_public
from models.training.public.sampling import text_key
from service.evaluation.data import LabelledTicket

if TYPE_CHECKING:
    from models.training.recipe import Sources

HELD_OUT_SEED = 2_027
_CLINC = "clinc150_data_full.json"
_OUT_OF_SCOPE_TEST = "oos_test"


@dataclass(frozen=True, slots=True)
class HeldOutSizes:
    """How many tickets of each kind, besides all dev tickets."""

    public: int = 1_000
    complaints: int = 1_000
    generated: int = 1_200


def held_out_tickets(sources: Sources, data_dir: Path, seed: int, sizes: HeldOutSizes) -> list[LabelledTicket]:
    """Tickets in random order, the same for the same seed, which must not be one that trained."""
    rng = random.Random(f"{seed}/held-out")
    fresh = fresh_public(sources.public, data_dir, seed)
    tickets = [*sources.dev, *rng.sample(fresh, min(sizes.public, len(fresh)))]
    tickets += rng.sample(complaints_for_cuts(data_dir), sizes.complaints)
    tickets += make_tickets(sizes.generated, rng)
    rng.shuffle(tickets)
    return tickets


def fresh_public(trained_on: Sequence[LabelledTicket], data_dir: Path, seed: int) -> list[LabelledTicket]:
    """The readers cap every group and draw by seed: another seed draws rows that training has not seen, and others."""
    seen = {text_key(ticket.text) for ticket in trained_on}
    return [ticket for ticket in read_public(data_dir, seed) if text_key(ticket.text) not in seen]


def read_out_of_scope(data_dir: Path) -> list[LabelledTicket]:
    """CLINC150's out-of-scope test part (CC BY 3.0), which no recipe trains on."""
    parts = json.loads((data_dir / _CLINC).read_text(encoding="utf-8"))
    return [
        LabelledTicket(subject=None, body=text, source="clinc150", category="other")
        for text, _ in parts[_OUT_OF_SCOPE_TEST]
    ]
