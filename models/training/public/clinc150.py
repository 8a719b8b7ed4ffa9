"""In: ``clinc150_data_full.json`` (CC BY 3.0). Out: rows of `other` and of intents that map by meaning.

Raises OSError, or KeyError where a part is missing. The test parts are never read.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from models.training.public.sampling import cap_groups
from service.evaluation.data import LabelledTicket

_PARTS: Final = ("train", "val", "oos_train", "oos_val")
_OUT_OF_SCOPE: Final = "oos"
CATEGORY_OF_INTENT: Final = {
    "report_fraud": "billing",
    "card_declined": "billing",
    "bill_balance": "billing",
    "bill_due": "billing",
    "pay_bill": "billing",
    "min_payment": "billing",
    "account_blocked": "account_access",
    "pin_change": "account_access",
    "lost_luggage": "shipping",
    "order_status": "shipping",
    "replacement_card_duration": "shipping",
    "cancel_reservation": "cancellation",
    "redeem_rewards": "product_question",
    "new_card": "product_question",
    "insurance_change": "product_question",
    "order_checks": "product_question",
    "book_flight": "product_question",
    "book_hotel": "product_question",
    "carry_on": "product_question",
}
# What a voice assistant does and no support desk: small talk, look-ups, the user's own lists, calendar, kitchen, car.
_OTHER_INTENTS_TEXT: Final = """
alarm are_you_a_bot calculator calendar calendar_update calories change_accent change_ai_name change_speed
change_volume cook_time current_location date definition directions distance do_you_have_pets find_phone flip_coin
food_last fun_fact gas goodbye greeting how_busy how_old_are_you ingredient_substitution ingredients_list make_call
maybe meal_suggestion meaning_of_life measurement_conversion meeting_schedule mpg next_holiday next_song no
nutrition_info oil_change_how play_music plug_type pto_balance pto_request recipe reminder reminder_update repeat
restaurant_reviews restaurant_suggestion roll_dice schedule_meeting shopping_list shopping_list_update smart_home
spelling taxes tell_joke text thank_you time timer timezone tire_change tire_pressure todo_list todo_list_update
traffic translate travel_suggestion uber update_playlist vaccines weather what_are_your_hobbies what_song
what_is_your_name where_are_you_from whisper_mode who_do_you_work_for who_made_you yes
"""
OTHER_INTENTS: Final = frozenset(_OTHER_INTENTS_TEXT.split())
# `other` needs breadth, not depth: twelve of each assistant intent and all 200 rows of no intent.
ROWS_PER_OTHER_INTENT: Final = 12
ROWS_PER_MAPPED_INTENT: Final = 70
_ROWS_OF_INTENT: Final = {**dict.fromkeys(CATEGORY_OF_INTENT, ROWS_PER_MAPPED_INTENT), _OUT_OF_SCOPE: 200}
# Some rows without an intent are questions to a help desk all the same.
_SUPPORT_AFTER_ALL: Final = re.compile(
    r"customer service|\bmy (?:account|order|card|bill|flight|phone|insurance|plan|bank)\b|\brefund", re.IGNORECASE
)


def read_clinc150(data_dir: Path, rng: random.Random) -> list[LabelledTicket]:
    """Capped rows of `other` (urgency low: nobody need act) and of `CATEGORY_OF_INTENT`."""
    parts = json.loads((data_dir / "clinc150_data_full.json").read_text(encoding="utf-8"))
    rows = ((intent, text, _labelled(text, intent)) for text, intent in _rows(parts))
    return cap_groups(rows, _ROWS_OF_INTENT, ROWS_PER_OTHER_INTENT, rng)


def _rows(parts: dict[str, list[list[str]]]) -> Iterator[tuple[str, str]]:
    for part in _PARTS:
        for text, intent in parts[part]:
            out_of_scope = intent == _OUT_OF_SCOPE and not _SUPPORT_AFTER_ALL.search(text)
            if out_of_scope or intent in OTHER_INTENTS or intent in CATEGORY_OF_INTENT:
                yield text, intent


def _labelled(text: str, intent: str) -> LabelledTicket:
    category = CATEGORY_OF_INTENT.get(intent, "other")
    mapped = category != "other"
    return LabelledTicket(
        subject=None,
        body=text,
        source="clinc150",
        category=category,
        urgency=None if mapped else "low",
        # Spans stay unknown: many rows name banks, airlines and shops that the set does not mark.
    )
