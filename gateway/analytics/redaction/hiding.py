"""Which characters of a text are hidden, and the text without them.

What is found is taken out of sight and the rest looked at again, until nothing more is found: so a text that was
redacted once has nothing left to redact, whatever was in it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from operator import itemgetter

from gateway.analytics.entities.measures import find_measures
from gateway.analytics.entities.numbers import NOTHING, Asked, Number, asked_about, kind_of
from gateway.analytics.entities.places import Gazetteer
from gateway.analytics.entities.plain import BARRIER, plain
from gateway.analytics.entities.rules import Places
from gateway.analytics.redaction.digits import all_digits
from gateway.analytics.redaction.masks import MASK, MASKS

_STRICT = {"phone", "id_card", "bank_card", "verification_code", "address"}
_ANY_DAY = date(2000, 1, 1)
"""Days are looked for in order to leave them; which ones they are doesn't matter."""
_MOMENT = re.compile(
    r"(?:19|20)\d\d-[01]\d(?!\d)(?:-[0-3]\d(?!\d))?"
    r"(?:[t ]?\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:z|[+-]\d\d:?\d\d)?)?|20\d{6}t\d{6}",
    re.ASCII,
)
"""As machines write them: not a number of anybody."""
_RANGE = re.compile(r"\d{1,5}[-~到至]\d{1,5}(?=[块元个gm兆天年月次分])", re.ASCII)
_BLURRED = re.compile(r"(?=\d*[ulioxz])(?=[ulioxz]*(?:\d[ulioxz]*){5})[\dulioxz]{7,}", re.ASCII)
"""Measured at 8 kHz: 幺五幺七四二幺 comes out as U5L72L."""
_ESTATES = re.compile("小区|花园|花苑|家园|公寓|新村|大厦|胡同|路$|街$|大道$")
_PASSES = 50
_JOINED = 2
"""Hidden characters with no more than so many between them become one mask."""
_KEYS_HIDDEN = 4
"""Keys from so many on: a menu takes one, a PIN four."""
_MAYBE = re.compile(
    "[0-9零〇○一二两兩三四五六七八九幺洞拐勾０-９壹贰叁肆伍陆柒捌玖路街號号栋棟幢室]"
    "|小区|小區|花园|花園|花苑|家园|家園|公寓|新村|大厦|大廈|胡同|大道|[单單]元"
)
"""Where none of these is, nothing has to be hidden."""
_GAZETTEER = Gazetteer(Places())
_EVERYBODYS = frozenset(
    (
        *("10000", "10001", "10010", "10011", "10086", "10099"),
        *("12300", "12305", "12315", "12318", "12321", "12345", "12381", "12388"),
    )
)
"""Numbers of services: what a caller threatens with, and what supervisors look for."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Characters `start` to `end` of a text, and the kind of entity that they are."""

    kind: str
    start: int
    end: int


class Text:
    """A text while things in it are being hidden.

    Args:
        text: any string; what is hidden in it already, by its mask, stays so.
        asked: the question that it answers: digits after 请输入验证码 are a code.
    """

    def __init__(self, text: str, asked: str = "") -> None:
        self.text = text
        self.hidden: list[Hidden] = []
        """In no order, without overlaps."""
        self._asked = asked_about(plain(visible(asked)).text) if asked else NOTHING
        self._seen = list(visible(text))

    def hide(self, kind: str, start: int, end: int) -> None:
        """Hide characters `start` to `end`, those that are hidden already left out."""
        at = start
        while at < end:
            if self._seen[at] == BARRIER:
                at += 1
                continue
            until = at
            while until < end and self._seen[until] != BARRIER:
                until += 1
            self.hidden.append(Hidden(kind, at, until))
            self._seen[at:until] = BARRIER * (until - at)
            at = until

    @property
    def visible(self) -> str:
        """What can be seen of it, as long as the text; what is hidden is `BARRIER`."""
        return "".join(self._seen)

    def search(self) -> None:
        """Hide all that is found in it."""
        if not _MAYBE.search(self.text):
            return
        for _ in range(_PASSES):
            form = plain(self.visible)
            found = [one for one in _found(form.text, self._asked) if not _is_everybodys(one, form.text)]
            if not found:
                return
            for one in found:
                self.hide(one.kind, *form.original(one.start, one.end))

    def spans(self) -> list[Hidden]:
        """What is hidden, from left to right, each with its neighbours: what one mask stands for."""
        joined: list[Hidden] = []
        for one in sorted(self.hidden, key=lambda one: one.start):
            last = joined[-1] if joined else None
            if last and one.start - last.end <= _JOINED and not MASK.search(self.text, last.end, one.start):
                kind = one.kind if last.kind == "number" else last.kind
                joined[-1] = Hidden(kind, last.start, one.end)
            else:
                joined.append(one)
        return joined

    def render(self) -> str:
        """The text with masks."""
        parts, at = [], 0
        for one in self.spans():
            parts += [self.text[at : one.start], MASKS[one.kind]]
            at = one.end
        return "".join([*parts, self.text[at:]])


def _is_everybodys(one: Hidden, text: str) -> bool:
    """It is a number that anybody may know."""
    return one.kind == "number" and text[one.start : one.end] in _EVERYBODYS


def visible(text: str) -> str:
    """`text` with `BARRIER` for every character of a mask in it, and for those that look like one."""
    return MASK.sub(lambda found: BARRIER * len(found[0]), text) if "[" in text else text


def redact_text(text: str) -> str:
    """`text` with a mask for every telephone number, ID card, bank card, address and code, in figures or in words.

    Also for parts of them and for what may be one, misheard. Any string will do; redacting twice changes nothing.
    """
    return redacted(text).render()


def redacted(text: str, asked: str = "") -> Text:
    """`text` with all that is found in it hidden; see `Text`."""
    found = Text(text, asked)
    found.search()
    return found


def redacted_keys(keys: str, asked: str = "") -> Text:
    """Keys that were pressed, hidden as a whole when there are more than a menu takes."""
    found = Text(keys, asked)
    pressed = sum(char.isdigit() for char in visible(keys))
    if pressed >= _KEYS_HIDDEN:
        about = asked_about(plain(visible(asked)).text)
        asked_kind = next(iter(sorted(about)), "number") if len(about) == 1 else "number"
        found.hide(kind_of(keys.strip("#").replace("*", "X")) or asked_kind, 0, len(keys))
    return found


def _found(text: str, asked: Asked) -> Iterator[Hidden]:
    numbers = list(all_digits(text, asked))
    moments = sorted(found.span() for shape in (_MOMENT, _RANGE) for found in shape.finditer(text))
    measures: list[tuple[int, int]] | None = None
    for number in numbers:
        if _touches(number, moments):
            continue
        if number.kind not in _STRICT:
            if measures is None:
                measures = sorted((one.start, one.end) for one in find_measures(text, _ANY_DAY))
            if _touches(number, measures):
                continue
        yield Hidden(number.kind, number.start, number.end)
    for blurred in _BLURRED.finditer(text):
        if not _touches(Number("number", "", *blurred.span()), moments):
            yield Hidden("number", *blurred.span())
    for where in _GAZETTEER.find(text):
        if where.kind == "address" or _ESTATES.search(where.value):
            yield Hidden("address", where.start, where.end)


def _touches(number: Number, spans: list[tuple[int, int]]) -> bool:
    """It has a character with one of the spans, which are in order, in common."""
    at = bisect_left(spans, number.start, key=itemgetter(1))
    return any(start < number.end and number.start < end for start, end in spans[at : at + 2])
