"""A conversation in text: keys as the line assembles them, look-ups and transfers answered, every way to end."""

from __future__ import annotations

import datetime as dt

import pytest

from gateway.desk.conversation import Conversation, Remembering
from gateway.dialogue.actions import Lookup, LookupFailed, LookupSucceeded, Record
from tests.support.errands import Errands
from tests.support.small_flow import small_flow
from tests.support.talk import PhraseInText

pytestmark = pytest.mark.unit

MONDAY = dt.datetime(2026, 11, 23, 10, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))


def answers(asked: Lookup) -> LookupSucceeded | LookupFailed:
    known = {"caller.profile": {"known": True, "age": 30}, "account.bill": {"due": 35.5, "card": "金卡"}}
    return LookupSucceeded(known[asked.name]) if asked.name in known else LookupFailed("unknown")


def call(tmp_path, agents=True) -> Conversation:
    number = {"number": "13900001001"}
    talk = Conversation(small_flow(tmp_path), number, lambda: MONDAY, answers, agents=lambda _queue: agents)
    talk.start()
    return talk


def test_what_is_said_is_answered_with_what_the_caller_hears(tmp_path):
    talk = call(tmp_path)
    assert (talk.node, talk.mode, talk.ending) == ("main", "standard", None)
    assert talk.says("账单").text == "账单是三十五元五角，卡是金卡。还要什么？"


def test_keys_end_with_the_finish_key_and_what_is_left_answers_the_next_question(tmp_path):
    talk = call(tmp_path)
    exchange = talk.keys("21234#8")
    assert [understood.node for understood in exchange.understood] == ["main", "pin", "more"]
    assert talk.slots["pin"] == "1234"
    assert talk.ending is not None
    assert talk.ending.disposition == "completed"


def test_keys_without_a_finish_key_wait_for_the_time_between_keys(tmp_path):
    talk = call(tmp_path)
    talk.keys("2")
    talk.keys("12345")
    assert talk.slots["pin"] == "12345"


def test_who_hangs_up_before_being_served_abandons_the_call(tmp_path):
    early = call(tmp_path)
    early.hangs_up()
    served = call(tmp_path)
    served.says("账单")
    served.hangs_up()
    assert [talk.ending and talk.ending.disposition for talk in (early, served)] == ["abandoned", "completed"]


def test_a_human_takes_the_caller_or_nobody_does(tmp_path):
    taken, refused = call(tmp_path), call(tmp_path, agents=False)
    for talk in (taken, refused):
        talk.says("人工")
    assert taken.ending is not None
    assert (taken.ending.disposition, taken.ending.queue) == ("transferred", "general")
    assert refused.ending is not None
    assert refused.ending.reason == "completed"  # unavailable: goodbye
    assert refused.node == "goodbye"


def test_what_is_said_at_a_message_is_left(tmp_path):
    errands = Errands(tmp_path)
    held = errands.one("clock: 2026-11-24 10:30\nsteps:\n  - {says: 请回电, at: leave, hears: 再见}")
    assert held.passed
    assert any(isinstance(event, Record) for exchange in held.exchanges for event in exchange.happened)


def test_a_remembering_matcher_matches_each_utterance_once():
    class Counting(PhraseInText):
        asked = 0

        def match(self, *arguments):
            Counting.asked += 1
            return super().match(*arguments)

    matcher = Remembering(Counting({"bill": ["账单"]}, 0.5, 0.4))
    assert matcher.match("账单") == matcher.match("账单")
    assert matcher.match("人工").option is None
    assert Counting.asked == 2
