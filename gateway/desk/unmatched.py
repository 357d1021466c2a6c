"""What callers said and nothing was made of: grouped by sound, and which `phrases` it would be worth adding.

A phrase is proposed only on evidence: most callers of a group chose the same option in their next accepted answer at
that node, or the matcher finds one option likeliest, if not likely enough to ask about. That they then asked for a
human, or to hear it again, says nothing of what they meant, but that it may be missing here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from asr.text import strip_punctuation
from gateway.desk.sounds import Groups
from gateway.desk.trace import Step
from gateway.dialogue.actions import Outcome
from gateway.dialogue.choices import AGENT, BUILT_IN
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.grammar.matcher import Match
from gateway.privacy import mask

MAX_TEXTS = 3000
"""Different texts that are held; what first comes after them is only counted."""
MAX_PHRASES = 3
"""Of a group's texts, how many are proposed."""
LONGEST_PHRASE = 16
"""In characters: a whole story is no phrase of a menu."""
GIVING_UP = frozenset({AGENT, *BUILT_IN})
"""What is chosen next by those who don't get through with what they want."""
LEAST_VOTES = 2
MAJORITY = 2 / 3
LIKELY = 0.2
"""The matcher's score from which on its likeliest option is worth naming; from the confirm score on it would ask."""


@dataclass(slots=True)
class _Said:
    count: int = 0
    votes: Counter[str] = field(default_factory=Counter)
    """What was chosen next, by those who then chose."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Phrases to add to an option."""

    option: str
    phrases: tuple[str, ...]
    votes: int = 0
    """Callers who chose the option next; 0: only the matcher speaks for it."""
    of_votes: int = 0
    score: float | None = None
    """The matcher's."""


@dataclass(frozen=True, slots=True)
class Understood:
    """No phrase is needed: the flow, as it is now, takes it for this option."""

    option: str


@dataclass(frozen=True, slots=True)
class NoEvidence:
    """Nothing says which option was meant."""

    votes: tuple[tuple[str, int], ...] = ()
    """What was chosen next, the commonest first: too few, or not agreed."""
    is_phrase: bool = True
    """False: whatever was meant, this is too long for a phrase, or has somebody's number in it."""


Verdict = Proposal | Understood | NoEvidence
Rank = Callable[[str, str], Match | None]
"""What the flow's matcher makes of a text at a node; None where there is no matcher."""


@dataclass(frozen=True, slots=True)
class Group:
    """What sounds alike at one node."""

    node: str
    count: int
    texts: tuple[tuple[str, int], ...]
    """Personal numbers masked; the commonest first."""
    votes: tuple[tuple[str, int], ...]
    """What was chosen next, the commonest first."""


class Unmatched:
    """Takes calls' answers; holds texts and counts."""

    def __init__(self, max_texts: int = MAX_TEXTS) -> None:
        self.left_out = 0
        """Answers that came when there was no room for new texts."""
        self._max_texts = max_texts
        self._said: dict[tuple[str, str], _Said] = {}

    def add(self, answers: Sequence[Step]) -> None:
        """Take one call's answers, in order."""
        for index, step in enumerate(answers):
            if step.turn.outcome != "no_match" or not step.turn.text:
                continue
            said = self._room_for(step.turn.node, mask(step.turn.text))
            if said is None:
                self.left_out += 1
                continue
            said.count += 1
            if choice := _next_choice(answers[index + 1 :], step.turn.node):
                said.votes[choice] += 1

    def _room_for(self, node: str, text: str) -> _Said | None:
        if (node, text) not in self._said and len(self._said) >= self._max_texts:
            return None
        return self._said.setdefault((node, text), _Said())

    def groups(self) -> list[Group]:
        """The commonest first; at one node, by sound."""
        ordered = sorted(self._said.items(), key=lambda item: (-item[1].count, item[0]))
        at_node: dict[str, Groups] = {}
        members: dict[tuple[str, int], list[tuple[str, _Said]]] = {}
        for (node, text), said in ordered:
            number = at_node.setdefault(node, Groups()).place(text)
            members.setdefault((node, number), []).append((text, said))
        groups = [_group(node, texts) for (node, _), texts in members.items()]
        return sorted(groups, key=lambda group: -group.count)


def _next_choice(answers: Iterable[Step], node: str) -> str | None:
    return next((step.choice for step in answers if step.turn.node == node and step.choice), None)


def _group(node: str, members: Sequence[tuple[str, _Said]]) -> Group:
    votes: Counter[str] = sum((said.votes for _, said in members), Counter())
    ranked = sorted(votes.items(), key=lambda vote: (-vote[1], vote[0]))
    texts = tuple((text, said.count) for text, said in members)
    return Group(node, sum(count for _, count in texts), texts, tuple(ranked))


# ------------------------------------------------------------------------------------------------------------ evidence


def ranks(flow: CompiledFlow) -> Rank:
    """Asks the flow's own matchers, which are built at first use."""

    def rank(node: str, text: str) -> Match | None:
        match = flow.matcher(node).match(text)
        return match if isinstance(match, Match) else None

    return rank


def judged(group: Group, phrases: dict[str, Sequence[str]], rank: Rank) -> Verdict:
    """What the evidence says of a group.

    Args:
        phrases: what can be chosen at its node, by choice: empty where nothing can, as at a node that is gone.
        rank: asked only when the callers' own choices don't settle it.
    """
    texts = [text for text, _ in group.texts]
    have = {phrase: option for option, some in phrases.items() for phrase in some}
    known = next((have[text] for text in map(strip_punctuation, texts) if text in have), None)
    if known is not None:
        return Understood(known)
    new = tuple(phrase for text in texts if (phrase := _as_phrase(text)))[:MAX_PHRASES]
    if not new:
        return NoEvidence(group.votes, is_phrase=False)
    telling = [(choice, count) for choice, count in group.votes if choice not in GIVING_UP]
    of_votes = sum(count for _, count in telling)
    option, votes = next(iter(telling), ("", 0))
    if option in phrases and votes >= LEAST_VOTES and votes >= MAJORITY * of_votes:
        return Proposal(option, new, votes, of_votes)
    match = rank(group.node, texts[0]) if phrases else None
    if match is None or not match.ranking:
        return NoEvidence(group.votes)
    if match.outcome is not Outcome.NO_MATCH and match.option is not None:
        return Understood(match.option)
    likeliest, score = match.ranking[0]
    if score >= LIKELY and option in {"", likeliest}:
        return Proposal(likeliest, new, votes, of_votes, score)
    return NoEvidence(group.votes)


def _as_phrase(text: str) -> str:
    """The text as a flow may have it; empty when it may not: a phrase is short and holds nobody's number."""
    phrase = strip_punctuation(text)
    return phrase if len(phrase) <= LONGEST_PHRASE and "*" not in text else ""
