"""A flow made ready for calls: overlays applied, choices resolved, matchers built once for all calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from gateway.dialogue.actions import Outcome
from gateway.dialogue.choices import Choice, choices_at
from gateway.dialogue.model import Flow, Slot, Variable
from gateway.dialogue.nodes.base import Node
from gateway.dialogue.nodes.question import Answers, Question
from gateway.dialogue.routes import all_slots, all_variables, entry_of, overrides, resolved, stops
from gateway.dialogue.state import STANDARD


class Matched(Protocol):
    """What a matcher makes of an utterance; `option` is None exactly when the outcome is NO_MATCH."""

    @property
    def option(self) -> str | None: ...

    @property
    def score(self) -> float: ...

    @property
    def outcome(self) -> Outcome: ...

    @property
    def phrase(self) -> str | None:
        """The flow's phrase that was closest."""


class Matcher(Protocol):
    """Finds which of one question's phrases an utterance means."""

    def match(self, text: str, alternatives: Sequence[str] = (), confidence: float = 1.0) -> Matched: ...


BuildMatcher = Callable[[Mapping[str, Sequence[str]], float, float], Matcher]
"""Makes a matcher from phrases by option, the accept score and the confirm score."""


def phrase_matcher(phrases: Mapping[str, Sequence[str]], accept_score: float, confirm_score: float) -> Matcher:
    """The matcher of calls: alignment in pinyin joined with a light classifier."""
    from gateway.dialogue.grammar.matcher import PhraseMatcher

    return PhraseMatcher(phrases, accept_score=accept_score, confirm_score=confirm_score)


class CompiledFlow:
    """Shared by all calls and never changed by them; matchers are built at first use, or all at once by `warm`."""

    def __init__(self, flow: Flow, build_matcher: BuildMatcher = phrase_matcher) -> None:
        self.flow = flow
        self._build = build_matcher
        self._building = threading.Lock()
        self._built: dict[object, Matcher] = {}
        self._matchers: dict[str, Matcher] = {}
        self._nodes = {mode: _overlaid(flow, mode) for mode in (STANDARD, *flow.modes)}
        nodes = self._nodes[STANDARD]
        self._choices = {name: choices_at(flow, node) for name, node in nodes.items() if isinstance(node, Question)}
        self.slots: Mapping[str, Slot] = all_slots(flow)
        self.variables: Mapping[str, Variable] = all_variables(flow)
        labels = (choice.label for choices in self._choices.values() for choice in choices.values())
        self.recorded_texts = frozenset(flow.recorded_texts).union(labels)
        """Every text that a `{... | text}` may say."""

    def node(self, name: str, mode: str) -> Node:
        """The node as it is in a mode."""
        return self._nodes[mode][name]

    def resolve(self, source: str, target: str) -> str:
        """The full name of what the node `source` calls `target`."""
        return resolved(self.flow, source, target)

    def entry(self, subflow: str) -> str:
        """The full name of a sub-flow's first node."""
        return entry_of(self.flow, subflow)

    def settings(self, question: Question) -> Answers:
        """What holds for the question: its own settings, else the flow's."""
        return self.flow.answers.merged(question)

    @property
    def engines(self) -> Mapping[str, str]:
        """The recognisers that questions name, by question."""
        nodes = self._nodes[STANDARD].items()
        named = {name: self.settings(node).engine for name, node in nodes if isinstance(node, Question)}
        return {name: engine for name, engine in named.items() if engine is not None}

    def choices(self, question: str) -> Mapping[str, Choice]:
        """What can be chosen at a question, by name."""
        return self._choices[question]

    def matcher(self, question: str) -> Matcher:
        """The question's matcher; questions with the same phrases and scores share one."""
        if question not in self._matchers:
            self._matchers[question] = self._matcher(question)
        return self._matchers[question]

    def _matcher(self, question: str) -> Matcher:
        node = self._nodes[STANDARD][question]
        settings = self.flow.answers.merged(node) if isinstance(node, Question) else self.flow.answers
        phrases = {choice.name: choice.phrases for choice in self._choices[question].values()}
        key = (tuple(phrases.items()), settings.accept_score, settings.confirm_score)
        with self._building:
            if key not in self._built:
                self._built[key] = self._build(phrases, settings.accept_score, settings.confirm_score)
            return self._built[key]

    def warm(self) -> None:
        """Build every matcher now, so that no caller waits for one."""
        for question in self._choices:
            self.matcher(question)


def _overlaid(flow: Flow, mode: str) -> dict[str, Node]:
    nodes = {stop.name: stop.node for stop in stops(flow)}
    for name, _, override in overrides(flow, mode):
        if name in nodes:
            given = {part: getattr(override, part) for part in override.model_fields_set}
            nodes[name] = nodes[name].model_copy(update=given)
    return nodes
