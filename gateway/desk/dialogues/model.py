"""A file of test dialogues as a designer writes it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from gateway.dialogue.fields import DurationMs, Identifier, Score, Strict
from gateway.dialogue.quoting import listed, quoted
from gateway.events import Disposition

CHINA = dt.timezone(dt.timedelta(hours=8), "Asia/Shanghai")
DEFAULT_CLOCK = dt.datetime(2026, 11, 23, 10, 30, tzinfo=CHINA)
"""A Monday, mid-morning: most hotlines are open."""
FAILS: Literal["fails"] = "fails"
ACTS = ("says", "talks_over", "keys", "silent", "records", "hangs_up")
_KEYPAD = frozenset("0123456789*#")
_CLOCK = "%Y-%m-%d %H:%M"
_MAX_SILENCES = 20


def _texts(value: Any) -> Any:  # noqa: ANN401 -- a designer can write anything
    return (value,) if isinstance(value, str) else value


def _pressed(value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, str) or not value or not set(value) <= _KEYPAD:
        raise ValueError('不是电话按键；请写 0 到 9、`*` 和 `#`，加上引号，如 `"12#"`')
    return value


def _silences(value: Any) -> int:  # noqa: ANN401
    times = 1 if value is True else value
    if not isinstance(times, int) or isinstance(times, bool) or not 1 <= times <= _MAX_SILENCES:
        raise ValueError(f"请写 `true`，或连续几次不说话（1 到 {_MAX_SILENCES}）")
    return times


def _yes(value: Any) -> bool:  # noqa: ANN401
    if value is not True:
        raise ValueError("请写 `true`，或不写")
    return True


def _moment(value: Any) -> dt.datetime:  # noqa: ANN401
    if isinstance(value, dt.datetime):
        return value
    try:
        return dt.datetime.strptime(value, _CLOCK).replace(tzinfo=CHINA)
    except (TypeError, ValueError) as error:
        raise ValueError("不是日期和时间；请写成 `2026-11-23 10:30`") from error


def _caller(value: Any) -> Any:  # noqa: ANN401
    caller = value if isinstance(value, dict) else {"number": value}
    if isinstance(caller, dict) and not isinstance(caller.get("number", ""), str):
        raise ValueError('号码要写成文字；请加引号，如 `"13900001001"`')
    return caller


def _stubs(value: Any) -> tuple[Any, ...]:  # noqa: ANN401
    stubs = value if isinstance(value, tuple) else (value,)
    if not stubs or not all(stub == FAILS or isinstance(stub, dict) for stub in stubs):
        raise ValueError("答案请写成 `{字段: 值}` 或 `fails`；写成列表就依次作答")
    return tuple(_exact(stub) for stub in stubs)


def _exact(value: Any) -> Any:  # noqa: ANN401
    """Money isn't binary: what was written 35.60 is a Decimal."""
    if isinstance(value, dict):
        return {name: _exact(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    return Decimal(str(value)) if isinstance(value, float) else value


def _filled(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        raise ValueError("列表是空的；请填上")
    return value


def _ending(value: Any) -> Any:  # noqa: ANN401
    return {"disposition": value} if isinstance(value, str) else value


def _ticket(value: Any) -> Any:  # noqa: ANN401
    if value != "none" and not isinstance(value, dict):
        raise ValueError("工单的内容请写成 `{category: complaint}`，没开工单写 `none`")
    return value


_RECORD = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}
_TEXTS = {"type": ["string", "array"], "items": {"type": "string"}}
_STUB = {"anyOf": [{"type": "object"}, {"const": FAILS}]}

Utterance = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\w")]
Texts = Annotated[
    tuple[Annotated[str, Field(min_length=1, pattern=r"\w")], ...],
    BeforeValidator(_texts),
    AfterValidator(_filled),
    WithJsonSchema(_TEXTS),
]
Pressed = Annotated[str, BeforeValidator(_pressed), WithJsonSchema({"type": "string", "pattern": "^[0-9*#]+$"})]
Silences = Annotated[
    int,
    BeforeValidator(_silences),
    WithJsonSchema({"anyOf": [{"const": True}, {"type": "integer", "minimum": 1, "maximum": _MAX_SILENCES}]}),
]
Yes = Annotated[bool, BeforeValidator(_yes), WithJsonSchema({"const": True})]
Moment = Annotated[
    dt.datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}$"}),
]
Caller = Annotated[
    dict[Identifier, Any],
    BeforeValidator(_caller),
    WithJsonSchema({"anyOf": [{"type": "string"}, _RECORD]}),
]
Stubs = Annotated[
    tuple[Any, ...],
    BeforeValidator(_stubs),
    WithJsonSchema({"anyOf": [*_STUB["anyOf"], {"type": "array", "items": _STUB, "minItems": 1}]}),
]
"""What a look-up answers, time after time; the last one for ever."""
Ticket = Annotated[Any, BeforeValidator(_ticket), WithJsonSchema({"anyOf": [{"type": "object"}, {"const": "none"}]})]


class Said(Strict):
    """A part of a dialogue; a key with nothing behind it is refused, since it would count as not being there."""

    @model_validator(mode="before")
    @classmethod
    def _nothing_left_open(cls, given: Any) -> Any:  # noqa: ANN401
        empty = [name for name, value in given.items() if value is None] if isinstance(given, dict) else []
        if empty:
            raise ValueError(f"{quoted(empty[0])} 后面是空的；请写上内容，或删掉它")
        return given


class Step(Said):
    """One turn: where the caller is, what they do, and what they hear then. Each part may stand alone."""

    at: str | None = None
    """The node where the caller is when they act."""
    says: Utterance | None = None
    """Said once the hotline listens; where a message is recorded, what is left."""
    talks_over: Utterance | None = None
    """Said while the prompt plays, which must permit it."""
    keys: Pressed | None = None
    silent: Silences | None = None
    """Nothing is said, once or so many times."""
    records: DurationMs | None = None
    """A message of this length is left."""
    hangs_up: Yes | None = None
    confidence: Score | None = None
    """How sure the recogniser is of what is said, 1 if not given; only in text."""
    audio: Annotated[str, Field(min_length=1)] | None = None
    """A recording of what is said, relative to this file, for `--audio`."""
    hears: Texts | None = None
    """Parts of what the hotline says from the act on, in this order."""
    not_hears: Texts | None = None
    """What it doesn't say."""

    @model_validator(mode="after")
    def _one_act(self) -> Step:
        if not self.model_fields_set:
            raise ValueError(f"这一步是空的；请写上 `hears`、`at`，或 {listed(ACTS)} 之一")
        acts = [name for name in ACTS if getattr(self, name) is not None]
        if len(acts) > 1:
            raise ValueError(f"来电者一步只做一件事，这一步有 {listed(acts)}；请分成几步")
        for extra in ("confidence", "audio"):
            if getattr(self, extra) is not None and not {"says", "talks_over"} & set(acts):
                raise ValueError(f"{quoted(extra)} 要和 `says` 或 `talks_over` 写在一起；请移过去")
        return self

    @property
    def act(self) -> str | None:
        """Which of `ACTS` it is."""
        return next((name for name in ACTS if getattr(self, name) is not None), None)

    @property
    def speech(self) -> str | None:
        """What is said."""
        return self.says or self.talks_over

    @property
    def expects(self) -> bool:
        """Whether it can go otherwise than expected."""
        return self.at is not None or self.hears is not None or self.not_hears is not None


class End(Strict):
    """How the call ends; what is left out may be anything."""

    disposition: Disposition | None = None
    queue: Identifier | None = None
    reason: str | None = None


Ends = Annotated[
    End,
    BeforeValidator(_ending),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["completed", "transferred", "abandoned"]},
                {
                    "type": "object",
                    "properties": {name: {"type": "string"} for name in End.model_fields},
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


class Setting(Said):
    """Who calls, when, and what the business systems answer."""

    caller: Caller | None = None
    """A number, or `number` with what the profile says of its owner; the first sample customer when left out."""
    clock: Moment | None = None
    """The day and time of the call in China."""
    lookups: dict[str, Stubs] = Field(default_factory=dict)
    """Answers by look-up; the sample back end answers the others."""
    agents: Literal["none"] | None = None
    """No human answers a transfer."""


class Case(Setting):
    """One dialogue, and what must hold at its end."""

    steps: Annotated[tuple[Step, ...], AfterValidator(_filled), Field(json_schema_extra={"minItems": 1})]
    ends: Ends | None = None
    slots: dict[Identifier, Any] = Field(default_factory=dict)
    """Values of slots; null for one that must not be filled."""
    mode: Identifier | None = None
    ticket: Ticket | None = None
    """A work order was opened that holds at least this; none: there was none."""
    survey: Annotated[int, Field(ge=1, le=5)] | None = None
    path: tuple[str, ...] | None = None
    """Every node that was entered, in order."""

    @property
    def expects(self) -> bool:
        """Whether it says anything of how the call goes or ends, so that it can fail."""
        ends = self.ends is not None and any(wanted is not None for _, wanted in self.ends)
        others = (self.mode, self.ticket, self.survey, self.path)
        return (
            ends
            or bool(self.slots)
            or any(wanted is not None for wanted in others)
            or any(step.expects for step in self.steps)
        )


class DialogueFile(Setting):
    """A file of dialogues; what it says of caller, clock and look-ups holds for those that don't say it themselves."""

    dialogues: Annotated[dict[Annotated[str, Field(min_length=1, max_length=80)], Case], Field(min_length=1)]
