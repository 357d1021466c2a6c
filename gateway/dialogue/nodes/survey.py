"""`survey`: ask how content the caller is, 1 to 5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from gateway.dialogue.actions import KeyEntry
from gateway.dialogue.fields import Prompt
from gateway.dialogue.nodes.question import Asked, Confirm
from gateway.dialogue.template import Template

SCORES: Mapping[int, tuple[str, ...]] = {
    5: ("非常满意", "五分", "很满意", "特别满意", "十分满意", "五星", "打五分", "非常好", "给满分"),
    4: ("满意", "四分", "比较满意", "挺满意的", "打四分", "挺好的", "不错", "蛮好的"),
    3: ("一般", "三分", "一般般", "打三分", "还可以", "还行吧", "凑合", "马马虎虎"),
    2: ("不满意", "两分", "不太满意", "不怎么满意", "打两分", "不好", "不怎么样", "不是很满意", "不是太满意"),
    1: ("非常不满意", "一分", "很不满意", "特别不满意", "一点都不满意", "打一分", "太差了", "非常差", "差评"),
}
"""How callers say each score, the likeliest two first."""


class Survey(Asked):
    """Goes to `then`, with an answer or without: nobody is kept on the line for our figures. Known as survey.score."""

    kind: ClassVar[str] = "survey"
    survey: Prompt
    max_retries: Annotated[int, Field(ge=1, le=10)] = 2
    confirm: Confirm = "never"

    @property
    def prompt(self) -> Template:
        return self.survey

    @property
    def failure(self) -> str | None:
        return self.on_error or self.then

    def key_entry(self, inter_digit_timeout_ms: int) -> KeyEntry:
        return KeyEntry(inter_digit_timeout_ms=inter_digit_timeout_ms)
