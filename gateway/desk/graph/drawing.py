"""What is drawn, before it is known how: a box for each node, an arrow for each way on, and the path of one mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from gateway.dialogue.routes import RETURN

KINDS: Mapping[str, str] = {
    "play": "播放",
    "menu": "菜单",
    "collect": "收集",
    "branch": "分岔",
    "lookup": "查询",
    "ticket": "开工单",
    "transfer": "转人工",
    "survey": "满意度",
    "message": "留言",
    "call": "子流程",
    "hangup": "挂机",
    RETURN: "返回",
}


class Way(StrEnum):
    """Why a call goes from one node to another."""

    ONWARD = "onward"
    OPTION = "option"
    INCLUDED = "included"
    """Any option of another menu."""
    CONDITION = "condition"
    ENTERED = "entered"
    """A sub-flow begins."""
    FAILURE = "failure"
    MODE_FAILURE = "mode_failure"
    """The first failure in the mode."""


class Walk(IntEnum):
    """How a caller in the mode comes somewhere."""

    NEVER = 0
    ASKED = 1
    """Only by asking for what no prompt of the mode offers."""
    TOLD = 2


@dataclass(frozen=True, slots=True)
class Arrow:
    """One way on, between full names."""

    source: str
    target: str
    way: Way
    label: str = ""
    key: str | None = None
    walk: Walk = Walk.NEVER

    @property
    def text(self) -> str:
        """What stands at it: the key first, as callers hear of it last."""
        return f"{self.key} {self.label}" if self.key else self.label


@dataclass(frozen=True, slots=True)
class Box:
    """One node."""

    name: str
    kind: str
    says: str
    """The prompt in plain words, or what it does."""
    says_in_mode: str | None = None
    """The prompt in the mode, where the mode has its own."""
    subflow: str | None = None
    walk: Walk = Walk.NEVER


@dataclass(frozen=True, slots=True)
class Anywhere:
    """What can be said or pressed at any question."""

    label: str
    key: str | None
    phrase: str
    target: str | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole flow."""

    title: str
    name: str
    version: str
    entry: str
    mode: str | None
    """The mode whose path is marked; None when the flow has no modes."""
    mode_label: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    anywhere: tuple[Anywhere, ...]
