"""Which words the recogniser should expect now, likeliest first: each takes of them as many as it gains by.

A recogniser that expects a phrase also hears it where it wasn't said, so nothing is hinted that can't be meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gateway.dialogue.choices import AGENT, REPEAT, Choice
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.nodes.survey import Survey

MAX_HINTS = 400
"""The main menu of the bundled hotline has 361."""
_YES_NO = ("对", "是的", "不对", "不是")
_OF_A_SCORE = 2


def hints_at(
    question: Question, choices: Mapping[str, Choice], *, offered: Sequence[str], mode: str, confirming: bool
) -> tuple[str, ...]:
    """The likeliest first.

    Args:
        choices: what can be chosen at the question.
        offered: the options that its prompt names.
        mode: the mode in force.
        confirming: a yes or a no is waited for.
    """
    if confirming:
        return in_turn([_briefly(choices[name]) for name in (AGENT, REPEAT) if name in choices], _YES_NO)
    possible = {name: one for name, one in choices.items() if one.mode != mode}
    first = (*(_YES_NO if any(one.means for one in possible.values()) else ()), *question.hints)
    if isinstance(question, Menu):
        named = [possible[name] for name in offered if name in possible]
        return in_turn([*named, *(one for one in possible.values() if one not in named)], first)
    kept = _OF_A_SCORE if isinstance(question, Survey) else None
    own = [_briefly(one, kept) for one in possible.values() if one.value is not None]
    # A dictated number shouldn't be drowned in commands.
    return in_turn([*own, *(_briefly(one) for one in possible.values() if one.value is None)], first)


def _briefly(choice: Choice, kept: int | None = 1) -> Choice:
    return replace(choice, phrases=choice.phrases[:kept])


def in_turn(choices: Iterable[Choice], first: Sequence[str]) -> tuple[str, ...]:
    """At most `MAX_HINTS`: `first`, then every choice's likeliest phrase, then their second ones ..."""
    ordered = list(choices)
    rounds = max((len(choice.phrases) for choice in ordered), default=0)
    phrases = [choice.phrases[turn] for turn in range(rounds) for choice in ordered if turn < len(choice.phrases)]
    return tuple(dict.fromkeys([*first, *phrases]))[:MAX_HINTS]
