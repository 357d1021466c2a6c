"""Words on the rise: found where a week has them, and nowhere else."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gateway.console.rights import Scope
from gateway.store import Store, rising
from gateway.store.fulltext import index_words
from gateway.store.grams import Corpus, likelihood_root, log_odds
from gateway.store.rising import Said, compare, rising_words
from gateway.store.tables import TurnRow
from tests.support.report import NOW, add_call

pytestmark = pytest.mark.unit

ALL = Scope(view="all")
DAY = dt.timedelta(days=1)
MATTERS = (
    "你们乱扣费 话费不对", "宽带断网三天 没人来修", "客服态度很差", "套餐退订不了", "信号不好 一直转圈",
    "催单号 短信没收到", "多收了三十块 要退钱", "师傅没上门 打了三次电话",
)  # fmt: skip


def week(name: str, calls: int, seed: int, extra: str = "", every: int = 0) -> list[Said]:
    """Complaints; every so many-th says `extra` as well."""
    chance = random.Random(seed)
    said = []
    for number in range(calls):
        words = " ".join(chance.sample(MATTERS, 3))
        if every and number % every == 0:
            words += f" {chance.choice('我他啊')}{extra}{chance.choice('了呢怎')}"
        said.append(Said(call_id=f"{name}{number}", words=words))
    return said


def say(store: Store, call_id: str, words: str) -> None:
    """Have the caller say it."""
    with store.writing() as session:
        turn = {"node": "main", "kind": "speech", "text": words, "keys": "", "alternatives": [], "outcome": "accept"}
        times = dict.fromkeys(("start_ms", "end_ms", "heard_ms", "silence_window_ms", "recognise_ms"), 0.0)
        session.add(TurnRow(call_id=call_id, index=0, **turn, **times))
        session.flush()
        index_words(session, call_id)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store") as opened:
        yield opened


def test_a_word_that_callers_begin_to_say_is_told_whole_with_its_latest_calls() -> None:
    found = compare(week("new", 400, 1, "积分清零", every=10), week("old", 400, 2))
    assert [one.word for one in found] == ["积分清零"]
    assert (found[0].calls, found[0].before) == (40, 0)
    assert found[0].latest == ("new390", "new380", "new370", "new360", "new350")


def test_a_word_that_was_there_before_is_told_when_more_say_it() -> None:
    found = compare(week("new", 600, 1, "合约机", every=6), week("old", 600, 2, "合约机", every=40))
    assert [(one.word, one.before) for one in found] == [("合约机", 15)]


def test_two_weeks_that_are_the_same_tell_nothing() -> None:
    told = [compare(week("new", 300, seed), week("old", 300, seed + 100)) for seed in range(20)]
    assert told == [()] * 20


def test_a_word_that_has_fallen_is_not_told() -> None:
    assert compare(week("new", 400, 1), week("old", 400, 2, "积分清零", every=10)) == ()


def test_what_a_few_callers_say_is_nothing_yet() -> None:
    assert compare(week("new", 400, 1, "积分清零", every=100), week("old", 400, 2)) == ()


def test_a_word_that_one_caller_repeats_counts_once() -> None:
    nagging = [*week("new", 400, 1), Said(call_id="nag", words="积分清零 " * 40)]
    assert compare(nagging, week("old", 400, 2)) == ()


def test_fillers_on_the_rise_are_not_told() -> None:
    assert compare(week("new", 400, 1, "然后", every=4), week("old", 400, 2)) == ()


@pytest.mark.parametrize("words", ["", " ", "\0", "a", "😀😀😀😀", "\ud800\ud801", "x" * 100_000, "مرحبا بالعالم"])
def test_texts_of_any_kind_are_compared(words: str) -> None:
    odd = [Said(call_id=str(number), words=words) for number in range(6)]
    assert compare(odd, odd) == ()
    assert isinstance(compare(odd, week("old", 10, 1)), tuple)


def test_a_run_counts_each_text_once_and_never_across_two_sentences() -> None:
    grams, _ = Corpus(["丙丁"] * 30, ["甲乙 丙", "甲乙 戊甲乙"] * 10).risen(2, 5)
    assert [(gram.word, len(gram.texts)) for gram in grams] == [("甲乙", 20), ("戊甲", 10)]


def test_the_likelihood_root_is_that_of_the_table_and_signed() -> None:
    # 30 of 100 against 10 of 100: G2 = 2 * sum(O ln O/E) = 12.9 by hand
    up = likelihood_root(np.array([30]), np.array([10]), 100, 100)
    down = likelihood_root(np.array([10]), np.array([30]), 100, 100)
    assert up[0] == pytest.approx(12.95**0.5, abs=0.01)
    assert down[0] == pytest.approx(-up[0])


def test_the_log_odds_shrink_towards_nothing_for_rare_words() -> None:
    z = log_odds(np.array([2, 200]), np.array([1, 100]), 1000, 1000)
    assert 0 < z[0] < 1 < z[1]


def test_the_store_is_asked_for_complaints_of_the_two_weeks_in_the_scope(store: Store) -> None:
    for number in range(6):
        for days, extra in ((1, "积分清零"), (8, "")):
            say(store, add_call(store, ago=days * DAY, route="billing_dispute"), f"乱扣费 {extra}")
            say(store, add_call(store, ago=days * DAY, route="broadband_fault", flow="other"), f"断网 {extra}")
        say(store, add_call(store, ago=DAY, route="billing_query"), f"查话费 {number}")
        say(store, add_call(store, ago=20 * DAY, route="billing_dispute"), "很久以前")
    found = rising_words(store, ALL, NOW)
    assert (found.calls, found.before, found.one_in) == (12, 12, 1)
    assert [(one.word, one.calls) for one in found.words] == [("积分清零", 12)]
    assert rising_words(store, Scope(view="floor", hotlines=("other",)), NOW).calls == 6
    assert rising_words(store, ALL, NOW, hotline="small").calls == 6
    assert rising_words(store, Scope(view="team", queues=()), NOW).calls == 0


def test_angry_calls_of_any_route_are_complaints(store: Store) -> None:
    say(store, add_call(store, route="billing_query", polarity="negative"), "气死我了")
    say(store, add_call(store, route="billing_query", polarity="neutral"), "谢谢")
    assert rising_words(store, ALL, NOW).calls == 1


def test_of_too_many_complaints_every_so_many_th_is_looked_at(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rising, "MOST_CALLS", 5)
    for _ in range(11):
        say(store, add_call(store, route="billing_dispute"), "乱扣费")
    found = rising_words(store, ALL, NOW)
    assert found.one_in == 3
    assert found.calls in {3, 4}
