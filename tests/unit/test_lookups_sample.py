"""The sample back end answers as the head of its customers file says, and its file is checked when it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.call.lookups import SampleLookups, with_timeout
from gateway.call.lookups.customers import Day
from gateway.errors import LookupFailedError, SettingsError
from tests.support.chinese import not_chinese

pytestmark = pytest.mark.unit

FILE = Path(__file__).parents[2] / "ivr_flows" / "mobile_hotline" / "customers.yaml"
PLAIN, ELDERLY, COMPLAINED, OWING, FAULTY, BIG, YOUNG_OLD = (f"1390000100{i}" for i in range(1, 8))
TODAY = date(2026, 11, 21)


@pytest.fixture
def back_end() -> SampleLookups:
    return SampleLookups(FILE, today=lambda: TODAY)


def ask(back_end: SampleLookups, name: str, number: str = PLAIN, **more: str) -> Mapping[str, Any]:
    return asyncio.run(back_end.lookup(name, {"number": number, **more}))


def test_the_sample_customers_are_known(back_end: SampleLookups) -> None:
    assert back_end.numbers == (PLAIN, ELDERLY, COMPLAINED, OWING, FAULTY, BIG, YOUNG_OLD)
    assert back_end.known(ELDERLY)
    assert not back_end.known("10000000000")


@pytest.mark.parametrize(
    ("name", "number", "answer"),
    [
        ("caller.profile", ELDERLY, {"known": True, "age": 72, "vip": False}),
        ("caller.profile", BIG, {"known": True, "age": 58, "vip": True}),
        ("account.balance", PLAIN, {"balance": Decimal("35.60"), "due": Decimal(0)}),
        ("account.balance", OWING, {"balance": Decimal(0), "due": Decimal("47.20")}),
        ("account.usage", PLAIN, {"left_mb": 6656, "total_mb": 20480, "until": "2026-11-30"}),
        ("plan.current", FAULTY, {"name": "全家套餐", "fee": Decimal(199)}),
        ("broadband.status", PLAIN, {"has": True, "fault_known": False, "restored_by": None}),
        ("broadband.status", FAULTY, {"has": True, "fault_known": True, "restored_by": "2026-11-22"}),
        ("ticket.latest", PLAIN, dict.fromkeys(["number", "received", "team", "status", "due"])),
        (
            "ticket.latest",
            COMPLAINED,
            {
                "number": "60108842",
                "received": "2026-11-18",
                "team": "资费核查组",
                "status": "处理中",
                "due": "2026-11-23",
            },
        ),
    ],
)
def test_what_is_known_is_told(back_end: SampleLookups, name: str, number: str, answer: dict[str, Any]) -> None:
    told = ask(back_end, name, number)
    assert told == answer
    assert not any(isinstance(value, float) for value in told.values())


def test_a_new_plan_holds_for_the_later_look_ups_of_that_customer_only(back_end: SampleLookups) -> None:
    told = ask(back_end, "plan.change", plan="全家套餐")
    assert told == {"name": "全家套餐", "fee": Decimal(199), "starts": "2026-12-01"}
    assert ask(back_end, "plan.current") == {"name": "全家套餐", "fee": Decimal(199)}
    assert ask(back_end, "plan.current", ELDERLY)["name"] == "轻享套餐"
    assert ask(SampleLookups(FILE), "plan.current")["name"] == "轻享套餐"


def test_tickets_are_numbered_in_order_and_found_again(back_end: SampleLookups) -> None:
    first = ask(back_end, "ticket.create", category="complaint", summary="多扣了钱", callback="13900001001")
    assert first == {
        "number": "60112735",
        "received": "2026-11-21",
        "team": "投诉处理组",
        "status": "处理中",
        "due": "2026-11-23",
    }
    repair = ask(back_end, "broadband.report", FAULTY, light="红灯")
    assert repair == {"number": "60112736", "due": "2026-11-22"}
    stranger = ask(back_end, "ticket.create", "10000000000", category="complaint", summary="x", callback="13900001001")
    assert stranger["number"] == "60112737"
    assert ask(back_end, "ticket.latest") == first
    assert ask(back_end, "ticket.latest", FAULTY)["number"] == "60112736"
    assert ask(back_end, "ticket.latest", COMPLAINED)["number"] == "60108842"


@pytest.mark.parametrize(
    ("category", "team"),
    [("complaint", "投诉处理组"), ("broadband_fault", "宽带维修组"), ("callback", "客户服务组")],
)
def test_a_ticket_goes_to_the_team_of_its_category_and_is_due_when_it_says(
    back_end: SampleLookups, category: str, team: str
) -> None:
    told = ask(
        back_end, "ticket.create", category=category, summary="光猫红灯", due="2026-11-22T21:30:00+08:00", light="红灯"
    )
    assert (told["team"], told["due"]) == (team, "2026-11-22")
    assert ask(back_end, "ticket.latest") == told


def test_a_hotline_s_customers_need_only_what_it_asks_about(tmp_path: Path) -> None:
    file = tmp_path / "customers.yaml"
    file.write_text(
        'next_ticket: "7001"\ncustomers:\n'
        '  "13900001001": {name: 甲, broadband: {has: true, fault_known: false, restored_by: null}}\n',
        encoding="utf-8",
    )
    back_end = SampleLookups(file, today=lambda: TODAY)
    assert ask(back_end, "caller.profile") == {"known": True, "age": None, "vip": False}
    assert ask(back_end, "broadband.status")["has"] is True
    assert ask(back_end, "ticket.latest")["number"] is None
    for name in ("account.balance", "account.usage", "plan.current", "plan.change"):
        with pytest.raises(LookupFailedError, match=r"文件里这位客户没有 `(account|data|plan)`；请加进 .*yaml"):
            ask(back_end, name, plan="全家套餐")


@pytest.mark.parametrize(
    "name", ["caller.profile", "account.balance", "plan.change", "broadband.report", "ticket.latest"]
)
def test_an_unknown_number_is_named_masked(back_end: SampleLookups, name: str) -> None:
    with pytest.raises(LookupFailedError, match=r"没有号码 100\*\*\*\*0000；.*customers\.yaml") as caught:
        ask(back_end, name, "10000000000", plan="全家套餐", light="红灯")
    assert "10000000000" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("plan.change", {"number": PLAIN, "plan": "无限套餐"}, "没有这个套餐"),
        ("plan.change", {"number": PLAIN}, "缺少参数 `plan`"),
        ("account.balance", {}, "缺少参数 `number`"),
        ("account.balance", {"number": 13900001001}, "缺少参数 `number`"),
        ("ticket.create", {"number": PLAIN, "category": "complaint", "summary": ""}, "缺少参数 `summary`"),
        ("ticket.create", {"category": "complaint"}, "缺少参数 `summary`"),
        ("ticket.create", {"category": "complaint", "summary": "x", "due": "soon"}, "`due` 不是 ISO 8601"),
        ("account.everything", {"number": PLAIN}, "答不了这种查询"),
    ],
)
def test_a_wrong_question_is_refused(
    back_end: SampleLookups, name: str, arguments: dict[str, Any], reason: str
) -> None:
    with pytest.raises(LookupFailedError, match=reason) as caught:
        asyncio.run(back_end.lookup(name, arguments))
    assert caught.value.where == name


@pytest.mark.parametrize(
    ("rule", "today", "day"),
    [
        ("today", date(2026, 2, 28), date(2026, 2, 28)),
        ("today+1", date(2026, 2, 28), date(2026, 3, 1)),
        ("today-20", date(2026, 1, 5), date(2025, 12, 16)),
        ("month_end", date(2028, 2, 1), date(2028, 2, 29)),
        ("month_end", date(2026, 12, 31), date(2026, 12, 31)),
        ("2026-11-28", date(2030, 1, 1), date(2026, 11, 28)),
    ],
)
def test_days_are_relative_to_the_call(rule: str, today: date, day: date) -> None:
    assert Day(rule).on(today) == day


@pytest.mark.parametrize("rule", ["", "tomorrow", "today+", "today+1d", "today +1", "2026-02-30"])
def test_other_days_are_refused(rule: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Day(rule)


def broken(old: str, new: str) -> bytes:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (broken("balance: 35.60", "balance: 35.605"), "customers.13900001001.account.balance"),
        (broken("balance: 35.60", "balance: lots"), "customers.13900001001.account.balance"),
        (broken("restored_by: today+1", "restored_by: soon"), "customers.13900001005.broadband.restored_by"),
        (broken("    age: 72", "    aeg: 72"), "customers.13900001002.aeg"),
        (broken("\nnext_ticket", "\nnxt_ticket"), "next_ticket"),
        (broken('"13900001002":', '"13900001001":'), "customers.yaml:"),
        (broken("vip: true", "\tvip: true"), "customers.yaml:"),
        (b"", "customers.yaml"),
        (b"- 1\n- 2\n", "customers.yaml"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"a: \x07", "customers.yaml"),
    ],
)
def test_a_broken_customers_file_is_one_error_at_its_place(tmp_path: Path, content: bytes, place: str) -> None:
    file = tmp_path / "customers.yaml"
    file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        SampleLookups(file)
    assert place in str(caught.value)
    assert str(file) in str(caught.value)
    assert not_chinese([caught.value.message]) == []


def test_a_missing_customers_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yaml: .*没有这个文件或文件夹；请照"):
        SampleLookups(tmp_path / "none.yaml")


class Stuck:
    """A provider of the worst kinds."""

    async def lookup(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        if name == "slow":
            await asyncio.Event().wait()
        if name == "wrong":
            raise KeyError(arguments["number"])
        if name == "failed":
            raise LookupFailedError("no such customer", where="failed")
        return {"fine": True}


@pytest.mark.parametrize(
    ("name", "reason"),
    [("slow", "no answer within 5 ms"), ("wrong", "the provider failed: KeyError"), ("failed", "no such customer")],
)
def test_the_guard_turns_every_failure_into_one_kind(name: str, reason: str) -> None:
    with pytest.raises(LookupFailedError, match=reason) as caught:
        asyncio.run(with_timeout(Stuck(), 5).lookup(name, {"number": "13800138000"}))
    assert "13800138000" not in str(caught.value)


def test_the_guard_lets_answers_through() -> None:
    assert asyncio.run(with_timeout(Stuck(), 1000).lookup("other", {})) == {"fine": True}
