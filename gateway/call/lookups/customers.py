"""The customers file of the sample back end, strictly checked; its days are rules relative to the day of the call."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from gateway.dialogue.mistakes import validated
from gateway.dialogue.yaml_mistakes import in_chinese
from gateway.errors import SettingsError, refused

_RELATIVE = re.compile(r"today(?:([+-]\d{1,4}))?")


class Day:
    """A day that a date makes definite: `today`, `today+2`, `today-20`, `month_end`, or an ISO date."""

    def __init__(self, rule: str) -> None:
        """Raises ValueError for any other text."""
        relative = _RELATIVE.fullmatch(rule)
        self._days = int(relative[1] or 0) if relative else 0
        self._fixed = None if relative or rule == "month_end" else date.fromisoformat(rule)
        self._rule = rule

    def on(self, today: date) -> date:
        """The day meant, seen from `today`."""
        if self._rule == "month_end":
            return today.replace(day=monthrange(today.year, today.month)[1])
        return self._fixed or today + timedelta(days=self._days)


def _day(value: object) -> object:
    if isinstance(value, str | date):
        try:
            return Day(str(value))
        except ValueError:
            raise ValueError("不是日子；请写成 `today`、`today+N`、`today-N`、`month_end` 或 `2026-11-28`") from None
    return value


def _to_cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"))


ADay = Annotated[Day, BeforeValidator(_day)]
Yuan = Annotated[Decimal, Field(ge=0, decimal_places=2), AfterValidator(_to_cents)]
Number = Annotated[str, StringConstraints(pattern=r"^\d{5,20}$")]
TicketNumber = Annotated[str, StringConstraints(pattern=r"^[1-9]\d{3,9}$")]


class Section(BaseModel):
    """A part of the file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class Account(Section):
    """Money: `balance` prepaid, `due` owed."""

    balance: Yuan
    due: Yuan


class Data(Section):
    """The month's data volume, MB."""

    left_mb: Annotated[int, Field(ge=0)]
    total_mb: Annotated[int, Field(ge=0)]
    until: ADay


class Tariff(Section):
    """What a plan costs a month."""

    fee: Yuan


class Plan(Tariff):
    """The plan that a customer has."""

    name: str


class Broadband(Section):
    """Whether there is a line, and a fault known in the neighbourhood."""

    has: bool
    fault_known: bool
    restored_by: ADay | None


class Ticket(Section):
    """A matter that someone works on."""

    number: TicketNumber
    received: ADay
    team: str
    status: str
    due: ADay


class Customer(Section):
    """One customer; `name` is for whoever reads the file. What a hotline doesn't ask about may be left out."""

    name: str
    age: Annotated[int, Field(ge=0, le=130)] | None = None
    vip: bool = False
    account: Account | None = None
    data: Data | None = None
    plan: Plan | None = None
    broadband: Broadband | None = None
    tickets: list[Ticket] = Field(default_factory=list)


class CustomerFile(Section):
    """The whole file."""

    next_ticket: TicketNumber
    plans: dict[str, Tariff] = Field(default_factory=dict)
    customers: dict[Number, Customer]


def load_customers(path: Path) -> CustomerFile:
    """Read and check the file. Raises SettingsError naming the file, the place in it and the first mistake."""
    try:
        loaded = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = "不是 UTF-8" if isinstance(error, UnicodeDecodeError) else refused(error)
        remedy = "请照 ivr_flows/mobile_hotline/customers.yaml 写一份，存成 UTF-8，或设置 VOICE_GATEWAY_LOOKUP_URL"
        raise SettingsError(f"试用客户资料读不了：{reason}", where=str(path), remedy=remedy) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise SettingsError(f"不是正确的 YAML：{in_chinese(error)}", where=where, remedy="请改正这一行") from error
    except YAMLError as error:
        raise SettingsError("不是正确的 YAML", where=str(path), remedy="请存成 UTF-8 文字") from error
    file, mistakes = validated(CustomerFile, loaded, ())
    for first in mistakes:
        place = ".".join(str(part) for part in first.place)
        raise SettingsError(first.what, where=f"{path}: {place}")
    if file is None:
        raise SettingsError("内容不对", where=str(path), remedy="请照 ivr_flows/mobile_hotline/customers.yaml 写")
    return file
