"""What a hotline demands of its flow beyond the language: rules over a flow, by theme, each a function.

A new rule is a function in the file of its theme and its line in `RULES`.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.dialogue.check.filling import unfilled
from gateway.dialogue.check.finding import Finding, Found, Rule
from gateway.dialogue.check.human import far_human, no_human
from gateway.dialogue.check.inspection import Inspection, Measure
from gateway.dialogue.check.keys import key_clash, spoken_key, untold_key
from gateway.dialogue.check.notice import recorded_before_notice
from gateway.dialogue.check.phrases import confusable_phrase, duplicate_phrase
from gateway.dialogue.check.roads import dead_end, endless_loop, unreachable
from gateway.dialogue.check.silence import silent_loop
from gateway.dialogue.check.speed import estimated_seconds
from gateway.dialogue.check.tidy import no_error_path, unused
from gateway.dialogue.check.unread import Unread
from gateway.dialogue.check.wording import long_prompt, same_words, too_many_options, unheard_group, unsayable_text
from gateway.dialogue.model import Flow

__all__ = ["RULES", "Finding", "Found", "Unread", "lint"]

RULES: tuple[Rule, ...] = (
    Rule("unreachable", "warning", unreachable),
    Rule("dead_end", "error", dead_end),
    Rule("endless_loop", "error", endless_loop),
    Rule("silent_loop", "error", silent_loop),
    Rule("no_human", "error", no_human),
    Rule("far_human", "error", far_human),
    Rule("no_error_path", "warning", no_error_path),
    Rule("recorded_before_notice", "error", recorded_before_notice),
    Rule("unfilled", "error", unfilled),
    Rule("unsayable_text", "error", unsayable_text),
    Rule("key_clash", "error", key_clash),
    Rule("spoken_key", "error", spoken_key),
    Rule("untold_key", "warning", untold_key),
    Rule("duplicate_phrase", "warning", duplicate_phrase),
    Rule("confusable_phrase", "warning", confusable_phrase),
    Rule("too_many_options", "warning", too_many_options),
    Rule("unheard_group", "error", unheard_group),
    Rule("long_prompt", "warning", long_prompt),
    Rule("same_words", "warning", same_words),
    Rule("unused", "warning", unused),
)


def lint(flow: Flow, unread: Unread | None = None, measure: Measure = estimated_seconds) -> Iterator[Finding]:
    """Everything that the rules find.

    Args:
        unread: what the file has besides, with mistakes that keep it out of the flow.
        measure: how long a prompt lasts at a pace, in seconds.
    """
    inspection = Inspection(flow, unread, measure)
    for rule in RULES:
        for found in rule.find(inspection):
            yield Finding(rule.name, rule.severity, found.place, found.what, found.at_key)
