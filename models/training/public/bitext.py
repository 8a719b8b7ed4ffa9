"""In: ``bitext/*.csv`` (Bitext customer support, CDLA-Sharing 1.0). Out: requests with a category, some with spans.

Raises OSError or KeyError where a file is missing or has other columns. Intents that no category of ours covers, or
that ask for a person or for contact details, are left out.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from models.training.public.requested import find_requested, has_other_fields
from models.training.public.sampling import cap_groups
from service.evaluation.data import LabelledTicket

CATEGORY_OF_INTENT: Final = {
    "create_account": "account_access",
    "edit_account": "account_access",
    "recover_password": "account_access",
    "registration_problems": "account_access",
    "switch_account": "account_access",
    "delete_account": "cancellation",
    "cancel_order": "cancellation",
    "check_cancellation_fee": "cancellation",
    "change_order": "product_question",
    "place_order": "product_question",
    "track_order": "shipping",
    "delivery_options": "shipping",
    "delivery_period": "shipping",
    "change_shipping_address": "shipping",
    "set_up_shipping_address": "shipping",
    "check_invoice": "billing",
    "check_invoices": "billing",
    "get_invoice": "billing",
    "payment_issue": "billing",
    "check_payment_methods": "billing",
    "check_refund_policy": "refund",
    "get_refund": "refund",
    "track_refund": "refund",
    "complaint": "feedback",
    "review": "feedback",
}
# The set paraphrases a few sentences per intent many times over: past a few hundred rows nothing new is learnt.
ROWS_PER_INTENT: Final = 190
# The only feedback that the set knows is "how do I file a complaint", and its fee question has one wording.
ROWS_OF_INTENT: Final = {
    "place_order": 300,
    "change_order": 300,
    "complaint": 120,
    "review": 120,
    "check_cancellation_fee": 90,
    "set_up_shipping_address": 90,
}
_SWEARING_FLAG: Final = "W"


def read_bitext(data_dir: Path, rng: random.Random) -> list[LabelledTicket]:
    """Rows of both files, duplicates removed, at most `ROWS_PER_INTENT` an intent."""
    rows = ((row["intent"], row["utterance"], _labelled(row)) for row in _rows(data_dir / "bitext"))
    return cap_groups(rows, ROWS_OF_INTENT, ROWS_PER_INTENT, rng)


def _rows(folder: Path) -> Iterator[dict[str, str]]:
    for name in ("utterances_8k.csv", "utterances_20k.csv"):
        with (folder / name).open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines):
                if row["intent"] in CATEGORY_OF_INTENT:
                    yield row


def _labelled(row: dict[str, str]) -> LabelledTicket:
    text = row["utterance"].strip()
    return LabelledTicket(
        subject=None,
        body=text,
        source="bitext",
        category=CATEGORY_OF_INTENT[row["intent"]],
        # A swear word is the only feeling that these requests show; the rest is unknown, not neutral.
        sentiment="negative" if _SWEARING_FLAG in row["flags"] else None,
        spans=None if has_other_fields(text) else find_requested(text),
    )
