"""The bundled sample back end: the customers of one YAML file, for demos, flow tests and designers without a back end.

The head of `ivr_flows/mobile_hotline/customers.yaml` lists the look-ups with their arguments and fields; this module
answers them. What a look-up changes is kept in memory and forgotten with the object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.call.lookups.customers import Customer, CustomerFile, Day, Plan, Section, Ticket, load_customers
from gateway.errors import LookupFailedError
from gateway.privacy import mask

_SECTIONS = {
    "account.balance": "account",
    "account.usage": "data",
    "plan.current": "plan",
    "broadband.status": "broadband",
}
"""Look-ups that only read: the part of the customer's record that answers each."""
_OPEN = "处理中"
_COMPLAINTS = "投诉处理组"
_REPAIRS = "宽带维修组"
_SERVICE = "客户服务组"
_DAYS_TO_DO = 2
"""How long a ticket takes whose deadline nobody gave."""


def _local_today() -> date:
    return datetime.now().astimezone().date()


class SampleLookups:
    """A `LookupProvider` on a customers file.

    Args:
        path: the file.
        today: the day of the call, which the dates of the file are relative to.
        file: what the file holds, when it has been read before.

    Raises:
        SettingsError: the file can't be read or has a mistake.
    """

    def __init__(
        self, path: Path, *, today: Callable[[], date] = _local_today, file: CustomerFile | None = None
    ) -> None:
        self._path = path
        self._today = today
        self._file = file or load_customers(path)
        self._asked: dict[str, Customer] = {}
        """Customers whose record may have changed."""
        self._next_ticket = int(self._file.next_ticket)

    def afresh(self, today: Callable[[], date]) -> SampleLookups:
        """Another back end on the same file, in which nothing has changed yet."""
        return SampleLookups(self._path, today=today, file=self._file)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers of the sample customers, as in the file."""
        return tuple(self._file.customers)

    def known(self, number: str) -> bool:
        """Whether `number` is a sample customer's."""
        return number in self._file.customers

    async def lookup(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer from the file. Raises LookupFailedError for an unknown look-up, number or plan."""
        if section := _SECTIONS.get(name):
            return self._told(self._section(name, arguments, section))
        match name:
            case "caller.profile":
                customer = self._customer(name, arguments)
                return {"known": True, "age": customer.age, "vip": customer.vip}
            case "plan.change":
                return self._change_plan(arguments)
            case "broadband.report":
                return self._report_broadband(arguments)
            case "ticket.create":
                return self._create_ticket(arguments)
            case "ticket.latest":
                tickets = self._customer(name, arguments).tickets
                return self._told(tickets[-1] if tickets else dict.fromkeys(Ticket.model_fields))
        raise LookupFailedError("试用客户资料答不了这种查询", where=name, remedy=f"请看 {self._path} 的开头")

    def _change_plan(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self._section("plan.change", arguments, "plan")
        customer = self._customer("plan.change", arguments)
        wanted = _text("plan.change", arguments, "plan")
        if wanted not in self._file.plans:
            raise LookupFailedError("没有这个套餐", where="plan.change", remedy=f"请用 {self._path} 里 `plans` 的名字")
        customer.plan = Plan(name=wanted, fee=self._file.plans[wanted].fee)
        starts = Day("month_end").on(self._today()) + timedelta(days=1)
        return self._told({**dict(customer.plan), "starts": starts.isoformat()})

    def _report_broadband(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        customer = self._customer("broadband.report", arguments)
        _text("broadband.report", arguments, "light")
        ticket = self._new_ticket(_REPAIRS, self._today() + timedelta(days=1))
        customer.tickets.append(ticket)
        return self._told({"number": ticket.number, "due": ticket.due})

    def _create_ticket(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        category = _text("ticket.create", arguments, "category")
        _text("ticket.create", arguments, "summary")
        ticket = self._new_ticket(_team(category), self._due(arguments))
        if customer := self._found(str(arguments.get("number"))):
            customer.tickets.append(ticket)
        return self._told(ticket)

    def _due(self, arguments: Mapping[str, Any]) -> date:
        """The day by which the ticket is to be done."""
        if "due" not in arguments:
            return self._today() + timedelta(days=_DAYS_TO_DO)
        try:
            return datetime.fromisoformat(_text("ticket.create", arguments, "due")).date()
        except ValueError:
            raise LookupFailedError("`due` 不是 ISO 8601 写法的时刻", where="ticket.create") from None

    def _new_ticket(self, team: str, due: date) -> Ticket:
        number, self._next_ticket = str(self._next_ticket), self._next_ticket + 1
        received = Day(self._today().isoformat())
        return Ticket(number=number, received=received, team=team, status=_OPEN, due=Day(due.isoformat()))

    def _section(self, name: str, arguments: Mapping[str, Any], section: str) -> Section:
        found: Section | None = getattr(self._customer(name, arguments), section)
        if found is None:
            raise LookupFailedError(f"文件里这位客户没有 `{section}`", where=name, remedy=f"请加进 {self._path}")
        return found

    def _customer(self, name: str, arguments: Mapping[str, Any]) -> Customer:
        number = _text(name, arguments, "number")
        customer = self._found(number)
        if customer is None:
            raise LookupFailedError(
                f"试用客户里没有号码 {mask(number)}", where=name, remedy=f"请用 {self._path} 里的号码"
            )
        return customer

    def _found(self, number: str) -> Customer | None:
        if number not in self._asked and (customer := self._file.customers.get(number)) is not None:
            self._asked[number] = customer.model_copy(update={"tickets": list(customer.tickets)})
        return self._asked.get(number)

    def _told(self, record: Section | Mapping[str, Any]) -> Mapping[str, Any]:
        """`record` as a plain mapping, its days made ISO dates."""
        today = self._today()
        return {key: v.on(today).isoformat() if isinstance(v, Day) else v for key, v in dict(record).items()}


def _team(category: str) -> str:
    """Who works on a ticket."""
    if category.startswith("broadband"):
        return _REPAIRS
    return _COMPLAINTS if category == "complaint" else _SERVICE


def _text(name: str, arguments: Mapping[str, Any], argument: str) -> str:
    value = arguments.get(argument)
    if not isinstance(value, str) or not value:
        raise LookupFailedError(f"缺少参数 `{argument}`", where=name, remedy="请写在 `with` 里")
    return value
