"""Words on the rise: what callers with a complaint say this week that they said less the week before.

Words are not known beforehand, so every two to four characters that stand together count, each once a call. Those of
this week are weighed against the last by the log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and
Quinn 2008, "Fightin' Words"), the prior being what was said in both weeks: it keeps rare ones from looking large. As
thousands are tried at once, one is told only if the likelihood ratio, too, is beyond chance for so many.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from sqlalchemy import ColumnElement, func, or_, select

from gateway.store.grams import Corpus, Gram, Ids
from gateway.store.search import ScopeLike, in_scope
from gateway.store.store import Store
from gateway.store.tables import CallRow, WordsRow

COMPLAINTS = ("billing_dispute", "service_attitude", "complaint_progress")
FAULT = "_fault"
"""How the names of the routes of faults end."""
MOST_CALLS = 20_000
"""Of both weeks together; of more, every second or third call is looked at."""
MOST_LETTERS = 200
"""Of one call: what is the matter is said at the beginning."""
LEAST_CALLS = 5
"""Said in fewer calls, it is nothing yet."""
TOLD = 12
LONGEST = 8
"""Characters that a word is made longer to, where callers nearly always go on with the same."""
CHANCE = 0.01
"""Of telling anything at all when the two weeks are the same."""
GOES_ON = 0.8
"""Share of a word's calls that say the longer one as well."""
SAME_CALLS = 0.6
"""Two words that share characters, and so much of their calls, are one."""
LATEST = 5
_SIZES = (2, 3, 4)
_STOP_WORDS = """
这个 那个 就是 然后 什么 怎么 怎么回事 你们 我们 他们 的话 一下 没有 现在 可以 不是 还是 但是 因为 所以 如果 已经
知道 为什么 这样 那样 这么 那么 一个 我的 你的 你好 您好 请问 谢谢 麻烦 好的 不好意思 帮我 我想 我要 想问 不要 不能
是不是 有没有 能不能 可不可以 的时候 时候 今天 昨天 明天 上个月 这个月 刚才 问一下 查一下 说的 是的 对的
"""
_STOP_WORD = re.compile("|".join(sorted(_STOP_WORDS.split(), key=len, reverse=True)))
_FILLERS = frozenset("的了吗呢啊吧嗯呃哦喔唉哎呀嘛么呗诶是就也都很我你他她它您这那个在和跟把给")
"""A word neither begins nor ends with one of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the caller said in one call, as the full text keeps it: letters alone, a space between two sentences."""

    call_id: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rising:
    """A word on the rise."""

    word: str
    calls: int
    """Of this week, with it."""
    before: int
    """Of the week before."""
    z: float
    """The log-odds ratio in standard deviations."""
    latest: tuple[str, ...]
    """Ids of this week's latest calls with it, at most five, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RisingWords:
    """What was found."""

    words: tuple[Rising, ...]
    """The surest first."""
    calls: int
    """Complaints of this week that were looked at."""
    before: int
    """Of the week before."""
    one_in: int
    """Every so many-th complaint was looked at; 1: all."""


def rising_words(
    store: Store, scope: ScopeLike, now: dt.datetime, days: int = 7, hotline: str | None = None
) -> RisingWords:
    """What complaints of the last `days` say more than those of as many days before, of the calls in the scope.

    Args:
        now: aware.

    Raises:
        StoreError: the database can't be read.
    """
    length = dt.timedelta(days=days)
    wanted = [CallRow.started_at >= now - 2 * length, CallRow.started_at <= now]
    wanted += [CallRow.words_id.is_not(None), in_scope(scope), _complains()]
    if hotline:
        wanted.append(CallRow.flow == hotline)
    with store.session() as session:
        count = session.scalar(select(func.count()).select_from(CallRow).where(*wanted)) or 0
        one_in = max(1, math.ceil(count / MOST_CALLS))
        if one_in > 1:
            wanted.append(CallRow.words_id % one_in == 0)
        said = select(CallRow.id, CallRow.started_at, func.substr(WordsRow.words, 1, MOST_LETTERS))
        found = said.join(WordsRow, WordsRow.id == CallRow.words_id).where(*wanted).order_by(CallRow.started_at)
        rows = session.execute(found).all()
    this = [Said(call_id=call_id, words=words) for call_id, at, words in rows if at >= now - length]
    before = [Said(call_id=call_id, words=words) for call_id, at, words in rows if at < now - length]
    return RisingWords(words=compare(this, before), calls=len(this), before=len(before), one_in=one_in)


def _complains() -> ColumnElement[bool]:
    fault = CallRow.route.endswith(FAULT, autoescape=True)
    return or_(CallRow.route.in_(COMPLAINTS), fault, CallRow.polarity == "negative")


def compare(this: Sequence[Said], before: Sequence[Said]) -> tuple[Rising, ...]:
    """What is on the rise in `this` (in the order of time) against `before`. Pure; texts of any kind, of each the first
    `MOST_LETTERS` characters.

    Nothing is told of weeks of which one has fewer than `LEAST_CALLS` calls.
    """
    if min(len(this), len(before)) < LEAST_CALLS:
        return ()
    corpus = Corpus([one.words[:MOST_LETTERS] for one in before], [one.words[:MOST_LETTERS] for one in this])
    found = [corpus.risen(size, LEAST_CALLS) for size in _SIZES]
    tried = sum(count for _, count in found)
    least = NormalDist().inv_cdf(1 - CHANCE / max(1, tried))
    sure = [gram for grams, _ in found for gram in grams if gram.root >= least and not _is_filler(gram.word)]
    sure.sort(key=lambda gram: (-gram.z, -len(gram.word), gram.word))
    told = (_told(gram, this) for gram in _distinct(sure))
    return tuple({one.word: one for one in told if not _is_filler(one.word)}.values())


def _is_filler(word: str) -> bool:
    """Whether nothing of it is left without words that anybody says."""
    if word[0] in _FILLERS or word[-1] in _FILLERS:
        return True
    return len(_STOP_WORD.sub("", word)) < min(_SIZES)


def _distinct(sure: Iterable[Gram]) -> list[Gram]:
    """Without those that are but a part, or another cut, of one that is surer or longer."""
    kept: list[Gram] = []
    for gram in sure:
        rivals = [other for other in kept if set(gram.word) & set(other.word) and _alike(gram.texts, other.texts)]
        if not rivals:
            kept.append(gram)
        elif rivals[0].word in gram.word and len(gram.texts) >= GOES_ON * len(rivals[0].texts):
            kept[kept.index(rivals[0])] = gram  # nearly always said in the longer form
    return kept[:TOLD]


def _alike(one: Ids, other: Ids) -> bool:
    """Whether most calls with the rarer of the two have the other too."""
    both = len(np.intersect1d(one, other, assume_unique=True))
    return both >= SAME_CALLS * min(len(one), len(other))


def _told(gram: Gram, this: Sequence[Said]) -> Rising:
    calls = [this[at] for at in gram.texts.tolist()]
    word = _longer(gram.word, [call.words[:MOST_LETTERS] for call in calls])
    latest = tuple(call.call_id for call in reversed(calls[-LATEST:]))
    return Rising(word=word, calls=len(calls), before=gram.before, z=round(gram.z, 2), latest=latest)


def _longer(word: str, texts: Sequence[str]) -> str:
    """With what nearly always stands behind and before it."""
    while len(word) < LONGEST:
        after = _usual(f"(?<={re.escape(word)})[^ ]", texts)
        ahead = "" if after else _usual(f"[^ ](?={re.escape(word)})", texts)
        if not after and not ahead:
            break
        word = f"{ahead}{word}{after}"
    return word.strip("".join(_FILLERS)) or word


def _usual(pattern: str, texts: Sequence[str]) -> str:
    neighbours = Counter(found[0] for text in texts if (found := re.search(pattern, text)))
    letter, count = max(neighbours.items(), key=lambda one: one[1], default=("", 0))
    return letter if count >= GOES_ON * len(texts) else ""
