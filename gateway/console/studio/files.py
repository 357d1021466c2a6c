"""The files of a hotline that the studio may open: its flow, the sub-flows that it names, its dialogues. Blocking.

Nothing that a browser sends is ever made into a path: it is looked up among the names listed here.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from gateway.desk.dialogues.load import dialogue_files
from gateway.dialogue.load import FLOW_FILE
from gateway.dialogue.source import attempt
from gateway.errors import ConsoleError, refused

MAX_BYTES = 256 << 10
"""Of a file in the editor. The largest flow of ours has 29 KB; the worst text of this size takes 9 s."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BREAK = re.compile(r"\r\n?")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as it was read."""

    name: str
    """Relative to the hotline's folder, with `/`."""
    text: str
    """Its lines end in \\n, as an editor has them."""
    digest: str
    """SHA-256 of its bytes, in hexadecimal."""
    crlf: bool = False
    """Its lines end in \\r\\n on disk."""

    def to_bytes(self, text: str) -> bytes:
        """Another text as it is to be on disk."""
        return (text.replace("\n", "\r\n") if self.crlf else text).encode()


def hotlines(flows_dir: Path) -> list[str]:
    """The names of all hotlines."""
    return sorted(file.parent.name for file in flows_dir.glob(f"*/{FLOW_FILE}") if not file.parent.name.startswith("."))


def unfit(text: str) -> tuple[int, str] | None:
    """Why a text can be neither checked nor saved, with the line; None when it can."""
    for pattern, what in ((_SURROGATE, "有残缺的字符（半个代理对）"), (_CONTROL, "有控制字符")):
        if found := pattern.search(text):
            return text.count("\n", 0, found.start()) + 1, f"{what}，请删除这里的内容再试"
    size = len(text.encode())
    if size > MAX_BYTES:
        return 1, f"文字有 {size >> 10} KB，超过 {MAX_BYTES >> 10} KB；请把流程拆成子流程"
    return None


class FlowFolder:
    """One hotline's folder.

    Args:
        flows_dir: the folder with all hotlines; no file outside it is ever opened.
        hotline: the name, as a browser may send it.

    Raises:
        ConsoleError: there is no such hotline.
    """

    def __init__(self, flows_dir: Path, hotline: str) -> None:
        if hotline not in hotlines(flows_dir):
            raise ConsoleError("没有这条热线")
        self.hotline = hotline
        self.folder = flows_dir / hotline
        self.root = flows_dir.resolve()
        if not self._is_inside(self.flow_file.resolve()):
            raise ConsoleError("这条热线的文件在流程文件夹之外，不能在这里打开")

    @property
    def flow_file(self) -> Path:
        """The flow's own file."""
        return self.folder / FLOW_FILE

    def files(self) -> dict[str, Path]:
        """The name of each file that may be opened, the flow's own first, and where it really is."""
        found = {FLOW_FILE: self.flow_file.resolve()}
        found |= self.subflows(attempt(self.flow_file).data)
        for file in dialogue_files(self.flow_file):
            real = file.resolve()
            if self._is_inside(real) and real.is_file():
                found.setdefault(file.relative_to(self.folder).as_posix(), real)
        return found

    def subflows(self, data: object) -> dict[str, Path]:
        """The files of the sub-flows that a flow names, as far as they are there and may be used."""
        named = data.get("subflows") if isinstance(data, dict) else None
        found: dict[str, Path] = {}
        for inner in named.values() if isinstance(named, dict) else ():
            if isinstance(inner, str) and (real := self.subflow(inner)) is not None:
                found[self.name_of(real)] = real
        return found

    def subflow(self, inner: str) -> Path | None:
        """Where a sub-flow's file really is; None when there is none, or it can't be one."""
        try:
            real = (self.folder / inner).resolve()
            there = real.is_file()
        except (OSError, ValueError):  # no name that a file can have
            return None
        return real if there and real.suffix in {".yaml", ".yml"} and self._is_inside(real) else None

    def name_of(self, real: Path) -> str:
        """The name of a file inside the flows' folder."""
        return Path(os.path.relpath(real, self.folder.resolve())).as_posix()

    def read(self, name: str) -> Opened:
        """Open one of `files`. Raises ConsoleError, in words, when it can't be opened or is no text."""
        real = self.files().get(name)
        if real is None:
            raise ConsoleError("这条热线没有这个文件")
        return read(name, real)

    def _is_inside(self, real: Path) -> bool:
        return self.root in real.parents and not any(part.startswith(".") for part in real.relative_to(self.root).parts)


def read(name: str, real: Path) -> Opened:
    """Read a file that may be opened. Raises ConsoleError."""
    try:
        with real.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConsoleError(f"{name} 打不开：{refused(error)}") from error
    if len(raw) > MAX_BYTES:
        raise ConsoleError(f"{name} 超过 {MAX_BYTES >> 10} KB，不能在这里打开")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConsoleError(f"{name} 不是 UTF-8 文字，不能在这里打开") from error
    return Opened(name, _BREAK.sub("\n", text), hashlib.sha256(raw).hexdigest(), crlf=b"\r\n" in raw)
