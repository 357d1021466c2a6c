"""What leaves fits its published schema, hides what is personal, and points at the words it tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.document import CallFacts, Disclosure, DocumentWriter, call_document, event_document
from gateway.analytics.scribe import moved
from gateway.analytics.shapes import Kind, make_schema, schema_file, schema_text
from gateway.events import (
    CallEnded,
    CallStarted,
    Event,
    FlagRaised,
    KeyPressed,
    TicketOpened,
    TransferRequested,
    Turn,
    TurnAnalyzed,
    TurnFinished,
)
from gateway.findings import (
    CallFindings,
    CallMood,
    Entity,
    Flag,
    Mood,
    QualityCard,
    QualityHit,
    Route,
    TicketDraft,
    TurnFindings,
    Voice,
    VoiceMood,
    WordMood,
)

pytestmark = pytest.mark.unit

NUMBER = "13800138000"
ANGRY = f"你们老是乱扣费我的号码是{NUMBER}再不解决我就去工信部投诉"
STARTED = CallStarted(
    call_id="c1",
    at_ms=0,
    caller_number=NUMBER,
    called_number="10086",
    transport="sip",
    flow="mobile_hotline",
    flow_version="1+aa",
    mode="standard",
    started_at="2026-11-21T22:00:00+08:00",
    trunk="north",
)
ENDED = CallEnded(
    call_id="c1",
    at_ms=30_000,
    disposition="transferred",
    reason="queue:general",
    duration_ms=30_000,
    path=["welcome", "main", "human"],
    options=["dispute"],
    slots={"phone": NUMBER, "month": "2026-10"},
    turns=[],
    mode="elderly",
    transfer={
        "queue": "general",
        "handed_over": {"number": NUMBER, "due": date(2026, 11, 28), "fee": Decimal("35.60")},
    },
    recording="/r/c1.wav",
    tickets=[{"category": "billing_dispute", "summary": f"{NUMBER}乱扣费", "due": "2026-11-23", "number": "601"}],
    messages=[{"node": "leave", "path": "/r/c1-1.wav", "start_ms": 4000.4, "end_ms": 9000.0}],
    satisfaction=1,
    line={"codec": "PCMA", "lost": 3, "jitter_ms": 1.5},
)
VOICE = Voice(loudness_dbfs=-18.25, pitch_hz=210.0, pitch_high_hz=280.0, speech_ms=4000.0)


def conversation(text: str = ANGRY) -> Conversation:
    segments = (
        Segment(index=0, participant="system", text="您好，请说您要办的事", begin_ms=0, end_ms=3000, node="main"),
        Segment(
            index=1,
            participant="customer",
            text=text,
            begin_ms=8000,
            end_ms=13_000,
            node="main",
            confidence=0.87654321,
            outcome="accept",
            matched="dispute",
            interrupts=True,
            voice=VOICE,
        ),
        Segment(index=2, participant="customer", kind="silence", begin_ms=15_000, end_ms=20_000, node="main"),
        Segment(index=3, participant="customer", kind="keys", text="0", begin_ms=21_000, end_ms=21_100, node="main"),
    )
    return Conversation(
        id="c1",
        source="call",
        segments=segments,
        ended=True,
        duration_ms=30_000,
        started_at=datetime.fromisoformat(STARTED.started_at),
        hotline="mobile_hotline",
        mode="elderly",
        caller_number=NUMBER,
        path=("welcome", "main", "human"),
        options=("dispute",),
        slots=dict(ENDED.slots),
        disposition="transferred",
        reason="queue:general",
        transfer_asked=True,
        transferred=True,
    )


def findings(said: Conversation) -> CallFindings:
    segment = said.segments[1]

    def at(words: str) -> Any:
        start = max(0, segment.text.find(words))
        return segment.evidence(start, min(len(segment.text), start + len(words)))

    route = Route(
        route="billing_dispute",
        probability=0.93,
        skill_group="billing_dispute",
        others=(("billing_query", 0.04),),
        evidence=(at("乱扣费"),),
    )
    mood = Mood(
        polarity="negative",
        anger=2,
        words=WordMood(polarity="negative", score=-0.8, anger=2),
        voice=VoiceMood(arousal=0.7, louder_db=6.0, higher=0.2, faster=0.1, interrupts=True),
        evidence=(at("老是"),),
    )
    entity = Entity(kind="phone", value=NUMBER, evidence=at(NUMBER))
    flag = Flag(flag="regulator", title="提到监管", severity="high", at_ms=12_000, evidence=(at("工信部"),))
    draft = TicketDraft(
        category="billing_dispute",
        team="billing_dispute",
        summary=segment.text,
        facts={"号码": NUMBER},
        priority="urgent",
        answer_by="2026-11-22T02:00:00+08:00",
        solve_by="2026-11-22T22:00:00+08:00",
        visit_by="2026-11-23T22:00:00+08:00",
    )
    hit = QualityHit(
        rule="greeting", title="开头问好", points=0.0, passed=True, evidence=(said.segments[0].evidence(0, 2),)
    )
    return CallFindings(
        route=route,
        mood=CallMood(polarity="negative", anger=2, at_end="negative", trend="worse", evidence=(at("老是"),)),
        flags=(flag,),
        turns=(TurnFindings(segment=1, route=route, mood=mood, entities=(entity,)),),
        quality=(QualityCard(card="ivr", title="语音导航", score=100.0, failed=False, hits=(hit,)),),
        ticket=draft,
        summary=segment.text,
    )


def document(text: str = ANGRY, **disclosure: Any) -> dict[str, Any]:
    said = conversation(text)
    return call_document(said, findings(said), CallFacts.of(STARTED, ENDED), Disclosure(**disclosure))


def live_events() -> list[Event]:
    said = conversation()
    found = findings(said)
    turn = Turn(index=0, node="main", kind="speech", text=ANGRY, start_ms=8000, end_ms=13_000, heard_ms=5000)
    opened = {"category": "billing_dispute", "summary": f"{NUMBER}乱扣费", "due": "2026-11-23T22:00:00+08:00"}
    return [
        STARTED,
        TurnFinished(call_id="c1", at_ms=14_000, turn=turn),
        TurnAnalyzed(call_id="c1", at_ms=14_000, turn=0, findings=found.turns[0]),
        FlagRaised(call_id="c1", at_ms=14_000, flag=found.flags[0]),
        TransferRequested(call_id="c1", at_ms=25_000, queue="general", handed_over=dict(ENDED.transfer["handed_over"])),
        TicketOpened(call_id="c1", at_ms=26_000, number=None, **opened),
        ENDED,
    ]


def checked(told: dict[str, Any], kind: Kind = "call") -> dict[str, Any]:
    """As it is after a journey through JSON; raises jsonschema.ValidationError when it doesn't fit."""
    read = json.loads(json.dumps(told, ensure_ascii=False, allow_nan=False).encode())
    schema = json.loads(schema_file(kind).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(read)
    return read


def points(value: Any) -> Iterator[dict[str, Any]]:
    """All points of interest, wherever they are."""
    if isinstance(value, dict):
        if "CharacterOffsets" in value:
            yield value
        for one in value.values():
            yield from points(one)
    elif isinstance(value, list):
        for one in value:
            yield from points(one)


@pytest.mark.parametrize("kind", ["call", "event"])
def test_the_published_schema_is_that_of_the_code(kind: Kind) -> None:
    assert schema_file(kind).read_text(encoding="utf-8") == schema_text(kind)
    jsonschema.Draft202012Validator.check_schema(make_schema(kind))


def test_a_call_fits_the_schema_and_tells_what_was_found() -> None:
    told = checked(document())
    assert (told["Version"], told["DocumentType"], told["CallId"]) == ("1.0", "call", "c1")
    assert (told["StartedAt"], told["EndedAt"]) == (STARTED.started_at, "2026-11-21T22:00:30.000+08:00")
    assert told["Categories"]["MatchedCategories"] == ["regulator"]
    [point] = told["Categories"]["MatchedDetails"]["regulator"]["PointsOfInterest"]
    assert point["Content"] == "工信部"
    assert 8000 < point["BeginOffsetMillis"] < point["EndOffsetMillis"] < 13_000
    item = told["Transcript"][1]
    assert (item["ParticipantRole"], item["Sentiment"], item["LoudnessScore"]) == ("CUSTOMER", "NEGATIVE", [81.75])
    assert item["Analysis"]["Mood"]["Anger"] == 2
    assert [one["ParticipantRole"] for one in told["Participants"]] == ["SYSTEM", "CUSTOMER"]
    assert told["Transfer"]["HandedOver"]["due"] == "2026-11-28"


def test_a_call_is_told_in_figures() -> None:
    told = document()["ConversationCharacteristics"]
    assert told["TotalConversationDurationMillis"] == 30_000
    assert [one["DurationMillis"] for one in told["NonTalkTime"]["Instances"]] == [5000, 17_000]
    assert told["TalkTime"]["DetailsByParticipant"]["CUSTOMER"]["TotalTimeMillis"] == 5000
    assert told["TalkSpeed"]["DetailsByParticipant"]["CUSTOMER"]["AverageCharactersPerMinute"] == len(ANGRY) * 15
    assert told["Interruptions"]["TotalCount"] == 1
    assert told["Sentiment"]["OverallSentiment"] == {"CUSTOMER": -4.0}
    quarters = told["Sentiment"]["SentimentByPeriod"]["QUARTER"]["CUSTOMER"]
    assert [one["Score"] for one in quarters] == [None, -4.0, None, None]


def test_every_live_event_fits_the_schema() -> None:
    told = [checked(event_document(event, conversation()), "event") for event in live_events()]
    assert [one["EventType"] for one in told] == [event.event for event in live_events()]
    assert all(NUMBER not in json.dumps(one) for one in told)


def test_what_nobody_acts_on_does_not_leave() -> None:
    assert event_document(KeyPressed(call_id="c1", at_ms=5, key="1")) is None
    assert DocumentWriter().of_event(KeyPressed(call_id="c1", at_ms=5, key="1"), conversation()) is None


@pytest.mark.parametrize("kind", ["call", "event"])
def test_drift_is_refused(kind: Kind) -> None:
    told = document() if kind == "call" else event_document(live_events()[1])
    without = {name: value for name, value in told.items() if name != "ContentMetadata"}
    for changed in ({**told, "New": 1}, without, {**told, "Version": "1.1"}, {**told, "CallId": 7}):
        with pytest.raises(jsonschema.ValidationError):
            checked(changed, kind)


def test_personal_numbers_are_hidden_everywhere_unless_they_may_be_told() -> None:
    hidden, raw = document(), document(redact=False, caller_number="full")
    assert NUMBER not in json.dumps(hidden)
    assert "38001" not in json.dumps(hidden)
    assert hidden["CallerNumber"] == {"Form": "masked", "Value": "138****8000"}
    assert hidden["ContentMetadata"]["Output"] == "Redacted"
    silenced = hidden["Transcript"][1]["Redaction"]["RedactedTimestamps"]
    assert silenced
    assert hidden["Transcript"][0]["Redaction"] is None
    assert checked(raw)["Transcript"][1]["Content"] == ANGRY
    assert raw["Transcript"][1]["Analysis"]["Entities"][0]["Value"] == NUMBER
    assert raw["CallerNumber"] == {"Form": "full", "Value": NUMBER}


@pytest.mark.parametrize("redact", [True, False])
def test_a_point_of_interest_is_the_words_at_its_offsets(redact: bool) -> None:
    told = document(redact=redact)
    contents = {item["Id"]: item["Content"] for item in told["Transcript"]}
    found = list(points(told))
    assert len(found) >= 6
    for point in found:
        offsets = point["CharacterOffsets"]
        words = contents[point["TranscriptId"]][offsets["BeginOffsetChar"] : offsets["EndOffsetChar"]]
        assert words == point["Content"] != ""


def test_a_hashed_number_is_the_same_for_every_call_and_needs_the_key() -> None:
    told = [
        document(caller_number="hashed", number_key=key)["CallerNumber"] for key in (b"a" * 16, b"a" * 16, b"b" * 16)
    ]
    assert told[0] == told[1] != told[2]
    assert told[0]["Form"] == "hashed"
    assert NUMBER not in told[0]["Value"]
    withheld = replace(conversation(), caller_number="")
    told_of = call_document(withheld, findings(withheld), CallFacts())
    assert told_of["CallerNumber"] == {"Form": "withheld", "Value": ""}


def test_an_empty_recording_fits_the_schema() -> None:
    nothing = Conversation(id="r1", source="recording", segments=(), ended=True, duration_ms=0.0)
    route = Route(route="other", probability=0.0, skill_group="general")
    mood = CallMood(polarity="neutral", anger=0, at_end="neutral", trend="steady")
    found = CallFindings(route=route, mood=mood, flags=(), turns=())
    told = checked(call_document(nothing, found, CallFacts()))
    assert told["Transcript"] == []


@pytest.mark.parametrize(
    "text",
    ["", "\ud83d你好\udc00", "🀄️ ok \x00\x1b[0m", "Привет, 안녕", "甲" * 100_000, "[电话号码]" * 3, "1" * 50],
    ids=["empty", "surrogates", "control", "scripts", "long", "masks", "digits"],
)
def test_any_text_becomes_a_document_that_utf_8_can_hold(text: str) -> None:
    told = checked(document(text))
    for point in points(told):
        assert point["CharacterOffsets"]["BeginOffsetChar"] <= point["CharacterOffsets"]["EndOffsetChar"]


def test_figures_that_are_none_become_plain_ones() -> None:
    nan = float("nan")
    ended = replace(ENDED, line={"jitter_ms": nan, "lost": float("inf")})
    said = replace(conversation(), duration_ms=nan)
    voice = replace(VOICE, loudness_dbfs=nan, speech_ms=nan)
    said = replace(said, segments=(replace(said.segments[1], index=0, voice=voice, confidence=nan),))
    found = replace(findings(conversation()), turns=())
    told = checked(call_document(said, found, CallFacts.of(STARTED, ended)))
    assert told["Line"] == {"jitter_ms": None, "lost": None}


@pytest.mark.parametrize(
    ("said", "told", "span", "expected"),
    [
        ("查话费", "查话费", (1, 3), (1, 3)),
        ("我是13800138000谢谢", "我是[电话号码]谢谢", (13, 15), (8, 10)),
        ("我是13800138000谢谢", "我是[电话号码]谢谢", (0, 2), (0, 2)),
        ("我是13800138000谢谢", "我是[电话号码]谢谢", (1, 5), (1, 8)),
        ("我是13800138000谢谢", "我是[电话号码]谢谢", (5, 6), (2, 8)),
        ("13800138000", "[电话号码]", (3, 5), (0, 6)),
        ("a1和2b", "a[号码]和[号码]b", (2, 3), (5, 6)),
        ("a1和2b", "a[号码]和[号码]b", (4, 5), (10, 11)),
        ("全不一样", "x[号码]y", (0, 1), (0, 6)),
        ("查话费", "查话费", (7, 9), (3, 3)),
        ("号13800138000", "号[电话号码]", (20, 30), (7, 7)),
    ],
)
def test_where_words_are_once_something_before_them_is_hidden(
    said: str, told: str, span: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert moved(said, told, *span) == expected
