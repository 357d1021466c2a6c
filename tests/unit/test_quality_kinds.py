"""Every kind of quality rule: when it holds, and the words and moments that it shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.analytics.conversation import Conversation
from gateway.analytics.patterns import MAX_OVERRUNS
from gateway.analytics.quality import Scorecards
from gateway.analytics.quality.kinds.pattern import Match
from gateway.analytics.quality.talk import Found, Talk
from gateway.findings import Flag, QualityHit, Voice
from tests.support.quality import ask, cards, segment, talk, turn

pytestmark = pytest.mark.unit

CALL = talk(
    "坐：您好，很高兴为您服务",
    "客：我的宽带又断了",
    "坐：非常抱歉，给您带来不便",
    "客：这是第三次了",
    "坐：帮您登记，二十四小时内答复",
    "客：好的",
    "坐：感谢来电，再见",
)


def hit(folder: Path, condition: str, call: Conversation) -> QualityHit:
    rules = f"cards: {{c: {{title: 卡, rules: {{r: {{title: 条, points: -1, must_not: {condition}}}}}}}}}"
    return cards(folder, rules).score(call, ())[0].hits[0]


@pytest.mark.parametrize(
    ("condition", "holds", "shown"),
    [
        ("{keywords: {any: [抱歉, 对不起]}}", True, ["抱歉"]),
        ("{keywords: {any: [登记二十四]}}", True, ["登记，二十四"]),  # marks don't count
        ("{keywords: {participant: customer, any: [抱歉]}}", False, []),
        ("{keywords: {all: [抱歉, 登记]}}", True, ["抱歉", "登记"]),
        ("{keywords: {all: [抱歉, 赔偿]}}", False, ["抱歉"]),
        ("{keywords: {none: [没办法, 不知道]}}", True, []),
        ("{keywords: {none: [登记]}}", False, ["登记"]),
        ("{keywords: {participant: agent, any: [您好], opening: 1}}", True, ["您好"]),
        ("{keywords: {participant: agent, any: [抱歉], opening: 1}}", False, []),
        ("{keywords: {participant: agent, any: [抱歉], opening: 2}}", True, ["抱歉"]),
        ("{keywords: {participant: agent, any: [再见], closing: 1}}", True, ["再见"]),
        ("{keywords: {participant: agent, any: [登记], closing: 1}}", False, []),
        ("{keywords: {any: [抱歉], opening: 2s}}", False, []),
        ("{keywords: {any: [抱歉], opening: 10s}}", True, ["抱歉"]),
        ("{keywords: {any: [再见], closing: 1s}}", True, ["再见"]),
        ("{keywords: {any: [登记], closing: 1s}}", False, []),
        ("{keywords: {participant: service, any: [抱歉]}}", True, ["抱歉"]),
        ("{pattern: {regex: '第[一二三]次'}}", True, ["第三次"]),
        ("{pattern: {regex: '第[一二三]次', participant: agent}}", False, []),
        ("{pattern: {regex: '您', at_least: 5}}", False, ["您"] * 4),
        ("{similar: {sentences: [抱歉给您造成不便]}}", True, ["抱歉，给您带来不便"]),
        ("{similar: {sentences: [请您到营业厅办理]}}", False, []),
        ("{order: {first: {keywords: {any: [抱歉]}}, then: {keywords: {any: [登记]}}}}", True, ["抱歉", "登记"]),
        ("{order: {first: {keywords: {any: [登记]}}, then: {keywords: {any: [抱歉]}}}}", False, ["登记", "抱歉"]),
        ("{order: {first: {keywords: {any: [抱歉]}}, then: {keywords: {any: [赔偿]}}}}", False, ["抱歉"]),
        ("{any: [{keywords: {any: [赔偿]}}, {keywords: {any: [登记]}}]}", True, ["登记"]),
        ("{all: [{keywords: {any: [抱歉]}}, {keywords: {any: [赔偿]}}]}", False, []),
        ("{not: {keywords: {any: [赔偿]}}}", True, []),
        ("{not: {keywords: {any: [抱歉]}}}", False, ["抱歉"]),
    ],
)
def test_a_condition_holds_or_not_and_shows_the_words(tmp_path: Path, condition: str, holds: bool, shown: list[str]):
    assert ask(tmp_path, condition, CALL) == (holds, shown)


def test_evidence_stands_at_its_characters_and_milliseconds(tmp_path: Path):
    (piece,) = hit(tmp_path, "{keywords: {any: [抱歉]}}", CALL).evidence
    said = CALL.segments[2]
    assert (piece.segment, said.text[piece.start : piece.end]) == (2, "抱歉")
    assert (piece.begin_ms, piece.end_ms) == (said.begin_ms + 400, said.begin_ms + 800)


def test_words_misheard_as_their_homophones_count_when_asked_for(tmp_path: Path):
    call = talk("坐：宁好，欢应致电")
    assert not ask(tmp_path, "{keywords: {any: [欢迎致电]}}", call)[0]
    assert ask(tmp_path, "{keywords: {any: [欢迎致电], by_sound: true}}", call) == (True, ["欢应致电"])


def test_a_sentence_is_known_by_its_sound_within_other_words(tmp_path: Path):
    call = talk("坐：嗯那个非常包歉给您带来不变啊然后呢我看一下")
    assert ask(tmp_path, "{similar: {sentences: [非常抱歉给您带来不便]}}", call) == (True, ["非常包歉给您带来不变"])


FOLLOWS = "{follows: {after: {keywords: {any: [生气]}}, then: {keywords: {participant: agent, any: [抱歉]}}, %s}}"


@pytest.mark.parametrize(
    ("lines", "how", "holds", "shown"),
    [
        (["客：我很生气", "坐：您说", "坐：抱歉"], "turns: 2", True, ["抱歉"]),
        (["客：我很生气", "坐：您说", "坐：抱歉"], "turns: 1", False, ["生气"]),
        (["坐：抱歉", "客：我很生气", "坐：您说"], "turns: 2", False, ["生气"]),
        (["客：我很生气", "客：真的", "客：唉", "坐：抱歉"], "turns: 1", True, ["抱歉"]),  # the agent's turns count
        (["客：生气", "坐：抱歉", "客：还生气", "坐：哦"], "turns: 1", False, ["生气"]),
        (["客：生气", "坐：抱歉", "客：还生气", "坐：哦"], "turns: 1, only_first: true", True, ["抱歉"]),
        (["客：生气@0-1", "坐：抱歉@5-6"], "within: 3s", False, ["生气"]),
        (["客：生气@0-1", "坐：抱歉@3-4"], "within: 3s", True, ["抱歉"]),
        (["客：没事", "坐：好"], "turns: 1", True, []),
    ],
)
def test_one_thing_follows_another_in_time(tmp_path: Path, lines: list[str], how: str, holds: bool, shown: list[str]):
    assert ask(tmp_path, FOLLOWS % how, talk(*lines)) == (holds, shown)


def test_silence_is_what_nobody_speaks_in_and_belongs_to_whom_it_follows(tmp_path: Path):
    call = talk("客：喂@0-1", "坐：您好@3-4", "客：我问一下@10-12", "坐：请讲@15-16", duration_ms=30_000.0)
    long = hit(tmp_path, "{silence: {longer: 5s}}", call).evidence
    assert [(piece.begin_ms, piece.end_ms, piece.text) for piece in long] == [(4000, 10_000, ""), (16_000, 30_000, "")]
    assert ask(tmp_path, "{silence: {longer: 5s, after: customer}}", call)[0] is False
    assert ask(tmp_path, "{silence: {longer: 2500ms, after: customer}}", call)[0]
    assert ask(tmp_path, "{silence: {longer: 5s, at_least: 3}}", call)[0] is False


def test_who_speaks_within_the_others_words_leaves_no_silence(tmp_path: Path):
    call = talk("坐：我给您念一下@0-20", "客：嗯@2-3", "坐：就这样@21-22")
    assert not ask(tmp_path, "{silence: {longer: 2s}}", call)[0]


def test_pace_is_characters_a_second_of_the_speech_alone(tmp_path: Path):
    call = talk("坐：一二三四五六七八九十一二三四五六@0-2", "坐：快@2-2.01", "客：一二三四五六七八九十@4-14")
    assert ask(tmp_path, "{pace: {participant: agent, over: 7}}", call) == (True, ["一二三四五六七八九十一二三四五六"])
    assert not ask(tmp_path, "{pace: {participant: agent, over: 9}}", call)[0]
    assert not ask(tmp_path, "{pace: {participant: agent, over: 7, at_least: 2}}", call)[0]
    assert ask(tmp_path, "{pace: {under: 2}}", call) == (True, ["一二三四五六七八九十"])
    voice = Voice(loudness_dbfs=-20.0, pitch_hz=None, pitch_high_hz=None, speech_ms=3000.0)
    paused = replace(call, segments=(call.segments[0], replace(call.segments[2], index=1, voice=voice)))
    assert not ask(tmp_path, "{pace: {under: 2}}", paused)[0]


def test_interrupting_is_to_stop_the_other_or_to_talk_over_them(tmp_path: Path):
    call = talk("客：我想问一下这个月的话费@0-5", "坐：您稍等我说完@3-6", "客：好@7-8")
    assert not ask(tmp_path, "{interruption: {participant: agent}}", call)[0]
    assert ask(tmp_path, "{interruption: {participant: agent, overlap: 1s}}", call) == (True, ["您稍等我说完"])
    assert not ask(tmp_path, "{interruption: {participant: agent, overlap: 3s}}", call)[0]
    stopped = replace(call, segments=(call.segments[0], replace(call.segments[1], interrupts=True), call.segments[2]))
    assert ask(tmp_path, "{interruption: {participant: agent}}", stopped)[0]
    assert not ask(tmp_path, "{interruption: {participant: customer}}", stopped)[0]


@pytest.mark.parametrize(
    ("condition", "moods", "holds"),
    [
        ("{mood: {anger: 2}}", [("negative", 1), ("negative", 2)], True),
        ("{mood: {anger: 3}}", [("negative", 1), ("negative", 2)], False),
        ("{mood: {negative_turns: 2}}", [("negative", 0), ("neutral", 0)], False),
        ("{mood: {ends: negative}}", [("neutral", 0), ("negative", 0)], True),
        ("{mood: {ends: negative}}", [("negative", 0), ("positive", 0)], False),
        ("{mood: {improved: true}}", [("negative", 0), ("positive", 0)], True),
        ("{mood: {improved: false}}", [("negative", 0), ("negative", 0)], True),
        ("{mood: {improved: false}}", [("neutral", 0), ("neutral", 0)], False),  # nothing to improve
        ("{mood: {improved: false}}", [("negative", 0)], False),
        ("{mood: {anger: 1}}", [], False),
    ],
)
def test_mood_is_that_of_the_callers_turns(tmp_path: Path, condition: str, moods: list[tuple], holds: bool):
    call = talk(*("客：哎" for _ in moods))
    turns = [turn(index, polarity, anger) for index, (polarity, anger) in enumerate(moods)]
    assert ask(tmp_path, condition, call, turns)[0] is holds


def test_the_same_sentence_in_other_words_is_a_repetition(tmp_path: Path):
    asked = [
        "坐：请问您的身份证号码是多少",
        "客：等一下",
        "坐：请问您身份证号码多少",
        "客：好",
        "坐：请问你的身份证号码是多少",
    ]
    assert ask(tmp_path, "{repetition: {participant: agent, times: 3}}", talk(*asked))[0]
    assert not ask(tmp_path, "{repetition: {participant: agent, times: 4}}", talk(*asked))[0]
    assert not ask(tmp_path, "{repetition: {times: 2}}", talk("坐：好的", "客：好的", "坐：好的"))[0]
    assert not ask(tmp_path, "{repetition: {times: 2}}", talk("坐：我要转人工", "客：我要转人工"))[0]  # two people


def test_durations_of_the_call_of_a_turn_and_of_a_hold(tmp_path: Path):
    call = talk("坐：请稍等@0-2", "客：好@3-4", "坐：久等了@50-52", "客：一直说@60-130")
    assert ask(tmp_path, "{duration: {over: 2m}}", call) == (True, [])
    assert not ask(tmp_path, "{duration: {under: 2m}}", call)[0]
    assert ask(tmp_path, "{duration: {of: turn, over: 60s}}", call) == (True, ["一直说"])
    assert not ask(tmp_path, "{duration: {of: turn, participant: agent, over: 60s}}", call)[0]
    (hold,) = hit(tmp_path, "{duration: {of: hold, over: 30s}}", call).evidence
    assert (hold.begin_ms, hold.end_ms) == (2000, 50_000)
    assert not ask(tmp_path, "{duration: {of: hold, over: 49s}}", call)[0]


def test_what_the_machine_made_of_the_answers(tmp_path: Path):
    taken = ["no_match", "no_match", "accept", "no_input"]
    answers = tuple(
        segment(index, "customer", "嗯", index * 1000.0, index * 1000.0 + 500, outcome=outcome)
        for index, outcome in enumerate(taken)
    )
    call = replace(talk("客：嗯"), segments=answers)
    assert ask(tmp_path, "{answers: {outcome: [no_match, no_input], at_least: 3}}", call)[0]
    assert not ask(tmp_path, "{answers: {outcome: [no_match, no_input], at_least: 3, in_a_row: true}}", call)[0]
    assert ask(tmp_path, "{answers: {outcome: [no_match], at_least: 2, in_a_row: true}}", call)[0]


@pytest.mark.parametrize(
    ("condition", "facts", "holds"),
    [
        ("{call: {disposition: [abandoned]}}", {"disposition": "abandoned"}, True),
        ("{call: {disposition: [abandoned]}}", {"disposition": "completed"}, False),
        ("{call: {transfer_asked: true, transferred: false}}", {"transfer_asked": True}, True),
        ("{call: {transfer_asked: true, transferred: false}}", {"transfer_asked": True, "transferred": True}, False),
        ("{call: {ticket: true}}", {"tickets": ({"number": "1"},)}, True),
        ("{call: {ticket: true}}", {}, False),
        ("{call: {satisfaction_at_most: 2}}", {"satisfaction": 2}, True),
        ("{call: {satisfaction_at_most: 2}}", {"satisfaction": None}, False),
    ],
)
def test_what_a_call_came_to(tmp_path: Path, condition: str, facts: dict, holds: bool):
    assert ask(tmp_path, condition, talk("客：好", source="call", **facts))[0] is holds


def test_flags_count_from_a_severity_on(tmp_path: Path):
    call = talk("客：我打12315")
    flag = Flag(flag="regulator", title="监管", severity="medium", at_ms=0.0, evidence=(call.segments[0].evidence(),))
    assert ask(tmp_path, "{flag: {any: [regulator]}}", call, (), [flag]) == (True, ["我打12315"])
    assert not ask(tmp_path, "{flag: {any: [regulator], severity: high}}", call, (), [flag])[0]
    assert not ask(tmp_path, "{flag: {any: [abuse]}}", call, (), [flag])[0]


def test_a_pattern_that_never_ends_is_given_up_after_a_few_segments():
    endless = Match(regex="(?:a|aa)+$b")  # type: ignore[arg-type]
    call = talk(*["客：" + "a" * 60] * 100)
    assert endless.find(Talk(call)) == Found(False)
    assert endless.regex.overruns == MAX_OVERRUNS


@pytest.mark.parametrize(
    "text", ["", "哎" * 100_000, "😀" * 50, "\ud800\udfff", "\x00\x07", "Ω≈ç√ สวัสดี привет", "１３８ＡＢ", "  ，。"]
)
def test_any_text_is_scored_without_an_error(text: str):
    call = talk("坐：您好", *[f"{who}：{text.replace('@', '')}" for who in "客坐机"])
    for card in Scorecards.load().score(call, [turn(1, "negative", 2)]):
        assert 0 <= card.score <= 100


def test_a_conversation_without_words_is_scored_too():
    empty = talk(source="call", disposition="abandoned")
    (card,) = Scorecards.load().score(empty, ())
    assert card.card == "ivr"
