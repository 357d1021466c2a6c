"""What leaves the console of its calls, as a file and by the API: masked, in scope, on record, and no formulas."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import hashlib
import io
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from gateway.console.app import create_app
from gateway.console.calls.labels import Titles
from gateway.console.calls.query import address_of, asked, clean, query_of, told
from gateway.console.calls.sheet import COLUMNS, Sheet, safe
from gateway.console.rights import ROLES, VIEWS, Right, Role, Scope, Visitor
from gateway.settings import Settings
from gateway.store import Store
from gateway.store import accounts as kept
from gateway.store.search import Filter, FoundCall, RaisedFlag, stream_found
from tests.support.console import account
from tests.support.stored import CALLER, StoredCall, store_calls

pytestmark = pytest.mark.unit

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 29, 9, 30, tzinfo=SHANGHAI)
BASE = "http://127.0.0.1:8090"
HOSTILE = ("=1+1", "+86", "-2", "@SUM(A1)", "\t=1", " =1", "＝1", "|calc", "=cmd|' /C calc'!A0", "\r\n=1")


def visitor(role: Role) -> Visitor:
    scope = Scope(view=VIEWS[role], queues=("general",), hotlines=("small",))
    return Visitor(account=role, title=role, role=role, scope=scope, token_sha256="", address="192.0.2.1")


def call(**values: Any) -> FoundCall:
    usual: dict[str, Any] = {
        "id": "c1", "started_at": dt.datetime(2026, 11, 29, 1, 0, tzinfo=dt.UTC), "caller_number": "13900001001",
        "flow": "small", "mode": "standard", "route": "agent", "polarity": "negative", "anger": 2,
        "duration_ms": 61_400.0, "disposition": "transferred", "queue": "general", "satisfaction": 5,
    }  # fmt: skip
    return FoundCall(**{**usual, **values})


def sheet(**values: Any) -> Sheet:
    return Sheet(zone=SHANGHAI, titles=Titles({"agent": "转人工"}, {}, {}), **values)


def read(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


# ------------------------------------------------------------------------------------------------------------ the file


def test_a_call_is_a_row_in_words() -> None:
    flag = RaisedFlag(flag="abuse", title="辱骂", severity="high", verdict="")
    title, row = read(b"".join(sheet().lines([call(flags=(flag,))])))
    assert title == list(COLUMNS)
    assert row == [
        "c1", "2026-11-29 09:00:00", "139****1001", "small", "普通", "转人工", "负面", "2", "辱骂（高）", "高", "61",
        "转人工", "general", "5", "待复核",
    ]  # fmt: skip


def test_numbers_are_whole_only_when_asked_for() -> None:
    assert "13900001001" not in b"".join(sheet().lines([call()])).decode()
    assert "sip:alice" not in b"".join(sheet().lines([call(caller_number="sip:alice@example.org")])).decode()
    assert read(b"".join(sheet(unmasked=True).lines([call()])))[1][2] == "13900001001"


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_cell_is_a_formula(text: str) -> None:
    flag = RaisedFlag(flag=text, title=text, severity=text, verdict="")
    odd = call(
        id=text, caller_number=text, flow=text, mode=text, route=text, polarity=text, disposition=text, queue=text,
        flags=(flag,),
    )  # fmt: skip
    for row in read(b"".join(sheet(unmasked=True).lines([odd])))[1:]:
        assert len(row) == len(COLUMNS)
        assert not [cell for cell in row if cell.lstrip().startswith(("=", "+", "-", "@", "＝", "|"))]


def test_texts_that_no_file_holds_are_written_without_what_is_wrong() -> None:
    assert safe('a\ud800b\x00c\x1b[0m,"d"') == 'abc[0m,"d"'


def test_a_file_that_is_cut_says_so() -> None:
    rows = read(b"".join(sheet().lines((call(id=str(number)) for number in range(1000)), most=450)))
    assert len(rows) == 1 + 450 + 1
    assert rows[-1] == ["只导出了前 450 通；请缩小筛选范围后再导出其余的。"]
    assert len(read(b"".join(sheet().lines((call() for _ in range(450)), most=450)))) == 1 + 450


# --------------------------------------------------------------------------------------------------------- the address


def test_an_address_and_its_filter_are_the_same_there_and_back() -> None:
    query = query_of("?flag=churn&flag=abuse&q=流量 话费&anger=2&to=2026-11-28&other=1&mode=&after=x&stars=5")
    assert query == clean((name, value) for name, values in query.items() for value in values)
    assert query_of(address_of(query)) == query
    found = asked(query, NOW, visitor("qa"))
    assert found.mistakes == ()
    assert found.filter == Filter(
        flags=("churn", "abuse"), words="流量 话费", anger=2, satisfaction=(5,),
        until=dt.datetime(2026, 11, 29, tzinfo=SHANGHAI),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("when", "since", "until"),
    [
        ("today", dt.datetime(2026, 11, 29, tzinfo=SHANGHAI), None),
        ("yesterday", dt.datetime(2026, 11, 28, tzinfo=SHANGHAI), dt.datetime(2026, 11, 29, tzinfo=SHANGHAI)),
        ("7d", dt.datetime(2026, 11, 23, tzinfo=SHANGHAI), None),
    ],
)
def test_days_are_counted_where_the_hotline_is(when: str, since: dt.datetime, until: dt.datetime | None) -> None:
    found = asked({"when": [when]}, NOW, visitor("qa")).filter
    assert (found.since, found.until) == (since, until)


@pytest.mark.parametrize(
    "address",
    [
        "anger=x", "anger=nan", "anger=9", "anger=-1", "min_s=1e400", "max_s=;DROP", "from=yesterday", "to=0001-01-01",
        "from=9999-12-31T23:59:59-14:00", "when=never", "review=maybe", "stars=6", "sort=id; --", "anger=" + "9" * 9000,
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_mistake_told_and_not_a_filter(address: str) -> None:
    found = asked(query_of(address), NOW, visitor("qa"))
    assert len(found.mistakes) == 1
    assert found.filter == Filter()


def test_a_hostile_address_is_cut_to_what_can_be_looked_for() -> None:
    query = query_of("&".join(f"flag={'我' * 500}{number}&q=%00%ff{number}" for number in range(5000)))
    assert all(len(values) <= 50 and all(len(value) <= 200 for value in values) for values in query.values())
    assert query_of("q=\ud800%ED%A0%80a") == {"q": ["a"]}


@pytest.mark.parametrize(
    ("number", "is_allowed"),
    [("1001", True), ("01001", False), ("001-001", False), ("1390000100", False), ("13900001001", True),
     ("+86 139 0000 1001", True), ("０１００１", False)],
)  # fmt: skip
def test_who_may_not_see_numbers_cannot_find_them_out_digit_by_digit(number: str, is_allowed: bool) -> None:
    masked = asked({"number": [number]}, NOW, visitor("qa"))
    assert (not masked.mistakes) == is_allowed
    assert masked.filter.number == (number if is_allowed else "#")
    assert asked({"number": [number]}, NOW, visitor("admin")).filter.number == number


def test_the_audit_has_no_whole_number() -> None:
    assert told({"number": ["13900001001"], "q": ["流量"]}) == {"q": "流量", "number": "*1001"}


# ---------------------------------------------------------------------------------------------------------- the routes


class Desk:
    """The console's plain routes, on no socket, with somebody of every role logged in."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.app = create_app(Settings(), store, with_pages=False)
        now = dt.datetime.now(dt.UTC)
        for role in ROLES:
            kept.add_account(store, account(role, hotlines=("small",)))
            kept.open_login(store, role, hashlib.sha256(role.encode()).hexdigest(), now)

    def ask(self, role: str, path: str, **asked: Any) -> httpx.Response:
        async def one() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=BASE, cookies={"vg_login": role}) as client:
                return await client.get(path, params=asked)

        return asyncio.run(one())

    def audit(self) -> list[kept.Audited]:
        return [entry for _, entry in kept.list_audit(self.store)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("store")
    said = "我的号码是13800138000，查流量"
    handed = {"queue": "general", "handed_over": {}}
    calls = [
        StoredCall("handed").enters("main").says(said).ends("transferred", transfer=handed),
        StoredCall("kept", at="2026-11-22T10:00:00+08:00").enters("main").says("<script>alert(1)</script>").ends(),
    ]
    store_calls(folder, calls)
    with Store.open_beside(folder) as store:
        yield Desk(store)


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["calls"]]


def test_the_api_finds_calls_page_by_page(desk: Desk) -> None:
    first = desk.ask("qa", "/api/calls", rows=1)
    assert ids(first) == ["kept"]
    assert (first.json()["total"], first.json()["more_than_total"]) == (2, False)
    second = desk.ask("qa", "/api/calls", rows=1, after=first.json()["next"])
    assert ids(second) == ["handed"]
    assert second.json()["next"] is None
    assert ids(desk.ask("qa", "/api/calls", q="流量")) == ["handed"]


@pytest.mark.parametrize(
    "asked", [{"anger": "x"}, {"after": "x"}, {"rows": "0"}, {"rows": "501"}, {"unmask": "maybe"}, {"from": "x"}]
)
def test_the_api_refuses_what_it_cannot_read(desk: Desk, asked: dict[str, str]) -> None:
    answer = desk.ask("qa", "/api/calls", **asked)
    assert answer.status_code == 422
    assert answer.json()["detail"]


@pytest.mark.parametrize("role", ["agent", "team_leader"])
def test_a_call_out_of_sight_does_not_exist(desk: Desk, role: str) -> None:
    assert ids(desk.ask(role, "/api/calls", hotline="small")) == ["handed"]
    assert desk.ask(role, "/api/calls/handed").status_code == 200
    assert desk.ask(role, "/api/calls/kept").status_code == 404
    for odd in ("none", "%00", "..%2F..%2Fetc%2Fpasswd", "x" * 5000, "' OR 1=1"):
        assert desk.ask(role, f"/api/calls/{odd}").status_code == 404


@pytest.mark.parametrize("role", ROLES)
def test_nobody_gets_a_whole_number_without_the_right_and_the_record(desk: Desk, role: Role) -> None:
    may = visitor(role).may(Right.UNMASK)
    for path in ("/api/calls", "/api/calls/handed", "/export/calls.csv"):
        if path == "/export/calls.csv" and not visitor(role).may(Right.EXPORT):
            assert desk.ask(role, path).status_code == 403
            continue
        masked = desk.ask(role, path)
        assert masked.status_code == 200
        assert not [number for number in (CALLER, "13800138000") if number in masked.text]
        before = len([entry for entry in desk.audit() if entry.action == "unmask"])
        whole = desk.ask(role, path, unmask="1")
        assert whole.status_code == (200 if may else 403)
        assert (CALLER in whole.text) == may
        assert len([entry for entry in desk.audit() if entry.action == "unmask"]) == before + may


def test_an_export_has_what_the_filter_finds_and_is_on_record(desk: Desk) -> None:
    answer = desk.ask("team_leader", "/export/calls.csv", q="流量", number="1001")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = read(answer.content)
    assert [row[0] for row in rows[1:]] == ["handed"]
    entry = desk.audit()[0]
    assert (entry.action, entry.account) == ("export", "team_leader")
    assert entry.detail == {"rows": "1", "q": "流量", "number": "*1001"}


def test_a_call_of_the_api_has_its_transcript_and_findings(desk: Desk) -> None:
    answer = desk.ask("qa", "/api/calls/kept").json()
    assert [one["text"] for one in answer["segments"]] == ["<script>alert(1)</script>"]
    assert (answer["findings"], answer["flags"], answer["reviews"]) == (None, [], {})


def test_the_whole_of_many_calls_is_streamed_in_order(desk: Desk) -> None:
    assert [one.id for one in stream_found(desk.store, Filter(), visitor("qa").scope, 1)] == ["kept"]
