"""What stands on the card of a node, line by line, and so how large it is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from gateway.desk.graph.drawing import KINDS, Arrow, Box, Drawing, Way
from gateway.desk.graph.layout import Size
from gateway.desk.graph.wording import cut, width_em, wrapped

WIDTH = 222.0
HEAD, SAYS, ROW, MARGIN = 24.0, 18.0, 17.0, 8.0
"""Heights: of the head, of a line of the prompt, of a jump, and below them all."""
NAME_PX, SAYS_PX, SMALL_PX = 12.5, 13.0, 11.5
_INNER = WIDTH - 26  # with room for a mark at the end of a line
_SAYS_LINES = 3
_LABEL_EM = 14.0
_LABEL_PADDING, _LABEL_HEIGHT = 14.0, 20.0


@dataclass(frozen=True, slots=True)
class Card:
    """The lines of one card."""

    box: Box
    kind: str
    says: tuple[str, ...]
    says_in_mode: tuple[str, ...]
    jumps: tuple[tuple[Arrow, str], ...]
    """With the text of each, which ends with the name of the target."""

    @property
    def name(self) -> str:
        """As much of it as fits beside the type."""
        return cut(self.box.name, (_INNER - (width_em(self.kind) + 1) * SMALL_PX) / NAME_PX)

    @property
    def says_height(self) -> float:
        return SAYS * max(len(self.says), len(self.says_in_mode))

    @property
    def size(self) -> Size:
        return WIDTH, HEAD + self.says_height + ROW * len(self.jumps) + MARGIN


def card_of(drawing: Drawing, box: Box, lines: Collection[Arrow]) -> Card:
    """The card of a node of which `lines` are drawn as lines."""
    jumps = [arrow for arrow in drawing.arrows if arrow.source == box.name and arrow not in lines]
    jumps.sort(key=lambda arrow: arrow.way is Way.MODE_FAILURE)
    limit = _INNER / SAYS_PX
    return Card(
        box,
        KINDS.get(box.kind, box.kind),
        tuple(wrapped(box.says, limit, _SAYS_LINES)),
        tuple(wrapped(box.says_in_mode or "", limit, _SAYS_LINES)),
        tuple((arrow, _jump(arrow)) for arrow in jumps),
    )


def _jump(arrow: Arrow) -> str:
    target = f"→ {cut(arrow.target, 0.6 * _INNER / SMALL_PX)}"
    left = _INNER / SMALL_PX - width_em(target) - 0.5
    return f"{cut(arrow.text, left)} {target}" if arrow.text else target


def label_of(arrow: Arrow) -> str:
    """What stands on a line; nothing on most."""
    return cut(arrow.text, _LABEL_EM)


def label_size(arrow: Arrow) -> Size:
    """Of the label with its frame."""
    text = label_of(arrow)
    return (width_em(text) * SMALL_PX + _LABEL_PADDING, _LABEL_HEIGHT) if text else (0.0, _LABEL_HEIGHT / 4)
