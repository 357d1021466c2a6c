"""The controls that make a filter: what people look for most in one row, the rest folded away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nicegui import ui
from nicegui.elements.mixins.value_element import ValueElement

from gateway.analytics.titles import SEVERITY_TITLES
from gateway.console.calls.labels import DISPOSITIONS, MODES, POLARITIES, REVIEWS, Titles
from gateway.console.calls.query import WHENS, Query
from gateway.store.search import Values

Kind = Literal["some", "one", "text", "figure", "day"]


@dataclass(frozen=True, slots=True)
class Field:
    """One control."""

    name: str
    """In the address."""
    label: str
    kind: Kind
    options: Mapping[str, str] | None = None
    """Of `some` and `one`: what can be chosen, and how it is called."""


def fields(titles: Titles, values: Values, flags: Mapping[str, str]) -> tuple[Sequence[Field], Sequence[Field]]:
    """Those of the row, and those that are folded away.

    Args:
        titles: of the rules.
        values: that occur in the calls.
        flags: that can be chosen.
    """
    quick = (
        Field("q", "搜索来电者说的话", "text"),
        Field("flag", "标记", "some", flags),
        Field("route", "诉求", "some", titles.routes),
        Field("when", "时间", "one", WHENS),
        Field("review", "复核", "one", REVIEWS),
    )
    more = (
        Field("severity", "最高级别", "some", SEVERITY_TITLES),
        Field("mood", "情绪", "some", POLARITIES),
        Field("anger", "生气程度", "one", {"1": "不满及以上", "2": "生气及以上", "3": "愤怒"}),
        Field("end", "结束方式", "some", DISPOSITIONS),
        Field("hotline", "热线", "some", {one: titles.hotlines.get(one, one) for one in values.hotlines}),
        Field("mode", "模式", "some", {one: MODES.get(one, one) for one in values.modes}),
        Field("number", "来电号码或后几位", "text"),
        Field("stars", "满意度", "some", {str(star): f"{star} 分" for star in range(5, 0, -1)}),
        Field("from", "开始日期", "day"),
        Field("to", "结束日期", "day"),
        Field("min_s", "时长至少（秒）", "figure"),
        Field("max_s", "时长至多（秒）", "figure"),
    )
    return quick, more


class Controls:
    """Controls of some fields.

    Args:
        on_change: told the name of the field that changed.
    """

    def __init__(self, on_change: Callable[[str], Any]) -> None:
        self._on_change = on_change
        self._fields: dict[str, Field] = {}
        self._elements: dict[str, ValueElement[Any]] = {}

    def draw(self, some: Sequence[Field], query: Query) -> None:
        """Here, with the values of a query."""
        for field in some:
            self._fields[field.name] = field
            self._elements[field.name] = self._element(field, query)

    def query(self, others: Query) -> dict[str, list[str]]:
        """What they say now, and of `others` what no control is for."""
        kept = {name: list(values) for name, values in others.items() if name not in self._fields}
        said = {name: _said(element.value) for name, element in self._elements.items()}
        return kept | {name: values for name, values in said.items() if values}

    def show(self, query: Query) -> None:
        """Set them all."""
        for name, field in self._fields.items():
            element = self._elements[name]
            if isinstance(element, ui.select):
                element.set_options(_options(field, query), value=_value(field, query))
            else:
                element.value = _value(field, query)

    def clear(self, *names: str) -> None:
        """Empty these."""
        for name in names:
            if name in self._elements:
                self._elements[name].value = [] if self._fields[name].kind == "some" else None

    def _element(self, field: Field, query: Query) -> ValueElement[Any]:
        def changed() -> Any:  # noqa: ANN401 -- NiceGUI awaits what can be awaited
            return self._on_change(field.name)

        value = _value(field, query)
        if field.kind in {"some", "one"}:
            element: ValueElement[Any] = ui.select(
                _options(field, query),
                label=field.label,
                value=value,
                on_change=changed,
                multiple=field.kind == "some",
                clearable=True,
            ).props("outlined dense options-dense")
        else:
            kind = {"day": "date", "figure": "number"}.get(field.kind, "text")
            element = ui.input(field.label, value=value or "", on_change=changed)
            element.props(f"outlined dense clearable debounce=400 type={kind} maxlength=200 autocomplete=off")
            if field.kind == "day":
                element.props("stack-label")
        return element.classes(f"vg-filter vg-filter-{field.name}")


def _options(field: Field, query: Query) -> dict[str, str]:
    """With what an address asks for, though it may be nowhere."""
    return {
        **(field.options or {}),
        **{value: value for value in query.get(field.name, ()) if value not in (field.options or {})},
    }


def _value(field: Field, query: Query) -> Any:  # noqa: ANN401 -- as the control has it
    values = list(query.get(field.name, ()))
    if field.kind == "some":
        return values
    return values[0] if values else None


def _said(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    text = str(value or "").strip()
    return [text] if text else []
