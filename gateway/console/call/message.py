"""The small player of a message that a caller left, as an element of a page: static/message.js in NiceGUI's hands."""

from __future__ import annotations

from urllib.parse import quote

from nicegui.element import Element

from gateway.console.call.view import Shown


class MessagePlayer(Element, component="../static/message.js"):
    """A button, how far it is, and why it can't be heard.

    Args:
        shown: the call.
        number: of the message, from 0.
        title: what it is called.
        may_listen: sound is offered.
    """

    def __init__(self, shown: Shown, number: int, title: str, *, may_listen: bool) -> None:
        super().__init__()
        message = shown.messages[number]
        why = _why_not(shown, has_file=message.has_file, may_listen=may_listen)
        self.props["path"] = f"/api/calls/{quote(shown.id, safe='')}/messages/{number}/audio"
        self.props["title"] = title
        self.props["length"] = message.length_ms
        self.props["original"] = shown.unmasked
        self.props["audible"] = not why
        self.props["why"] = why


def _why_not(shown: Shown, *, has_file: bool, may_listen: bool) -> str:
    if not may_listen:
        return "您的角色不能听录音。"
    if not shown.ended:
        return "通话结束后可以听。"
    return "" if has_file else "留言的录音已按保留期限删除。"
