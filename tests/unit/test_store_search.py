"""Finding calls: every filter against plain reading of what is stored, hostile values, scopes, pages, full text."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select

from gateway.console.rights import Scope
from gateway.errors import StoreError
from gateway.events import FlagRaised
from gateway.findings import SEVERITIES, Flag
from gateway.store import Store
from gateway.store import accounts as kept
from gateway.store.engine import open_engine
from gateway.store.forgetting import forget_call, forget_words, sweep
from gateway.store.fulltext import fold, index_words
from gateway.store.places import SORTS
from gateway.store.record import record, record_next
from gateway.store.saved_filters import MOST, SavedFilter, delete_filter, save_filter, saved_filters
from gateway.store.search import (
    GOING_ON,
    Filter,
    FoundCall,
    PageWanted,
    find_call,
    find_calls,
    sees,
    stream_found,
    values,
)
from gateway.store.tables import CallRow, TurnRow, WordsRow
from tests.support.console import account
from tests.support.many_calls import make_calls
from tests.support.stored import StoredCall, store_calls

pytestmark = pytest.mark.unit

ALL = Scope(view="all")
CALLS = 400
NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Read only."""
    folder = tmp_path_factory.mktemp("many")
    make_calls(folder, CALLS)
    with Store.open_for_reading(folder) as store:
        yield store


def found(store: Store, scope: Scope = ALL, **wanted: Any) -> list[FoundCall]:
    return list(stream_found(store, Filter(**wanted), scope, 100_000))


def everything(store: Store) -> list[FoundCall]:
    calls = found(store)
    assert len(calls) == CALLS
    return calls


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({"flags": ("churn",)}, lambda call: any(flag.flag == "churn" for flag in call.flags)),
        ({"flags": ("churn", "abuse")}, lambda call: {flag.flag for flag in call.flags} & {"churn", "abuse"}),
        ({"severities": ("high",)}, lambda call: call.flags and call.flags[0].severity == "high"),
        ({"routes": ("roaming", "agent")}, lambda call: call.route in {"roaming", "agent"}),
        ({"polarities": ("negative",)}, lambda call: call.polarity == "negative"),
        ({"anger": 2}, lambda call: call.anger >= 2),
        ({"hotlines": ("bank_hotline",)}, lambda call: call.flow == "bank_hotline"),
        ({"modes": ("elderly",)}, lambda call: call.mode == "elderly"),
        ({"number": "7"}, lambda call: call.caller_number.endswith("7")),
        ({"shortest_ms": 60_000.0, "longest_ms": 90_000.0}, lambda call: 60_000 <= call.duration_ms <= 90_000),
        ({"dispositions": ("transferred",)}, lambda call: call.queue),
        ({"dispositions": ("failed", GOING_ON)}, lambda call: call.disposition == "failed"),
        ({"satisfaction": (1, 2)}, lambda call: call.satisfaction in {1, 2}),
        ({"review": "open"}, lambda call: any(not flag.verdict for flag in call.flags)),
        ({"review": "done"}, lambda call: call.flags and all(flag.verdict for flag in call.flags)),
        ({"anger": 1, "hotlines": ("mobile_hotline",), "review": "open"}, lambda call: call.anger >= 1
         and call.flow == "mobile_hotline" and any(not flag.verdict for flag in call.flags)),
    ],
)  # fmt: skip
def test_a_filter_finds_what_fits_and_nothing_else(
    many: Store, wanted: dict[str, Any], fits: Callable[[FoundCall], bool]
) -> None:
    expected = [call.id for call in everything(many) if fits(call)]
    assert expected
    assert [call.id for call in found(many, **wanted)] == expected
    assert find_calls(many, Filter(**wanted), ALL).total == len(expected)


def test_a_time_begins_with_its_first_moment_and_ends_before_its_last(many: Store) -> None:
    calls = everything(many)
    some = calls[50:100]
    shown = found(many, since=some[-1].started_at, until=calls[49].started_at)
    assert [call.id for call in shown] == [call.id for call in some]


@pytest.mark.parametrize("sort", SORTS)
def test_each_order_shows_every_call_once_whatever_the_size_of_the_page(many: Store, sort: Any) -> None:
    whole = find_calls(many, Filter(sort=sort), ALL, PageWanted(rows=CALLS)).rows
    keys = {
        "newest": lambda call: -call.started_at.timestamp(),
        "oldest": lambda call: call.started_at.timestamp(),
        "longest": lambda call: -call.duration_ms,
        "shortest": lambda call: call.duration_ms,
        "angriest": lambda call: -call.anger,
    }
    assert list(whole) == sorted(whole, key=keys[sort])
    turned, after = [], ""
    while True:
        page = find_calls(many, Filter(sort=sort), ALL, PageWanted(rows=37, after=after, count=False))
        turned += page.rows
        if page.next is None:
            break
        after = page.next
    assert turned == list(whole)


def test_calls_that_are_added_between_two_pages_leave_no_gap_and_show_none_twice(tmp_path: Path) -> None:
    def at(second: int) -> str:
        return (NOW + timedelta(seconds=second)).isoformat()

    store_calls(tmp_path, [StoredCall(f"c{n}", at=at(n // 2)).says("查流量").ends() for n in range(10)])
    before = {f"c{n}" for n in range(10)}
    with Store.open_for_reading(tmp_path) as store:
        first = find_calls(store, Filter(), ALL, PageWanted(rows=4))
    store_calls(tmp_path, [StoredCall(f"new{n}", at=at(100 + n)).says("查话费").ends() for n in range(3)])
    with Store.open_for_reading(tmp_path) as store:
        rest = find_calls(store, Filter(), ALL, PageWanted(rows=50, after=first.next or ""))
        assert find_calls(store, Filter(), ALL).total == 13
    ids = [call.id for call in (*first.rows, *rest.rows)]
    assert len(ids) == len(set(ids)) == 10
    assert set(ids) == before


@pytest.mark.parametrize("place", ["x", "W10", "WzEsMiwzXQ", "bnVsbA", "\ud800", "é" * 5000, "W1tbW1tbW1tbW1tb"])
def test_a_place_that_is_not_ours_is_refused(many: Store, place: str) -> None:
    with pytest.raises(ValueError, match="place of a page"):
        find_calls(many, Filter(), ALL, PageWanted(after=place))


def test_the_place_of_another_order_is_refused(many: Store) -> None:
    place = find_calls(many, Filter(sort="longest"), ALL).next or ""
    with pytest.raises(ValueError, match="another order"):
        find_calls(many, Filter(sort="newest"), ALL, PageWanted(after=place))


HOSTILE = [
    "' OR 1=1 --", '" OR ""="', "%", "_", "\\", "'; DROP TABLE calls; --", "*", "a* OR b*", "NEAR(a b)", "pairs:我",
    "^", "-我", "(", ")", '"', "AND", "OR NOT", "\x00", "\x00\x01\n\t", "\ud800", "🙂", "我" * 10_000, "{", "+",
    "' UNION SELECT * FROM accounts --", "call_text", "rank", " churn ", "churn regulator",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_plain_text_and_find_nothing_that_is_not_theirs(many: Store, value: str) -> None:
    for wanted in (
        Filter(flags=(value,)),
        Filter(severities=(value,)),
        Filter(routes=(value,)),
        Filter(polarities=(value,)),
        Filter(hotlines=(value,)),
        Filter(modes=(value,)),
        Filter(number=value),
        Filter(dispositions=(value,)),
    ):
        assert find_calls(many, wanted, ALL).total == 0
    words = find_calls(many, Filter(words=value), ALL)
    said = {row.call_id: row.words for row in _words(many)}
    for call in words.rows:
        assert all(word in said[call.id] for word in fold([value[:200]]).split())
    assert len(everything(many)) == CALLS


def _words(store: Store) -> list[WordsRow]:
    with store.session() as session:
        return list(session.scalars(select(WordsRow)))


SCOPES = [
    (Scope(view="floor", hotlines=("bank_hotline",)), lambda call: call.flow == "bank_hotline"),
    (Scope(view="team", queues=("billing", "general")), lambda call: call.queue in {"billing", "general"}),
    (Scope(view="own", queues=("billing",)), lambda call: call.queue == "billing"),
]


@pytest.mark.parametrize(("scope", "inside"), SCOPES)
def test_no_filter_widens_a_scope(many: Store, scope: Scope, inside: Callable[[FoundCall], bool]) -> None:
    allowed = {call.id for call in everything(many) if inside(call)}
    assert 0 < len(allowed) < CALLS
    assert {call.id for call in found(many, scope)} == allowed
    outside = next(call for call in everything(many) if call.id not in allowed)
    for wanted in (
        {"hotlines": ("mobile_hotline", "bank_hotline")},
        {"routes": tuple({call.route for call in everything(many)})},
        {"number": outside.caller_number},
        {"words": "我"},
        {"dispositions": ("completed", "transferred", GOING_ON)},
        {"severities": SEVERITIES},
        {"review": "open"},
        *({"flags": (value,), "words": value} for value in HOSTILE[:6]),
    ):
        assert {call.id for call in found(many, scope, **wanted)} <= allowed
    place = find_calls(many, Filter(), ALL, PageWanted(rows=1)).next or ""
    assert {call.id for call in find_calls(many, Filter(), scope, PageWanted(rows=CALLS, after=place)).rows} <= allowed
    assert not sees(many, scope, outside.id)
    assert find_call(many, scope, outside.id) is None
    one = find_call(many, scope, min(allowed))
    assert one is not None
    assert one.id == min(allowed)


@pytest.mark.parametrize("view", ["own", "team", "floor", "everything", ""])
def test_who_has_no_queues_or_hotlines_sees_nothing(many: Store, view: Any) -> None:
    scope = replace(ALL, view=view)
    assert find_calls(many, Filter(), scope).rows == ()
    assert find_calls(many, Filter(), scope).total == 0
    assert values(many, scope).hotlines == ()


def test_words_of_any_length_are_found_inside_a_sentence(many: Store) -> None:
    said = {row.call_id: row.words for row in _words(many)}
    for words in ("流", "流量", "查一下流", "你们什么破公司", "流量 破公司", "宽带断", "５Ｇ", "1", "查 话 费"):
        expected = {call for call, text in said.items() if all(fold([word]) in text for word in words.split())}
        assert {call.id for call in found(many, words=words)} == expected
    assert found(many, words="流量")


def test_a_call_is_found_while_it_goes_on_by_what_was_said_until_now(tmp_path: Path) -> None:
    call = StoredCall("up").enters("main").says("我要查流量").says("再查一下積分")
    with Store.open(tmp_path) as store:
        for seq, event in enumerate(call.events):
            with store.writing() as session:
                record(session, seq, event)
        assert [one.id for one in found(store, words="流量 积分", dispositions=(GOING_ON,))] == ["up"]
        assert found(store, words="量再") == []  # across two sentences
        with store.writing() as session:
            row = session.get(TurnRow, ("up", 0))
            assert row is not None
            row.text = "我要查话费"
            index_words(session, "up")
        assert found(store, words="流量") == []
        assert len(found(store, words="话费")) == 1


NUMBERS = ("13800138000", "幺三八零零幺三八零零零", "８３２１９５", "138 0013 8000")


def test_long_numbers_are_not_in_the_full_text_so_that_nobody_finds_them_out_by_searching(tmp_path: Path) -> None:
    said = [f"我的号码是{number}别打错" for number in NUMBERS]
    store_calls(tmp_path, [StoredCall(f"c{at}").says(text).ends() for at, text in enumerate(said)])
    with Store.open_for_reading(tmp_path) as store:
        assert len(found(store, words="号码是")) == len(found(store, words="别打错")) == len(NUMBERS)
        for digits in ("".join(number.split()) for number in NUMBERS):
            for length in range(1, len(digits) + 1):
                assert found(store, words=digits[:length]) == []


ODD = ("", " ", "\x00", "🙂🙂", "\ud800", "۱۲۳", "ﷺ", "e\u0301", "A" * 100_000, "，。！")


def test_any_text_can_be_indexed_and_searched_for(tmp_path: Path) -> None:
    said = [text.encode(errors="ignore").decode() for text in ODD]
    store_calls(tmp_path, [StoredCall(f"c{at}").says(f"好的{text}").ends() for at, text in enumerate(said)])
    with Store.open_for_reading(tmp_path) as store:
        assert len(found(store, words="好的")) == len(ODD)
        for text in ODD:
            assert len(fold([text, text] * 20)) <= 20_000
            find_calls(store, Filter(words=text), ALL)
        assert len(found(store, words="aaa")) == 1


@pytest.mark.parametrize("forget", [forget_words, forget_call])
def test_forgotten_words_leave_the_index_and_the_file(tmp_path: Path, forget: Callable[..., object]) -> None:
    store_calls(tmp_path, [StoredCall(f"k{n}").says(f"麒麟查流量第{n}回").ends() for n in range(30)])
    store_calls(tmp_path, [StoredCall("gone").says("жщю").ends()])
    with Store.open(tmp_path) as store:
        assert [call.id for call in found(store, words="щю")] == ["gone"]
        assert "жщ".encode() in indexed(tmp_path)
        forget(store, "gone", "test", NOW)
        assert found(store, words="щю") == []
        sweep(store)
        assert _words(store)[-1].call_id != "gone"
        assert len(found(store, words="麒麟")) == 30
        with store.session() as session:
            row = session.get(CallRow, "gone")
            assert row is None or row.words_id is None
    with closing(sqlite3.connect(tmp_path / "voice-gateway.db")) as database:
        assert database.execute("INSERT INTO call_text(call_text) VALUES ('integrity-check')").fetchall() == []
    assert "жщ".encode() not in indexed(tmp_path)


def indexed(directory: Path) -> bytes:
    """The pages of the full text."""
    with closing(sqlite3.connect(directory / "voice-gateway.db")) as database:
        return b"".join(block for (block,) in database.execute("SELECT block FROM call_text_data"))


def test_calls_of_an_earlier_version_can_be_found_as_well(tmp_path: Path) -> None:
    handed = {"queue": "general", "handed_over": {}}
    store_calls(tmp_path, [StoredCall("a").says("查流量").ends("transferred", transfer=handed), StoredCall("b").ends()])
    flags = [
        Flag(flag=name, title=name, severity=severity, at_ms=1.0) for name, severity in (("z", "low"), ("a", "high"))
    ]
    with Store.open_beside(tmp_path) as store, store.writing() as session:
        for flag in flags:
            record_next(session, FlagRaised(call_id="a", at_ms=1.0, flag=flag))
    engine, config = open_engine(tmp_path / "voice-gateway.db"), Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
    engine.dispose()
    with Store.open(tmp_path) as store:
        for wanted in ({"words": "流量"}, {"flags": ("a",)}, {"flags": ("z",)}, {"severities": ("high",)}):
            assert [call.id for call in found(store, **wanted)] == ["a"]
        assert [call.id for call in found(store, Scope(view="team", queues=("general",)))] == ["a"]
        assert len(found(store)) == 2
        forget_words(store, "a", "test", NOW)
        assert found(store, words="流量") == []


def test_filters_are_saved_by_account_replaced_by_name_and_deleted(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        for name in ("qa", "manager"):
            kept.add_account(store, account("qa", name))
        save_filter(store, "qa", SavedFilter(name=" 生气的 ", query={"anger": ["2"]}))
        save_filter(store, "qa", SavedFilter(name="生气的", query={"anger": ["3"], "q": ["流量\ud800"]}))
        assert saved_filters(store, "qa") == [SavedFilter(name="生气的", query={"anger": ["3"], "q": ["流量"]})]
        assert saved_filters(store, "manager") == []
        delete_filter(store, "manager", "生气的")
        assert len(saved_filters(store, "qa")) == 1
        delete_filter(store, "qa", "生气的")
        assert saved_filters(store, "qa") == []
        for number in range(MOST):
            save_filter(store, "qa", SavedFilter(name=str(number), query={}))
        for bad in ("", "x" * 41, "一个太多"):
            with pytest.raises(StoreError):
                save_filter(store, "qa", SavedFilter(name=bad, query={}))
