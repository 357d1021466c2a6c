"""What was heard over a prompt, by its words: a back-channel, the prompt's own echo, or something the caller wants."""

from __future__ import annotations

import re
from collections.abc import Collection

from gateway.dialogue.grammar.pinyin import Spoken, codes, costs, distance, spoken

_LISTENING = ("嗯", "恩", "唔", "哦", "噢", "喔", "啊", "呃", "额", "哎", "诶", "欸", "唉", "哈")
"""Sounds that say no more than that somebody listens."""
_AGREEING = ("好的", "好", "对的", "对", "是的", "是", "行", "嗯哼", "明白", "知道了", "可以")
"""Words that say the same, and yes to a question that asks for it."""
_ONE = re.compile("|".join(sorted({*_LISTENING, *_AGREEING}, key=len, reverse=True)) + "|[了呀吧嘞啦哈]")
_AGREES = re.compile("|".join(sorted(_AGREEING, key=len, reverse=True)))
_NOT_WORDS = re.compile(r"[\s\W_]+")
_MOST_CHARS = 8
"""好的好的好的好的 still listens; more of it is no back-channel."""

ASKED_MS = 2500.0
"""Who says yes to a yes-or-no question with at most so much of it still to come has understood it."""

LEAST_SYLLABLES = 5
"""Fewer are no piece of a prompt that a caller wouldn't say themselves."""
ECHO_DISTANCE = 0.22
"""Costs per syllable: an echo recognised through a line lies below, another sentence above 0.35."""


def is_backchannel(text: str, *, yes_no: bool = False, prompt_left_ms: float = float("inf")) -> bool:
    """Whether these words, said over a prompt, say no more than "I'm listening"; strict: nothing else may be in them.

    The same words after the prompt are an answer: ask only of an utterance over one.

    Args:
        text: what was recognised, with or without punctuation.
        yes_no: the question of this prompt asks for yes or no. Then a yes near the end of the prompt is its answer.
        prompt_left_ms: how much of the prompt was still to be said when the caller began.
    """
    words = _NOT_WORDS.sub("", text)
    if not words or len(words) > _MOST_CHARS or _ONE.sub("", words):
        return False
    if _ONE.match(words) is None or words[0] in "了呀吧嘞啦":
        return False
    agrees = _AGREES.search(words) is not None or words[0] in "嗯恩"
    return not (yes_no and agrees and prompt_left_ms <= ASKED_MS)


def resembles(text: str, prompt_text: str, phrases: Collection[str] = ()) -> bool:
    """Whether an utterance over or just after a prompt is a piece of the prompt's own words, compared by sound.

    Args:
        text: what was recognised.
        prompt_text: what was said, or was being said.
        phrases: what callers may answer. A prompt names its options: whoever says one of them, and no more, means it.
    """
    heard, said = spoken(text), spoken(prompt_text)
    if min(len(heard), len(said)) < LEAST_SYLLABLES:
        return False
    if _within(heard, said) > ECHO_DISTANCE:
        return False
    return all(distance(text, phrase) > ECHO_DISTANCE for phrase in phrases)


def _within(heard: Spoken, said: Spoken) -> float:
    """Costs per syllable of `heard` against the piece of `said` that is most like it (Sellers 1980)."""
    replace = costs(codes(heard.readings), codes(said.readings)).tolist()
    row = [0.0] * (len(said) + 1)
    for place, cost in enumerate(replace):
        below = [place + 1.0]
        for column in range(len(said)):
            below.append(min(row[column] + cost[column], row[column + 1] + 1.0, below[column] + 1.0))
        row = below
    return min(row) / len(heard)
