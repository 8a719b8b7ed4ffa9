"""In: a random generator and, for `augment`, a labelled ticket. Out: invented tickets, or the ticket looking otherwise.

`make_tickets` composes fully labelled tickets from phrases of our own; `augment` varies a ticket's raw text and keeps
its labels and the exactness of its spans. Both are deterministic for a given generator and raise nothing of their own.
"""

from __future__ import annotations

from models.training.generate.augment import augment
from models.training.generate.compose import make_tickets

__all__ = ["augment", "make_tickets"]
