"""Adding a phrase to the text of a flow, where the designer would write it; nothing else of the text changes. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.errors import ConsoleError

_PHRASES = "phrases"
_PLAIN = re.compile(r"[\u3400-\u9fff][\u3400-\u9fffA-Za-z0-9]*")
"""Needs no quotes in YAML."""
MAX_VALUES = 20_000
"""As the loader has it."""


def add_phrase(text: str, place: Sequence[str | int], phrase: str) -> str:
    """The text with one phrase more.

    Args:
        text: a flow's file, or a sub-flow's.
        place: of the `phrases` within this file; its last part is `phrases`, which need not be there yet.
        phrase: as callers say it.

    Raises:
        ConsoleError: the text can't be read, or has no such place where a phrase could be put without touching more.
    """
    root = _read(text)
    option = _at(root, place[:-1])
    if not isinstance(option, MappingNode):
        raise _by_hand(place)
    phrases = _value(option, _PHRASES)
    if phrases is None and _value(option, "<<") is not None:
        raise _by_hand(place)  # what it is merged from may have some, which would count no more
    if phrases is None:
        changed = _with_key(text, option, phrase)
    elif isinstance(phrases, SequenceNode):
        if phrase in [str(item.value) for item in phrases.value]:
            raise ConsoleError(f"“{phrase}”已经在这个选项里了")
        changed = _with_item(text, phrases, phrase)
    else:
        raise _by_hand(place)
    if changed is None or not _is_that_alone(root, changed, place, phrase):
        raise _by_hand(place)
    return changed


def _by_hand(place: Sequence[str | int]) -> ConsoleError:
    return ConsoleError(f"这里的写法不能自动添加，请自己加到 {' → '.join(map(str, place))}")


def _read(text: str) -> Node:
    try:
        root: Node | None = YAML(typ="base", pure=True).compose(StringIO(text))
    except (YAMLError, RecursionError, ValueError) as error:
        raise ConsoleError("文字现在读不懂，请先改好错误再添加") from error
    if root is None:
        raise ConsoleError("文字是空的，没有地方可以添加")
    return root


def _at(node: Node | None, place: Sequence[str | int]) -> Node | None:
    for part in place:
        node = _value(node, str(part)) if isinstance(node, MappingNode) else None
    return node


def _value(node: Node, key: str) -> Node | None:
    return next((value for name, value in node.value if str(name.value) == key), None)


def _written(phrase: str) -> str:
    return phrase if _PLAIN.fullmatch(phrase) else json.dumps(phrase, ensure_ascii=False)


def _with_item(text: str, phrases: SequenceNode, phrase: str) -> str | None:
    """After the last item, as it is written."""
    new = _written(phrase)
    if phrases.flow_style:
        if phrases.value:
            return _insert(text, phrases.value[-1].end_mark.index, f", {new}")
        return _insert(text, phrases.start_mark.index + 1, new)
    if not phrases.value or not isinstance(phrases.value[-1], ScalarNode):
        return None
    end = text.find("\n", max(phrases.value[-1].end_mark.index - 1, 0))
    indent = " " * phrases.start_mark.column
    if end < 0:
        return f"{text}\n{indent}- {new}\n"
    return _insert(text, end, f"\n{indent}- {new}")


def _with_key(text: str, option: MappingNode, phrase: str) -> str | None:
    """An option that has no phrases yet: they come first in it."""
    new = f"{_PHRASES}: [{_written(phrase)}]"
    if option.flow_style:
        return _insert(text, option.start_mark.index + 1, f"{new}, " if option.value else new)
    start = option.start_mark
    return _insert(text, start.index, f"{new}\n{' ' * start.column}") if option.value else None


def _insert(text: str, index: int, new: str) -> str:
    return text[:index] + new + text[index:]


def _is_that_alone(root: Node, changed: str, place: Sequence[str | int], phrase: str) -> bool:
    """Whether the phrase at its place is the only thing that the text says anew: an anchor may stand in several."""
    try:
        before, after = _Plain().of(root), _Plain().of(_read(changed))
    except ConsoleError:
        return False
    at: Any = before
    for part in place[:-1]:
        at = at[str(part)]
    at[_PHRASES] = [*at.get(_PHRASES, []), phrase]
    return bool(before == after)


class _Plain:
    """Nodes as plain data, each place with data of its own."""

    def __init__(self) -> None:
        self._count = 0

    def of(self, node: Node) -> Any:  # noqa: ANN401 -- YAML can hold anything
        self._count += 1
        if self._count > MAX_VALUES:
            raise ConsoleError("文字太长或引用太多，不能自动添加")
        if isinstance(node, MappingNode):
            return {str(key.value): self.of(value) for key, value in node.value}
        if isinstance(node, SequenceNode):
            return [self.of(item) for item in node.value]
        return str(node.value)
