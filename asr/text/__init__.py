"""Chinese text as it is spoken on the phone: one script, numbers read and said, answers, and a form for scoring.

Reading (`parse_*`) is total: any string gives a value or None, never an exception. Saying (`say_*`) uses the closed set
of characters in `VOCABULARY`. What is said is read back as the same value.
"""

from __future__ import annotations

from asr.text.amounts import parse_amount
from asr.text.answers import parse_yes_no
from asr.text.corrections import correct_digits
from asr.text.dates import parse_date, parse_month
from asr.text.digits import parse_digits
from asr.text.id_cards import is_id_card, parse_id_card
from asr.text.normalize import normalize_for_scoring
from asr.text.numbers import parse_number
from asr.text.rhythm import reading_groups
from asr.text.saying import (
    VOCABULARY,
    say_amount,
    say_data_volume,
    say_date,
    say_day,
    say_decimal,
    say_digits,
    say_integer,
    say_month,
)
from asr.text.script import strip_punctuation, to_simplified

__all__ = [
    "VOCABULARY",
    "correct_digits",
    "is_id_card",
    "normalize_for_scoring",
    "parse_amount",
    "parse_date",
    "parse_digits",
    "parse_id_card",
    "parse_month",
    "parse_number",
    "parse_yes_no",
    "reading_groups",
    "say_amount",
    "say_data_volume",
    "say_date",
    "say_day",
    "say_decimal",
    "say_digits",
    "say_integer",
    "say_month",
    "strip_punctuation",
    "to_simplified",
]
