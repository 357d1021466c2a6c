"""The node types. A new one is a file in this folder and its line in `TYPES`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Tag

from gateway.dialogue.nodes.base import Node
from gateway.dialogue.nodes.branch import Branch
from gateway.dialogue.nodes.call import Call
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.hangup import Hangup
from gateway.dialogue.nodes.lookup import Lookup
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.message import Message
from gateway.dialogue.nodes.play import Play
from gateway.dialogue.nodes.survey import Survey
from gateway.dialogue.nodes.ticket import Ticket
from gateway.dialogue.nodes.transfer import Transfer


def node_type(value: Any) -> str | None:  # noqa: ANN401 -- a designer can write anything
    """Which of the types' keys a node has: `play`, `menu`, ...; None when it has none."""
    if isinstance(value, Node):
        return value.kind
    return next((kind for kind in TYPES if kind in value), None) if isinstance(value, dict) else None


AnyNode = Annotated[
    Annotated[Play, Tag("play")]
    | Annotated[Menu, Tag("menu")]
    | Annotated[Collect, Tag("collect")]
    | Annotated[Branch, Tag("branch")]
    | Annotated[Lookup, Tag("lookup")]
    | Annotated[Ticket, Tag("ticket")]
    | Annotated[Transfer, Tag("transfer")]
    | Annotated[Survey, Tag("survey")]
    | Annotated[Message, Tag("message")]
    | Annotated[Call, Tag("call")]
    | Annotated[Hangup, Tag("hangup")],
    Discriminator(node_type),
]

_ALL: tuple[type[Node], ...] = (
    Play,
    Menu,
    Collect,
    Branch,
    Lookup,
    Ticket,
    Transfer,
    Survey,
    Message,
    Call,
    Hangup,
)
TYPES: dict[str, type[Node]] = {node.kind: node for node in _ALL}
