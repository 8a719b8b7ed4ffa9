"""In: a folder that holds the public data sets. Out: their rows as `LabelledTicket`s, mapped to this project's labels.

Raises OSError where a data set is missing and ValueError where a file is not what its reader expects. What is mapped to
what, and why, stands in ``docs/training-data.md``. Only sets whose licence lets anyone use the result are read here.
"""

from __future__ import annotations

import random
from pathlib import Path

from models.training.public.bitext import read_bitext
from models.training.public.clinc150 import read_clinc150
from models.training.public.goemotions import read_goemotions
from models.training.public.multidogo import read_multidogo
from models.training.public.restaurant8k import read_restaurant8k
from models.training.public.wnut17 import read_wnut17
from service.evaluation.data import LabelledTicket

__all__ = ["read_public"]

_READERS = (read_bitext, read_clinc150, read_goemotions, read_multidogo, read_restaurant8k, read_wnut17)


def read_public(data_dir: Path, seed: int) -> list[LabelledTicket]:
    """Every public training row, in a fixed order: the same folder and seed give the same list.

    Each reader draws from its own generator, so that a change to one leaves the rows of the others as they were.
    """
    return [ticket for read in _READERS for ticket in read(data_dir, random.Random(f"{seed}/{read.__name__}"))]
