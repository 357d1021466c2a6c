"""A YAML file read into plain data, with the line and column of every key and value.

Stricter than YAML: a key stands once, tabs don't indent, tags and several documents in one file are refused.
Sequences become tuples.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from gateway.dialogue.quoting import quoted
from gateway.dialogue.yaml_mistakes import in_chinese
from gateway.errors import FlowError, refused

Path_ = tuple[str | int, ...]
MAX_BYTES = 1 << 20
MAX_VALUES = 20_000
"""Keys and values once anchors are followed; more is no flow but a trap."""
_TAB_INDENT = re.compile(r"^[ ]*\t", re.MULTILINE)
_TAB = "这一行用制表符缩进；请改用空格"
_NOT_YAML = "不是正确的 YAML：{}；请检查缩进、引号和冒号"
_TAGGED = "这里不用标签 `{}`；请删掉"
_MERGE = "tag:yaml.org,2002:merge"
_PLAIN_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A place in a file, counted from 1."""

    line: int
    column: int
    file: Path


@dataclass(slots=True)
class Source:
    """What a file says and where it says it. `problems` are (spot, what and how to fix it)."""

    file: Path
    raw: bytes = b""
    data: Any = None
    keys: dict[Path_, Spot] = field(default_factory=dict)
    values: dict[Path_, Spot] = field(default_factory=dict)
    problems: list[tuple[Spot, str]] = field(default_factory=list)
    readable: bool = True
    """False when it isn't YAML at all, and so has no data."""

    def spot(self, place: Path_, *, key: bool = False) -> Spot:
        """Where a place stands; the nearest place around it when the file doesn't have it."""
        for length in range(len(place), -1, -1):
            spots = self.keys if key and length == len(place) else self.values
            if found := spots.get(place[:length]) or self.keys.get(place[:length]):
                return found
        return self.at(1, 1)

    def at(self, line: int, column: int) -> Spot:
        """A spot in this file."""
        return Spot(line, column, self.file)

    def graft(self, place: Path_, other: Source) -> None:
        """Take in what another file says as the value at `place`, with its places and problems."""
        self.keys |= {(*place, *inner): spot for inner, spot in other.keys.items()}
        self.values |= {(*place, *inner): spot for inner, spot in other.values.items()}
        self.problems += other.problems


def read(file: Path) -> Source:
    """Raises FlowError when the file isn't YAML at all; softer mistakes are in `problems`."""
    source = attempt(file)
    if not source.readable:
        raise FlowError(lines(source))
    return source


def attempt(file: Path) -> Source:
    """Never fails: whatever is wrong is in `problems`."""
    source = Source(file)
    try:
        _read(source)
    except _UnreadableError as error:
        source.problems.append((error.spot, error.what))
        source.readable = False
    return source


class _UnreadableError(Exception):
    """Nothing can be made of the file, and why."""

    def __init__(self, spot: Spot, what: str) -> None:
        super().__init__(what)
        self.spot = spot
        self.what = what


def _read(source: Source) -> None:
    source.raw = _bytes(source)
    text = _text(source)
    tabs = [_spot_of(source, text, match.end() - 1) for match in _TAB_INDENT.finditer(text)]
    source.problems += [(spot, _TAB) for spot in tabs]
    start = source.at(1, 1)
    try:
        root = YAML(typ="base", pure=True).compose(StringIO(text))
        if root is not None:
            source.data = _Reader(source).read(root, ())
    except MarkedYAMLError as error:
        raise _UnreadableError(
            *((tabs[0], _TAB) if tabs else (_mark(source, error), _NOT_YAML.format(in_chinese(error))))
        ) from error
    except RecursionError as error:
        raise _UnreadableError(start, "嵌套太深；请减少层数，几层就够了") from error
    except _UnreadableError:
        raise
    except Exception as error:  # the library's border: it raises many types on broken files
        what = "有不能用的字符" if isinstance(error, ReaderError) else type(error).__name__
        raise _UnreadableError(start, _NOT_YAML.format(what)) from error
    else:
        if root is None:
            raise _UnreadableError(start, "文件是空的；请写上内容，或删掉它")


def lines(source: Source) -> list[str]:
    """The problems as `file:line:column: what; how to fix`, in the files' order, each once; the flow's own first."""

    def order(problem: tuple[Spot, str]) -> tuple[bool, Path, int, int]:
        spot = problem[0]
        return spot.file != source.file, spot.file, spot.line, spot.column

    ordered = sorted(dict.fromkeys(source.problems), key=order)
    return [f"{spot.file}:{spot.line}:{spot.column}: {what}" for spot, what in ordered]


def _bytes(source: Source) -> bytes:
    file = source.file
    try:
        if file.exists() and not (file.is_file() or file.is_dir()):
            raise _UnreadableError(source.at(1, 1), "这不是文件；请写文件的路径")  # a device may never end
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _UnreadableError(source.at(1, 1), f"{refused(error)}；请检查路径和权限") from error
    if len(raw) > MAX_BYTES:
        raise _UnreadableError(source.at(1, 1), f"文件超过 {MAX_BYTES >> 20} MiB；请分成几个文件")
    return raw


def _text(source: Source) -> str:
    raw = source.raw
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        what = f"字节 0x{raw[error.start]:02x} 不是 UTF-8；请把文件存成 UTF-8"
        raise _UnreadableError(source.at(line, column), what) from error


def _spot_of(source: Source, text: str, offset: int) -> Spot:
    return source.at(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _mark(source: Source, error: MarkedYAMLError) -> Spot:
    mark = error.problem_mark or error.context_mark
    return source.at(mark.line + 1, mark.column + 1) if mark else source.at(1, 1)


class _Reader:
    """Turns ruamel's nodes into data, noting places and refusing what could be misread."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._count = 0
        self._open: set[int] = set()

    def read(self, node: Node, place: Path_) -> Any:  # noqa: ANN401 -- YAML can hold anything
        self._count += 1
        if self._count > MAX_VALUES:
            what = f"锚点展开以后，键和值超过 {MAX_VALUES} 个；请分成几个文件"
            raise _UnreadableError(self._start(node), what)
        if id(node) in self._open:
            raise _UnreadableError(self._start(node), "锚点里又用到自己；请把内容写出来")
        self._source.values.setdefault(place, self._start(node))
        if not isinstance(node, ScalarNode) and node.tag not in _PLAIN_TAGS:
            self._problem(node, _TAGGED.format(node.tag))
        self._open.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return self._mapping(node, place)
            if isinstance(node, SequenceNode):
                return tuple(self.read(item, (*place, index)) for index, item in enumerate(node.value))
            return self._scalar(node)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: MappingNode, place: Path_) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: list[MappingNode] = []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged += self._merged(value_node)
                continue
            key = self._key(key_node)
            if key in own:
                first = self._source.keys[(*place, key)]
                self._problem(key_node, f"{quoted(key)} 在这里写了两次（第一次在第 {first.line} 行）；请改名或删掉一个")
                continue
            self._source.keys[(*place, key)] = self._start(key_node)
            own[key] = self.read(value_node, (*place, key))
        for other in merged:
            for key, value in self.read(other, place).items():
                own.setdefault(key, value)
        return own

    def _merged(self, node: Node) -> list[MappingNode]:
        items = node.value if isinstance(node, SequenceNode) else [node]
        for item in items:
            if not isinstance(item, MappingNode):
                self._problem(item, "`<<` 只能并入 `键: 值` 的内容；请检查锚点")
        return [item for item in items if isinstance(item, MappingNode)]

    def _key(self, node: Node) -> str:
        if not isinstance(node, ScalarNode):
            self._problem(node, "键只能是一个词；请改正")
            return "?"
        return str(node.value)

    def _scalar(self, node: Node) -> Any:  # noqa: ANN401
        kind, text = str(node.tag).rpartition(":")[2], str(node.value)
        if kind in {"str", "timestamp"}:
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        try:
            if kind == "int":
                return int(text, 0)
            if kind == "float":
                return float(text)
        except ValueError:
            return text
        self._problem(node, _TAGGED.format(node.tag))
        return text

    def _problem(self, node: Node, what: str) -> None:
        self._source.problems.append((self._start(node), what))

    def _start(self, node: Node) -> Spot:
        return self._source.at(node.start_mark.line + 1, node.start_mark.column + 1)
