"""What belongs to a person alone is hidden: in texts, over segments, in keys, slots, findings, and in the sound."""

from __future__ import annotations

import tracemalloc
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.analytics.conversation import Conversation, Segment, TimedWord
from gateway.analytics.redaction import (
    Redacted,
    Silence,
    redact,
    redact_findings,
    redact_recording,
    redact_text,
    redact_value,
    redacted_path,
    write_copies,
)
from gateway.errors import RecordingError
from gateway.findings import Entity, Flag, Mood, Route, TurnFindings, WordMood

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("我的手机号是幺三八零零幺三八零零零", "我的手机号是[电话号码]"),
        ("打138 0013 8000找我", "打[电话号码]找我"),
        ("我的电话是13900001004再不退钱我就打12315", "我的电话是[电话号码]再不退钱我就打12315"),
        ("一三九不对一三八零零幺三八零零零", "[电话号码]"),
        ("我的电话010-82345678转8001", "我的电话[电话号码]"),
        ("是1385726304", "是[号码]"),
        ("一三八，零零一三，八", "[号码]"),
        ("身份证110105 19491231 002X", "身份证[身份证号]"),
        ("身份证后四位是003x", "身份证后四位是[身份证号]"),
        ("卡号六二二二零二零零一二三四五六七八九零三", "卡号[银行卡号]"),
        ("验证码是八三二一", "验证码是[验证码]"),
        ("燕重马17-832-66", "燕重马[验证码]"),
        ("密码六个八", "密码[验证码]"),
        ("住建国路八十八号三号楼二单元五零一", "住[地址]"),
        ("我家在阳光花园小区", "我家在[地址]小区"),
        ("您的工单号是二零二六一一二九零零一", "您的工单号是[号码]"),
        ("你记一下,U5L72L8096,你打这个", "你记一下,[号码],你打这个"),
        ("念住马适夷8-5-133", "念住马适夷[验证码]"),
        ("我的电话你记一下158,等577341521", "我的电话你记一下[号码]"),
    ],
)
def test_numbers_and_addresses_are_hidden(text: str, shown: str) -> None:
    assert redact_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "扣了三十五块六，多收100多块",
        "余额1234567.89元",
        "还有三十个G，用了500兆",
        "2026-11-29T10:12:16+08:00",
        "通话 20261129T101216-c1a2b3c4",
        "二零二六年十一月二十九号",
        "打10086三次没人接，再打12315",
        "一百二十八，一百五十八，哪个好",
        "100-200块都行",
        "一二三",
        "我们这里没信号😀\ud800",
        "",
    ],
)
def test_what_is_nobodys_stays(text: str) -> None:
    assert redact_text(text) == text


def test_a_mask_tells_nothing_of_what_it_hides() -> None:
    assert redact_text("电话82345678") == redact_text("电话8234567") == "电话[电话号码]"


def said(index: int, text: str, participant: str = "customer", kind: str = "speech", **fields: Any) -> Segment:
    times = {"begin_ms": index * 10_000.0, "end_ms": index * 10_000.0 + 8000.0, **fields}
    return Segment(index=index, participant=participant, kind=kind, text=text, **times)  # type: ignore[arg-type]


def call(*segments: Segment, **fields: Any) -> Conversation:
    return Conversation(id="c", source="call", segments=segments, ended=True, duration_ms=100_000.0, **fields)


def texts(redacted: Redacted) -> list[str]:
    return [segment.text for segment in redacted.conversation.segments]


def test_a_number_in_pieces_is_hidden_in_every_segment_also_when_it_is_misheard() -> None:
    pieces = [said(0, "我的是一三八"), said(1, "嗯", "system"), said(2, "零零一三"), said(3, "八千")]
    assert texts(redact(call(*pieces))) == ["我的是[电话号码]", "嗯", "[电话号码]", "[电话号码]"]
    misheard = [said(0, "一三八"), said(1, "零零一"), said(2, "八零零零")]
    assert texts(redact(call(*misheard))) == ["[号码]"] * 3


def test_the_question_makes_digits_a_code_and_what_is_read_back_is_hidden_too() -> None:
    turns = [
        said(0, "请说出短信验证码", "system"),
        said(1, "八三二一"),
        said(2, "您说的是八三二一九五六，对吗", "system"),
        said(3, "对"),
    ]
    assert texts(redact(call(*turns)))[1:] == ["[验证码]", "您说的是[号码]，对吗", "对"]


def test_keys_are_hidden_when_there_are_more_than_a_menu_takes() -> None:
    keyed = [said(0, "1", kind="keys"), said(1, "13800138000#", kind="keys"), said(2, "8321", kind="keys")]
    redacted = redact(call(*keyed))
    assert texts(redacted) == ["1", "[电话号码]", "[号码]"]
    assert [(one.begin_ms, one.end_ms) for one in redacted.silences] == [(9700.0, 18_300.0), (19_700.0, 28_300.0)]


def test_words_with_times_are_silenced_to_the_millisecond_and_keep_their_places() -> None:
    text = "电话是13800138000谢谢"
    words = (
        TimedWord(0, 3, 0.0, 900.0),
        TimedWord(3, 9, 1000.0, 3000.0),
        TimedWord(9, 14, 3000.0, 5000.0),
        TimedWord(14, 16, 5400.0, 6000.0),
    )
    redacted = redact(call(said(0, text, words=words)))
    assert redacted.silences == (Silence("customer", 750.0, 5250.0),)
    segment = redacted.conversation.segments[0]
    assert [segment.text[word.start : word.end] for word in segment.words] == ["电话是", "[电话号码]", "谢谢"]
    assert [(word.begin_ms, word.end_ms) for word in segment.words] == [
        (0.0, 900.0),
        (1000.0, 5000.0),
        (5400.0, 6000.0),
    ]


def test_without_times_of_words_the_silence_is_longer_but_not_longer_than_what_was_said() -> None:
    redacted = redact(
        call(said(1, "我想查一下电话号码是13800138000的这个宽带怎么样了", begin_ms=10_000, end_ms=18_000))
    )
    (silence,) = redacted.silences
    per_character = 8000 / 29
    assert silence.begin_ms <= 10_000 + 10 * per_character - 1000
    assert silence.end_ms >= 10_000 + 21 * per_character + 1000
    assert silence.begin_ms >= 9700
    assert silence.end_ms <= 18_300


def test_slots_tickets_and_the_callers_number_are_hidden_the_numbers_of_tickets_not() -> None:
    redacted = redact(
        call(
            caller_number="13800138000",
            slots={"phone": "13900139000", "month": "2026-10"},
            tickets=({"number": "70000001", "summary": "打13800138000", "due": "2026-11-30T10:00:00+08:00"},),
        )
    ).conversation
    assert redacted.caller_number == "[电话号码]"
    assert redacted.slots == {"phone": "[电话号码]", "month": "2026-10"}
    assert redacted.tickets == ({"number": "70000001", "summary": "打[电话号码]", "due": "2026-11-30T10:00:00+08:00"},)


def test_plain_json_is_walked_to_its_leaves_and_keys_say_what_is_asked() -> None:
    value = {"a": [13800138000, 35.6, True, None, {"验证码": "8321", "sms_code": "8321", "node": "n13800138000"}]}
    assert redact_value(value) == {
        "a": ["[电话号码]", 35.6, True, None, {"验证码": "[验证码]", "sms_code": "[验证码]", "node": "n13800138000"}]
    }
    deep: Any = "13800138000"
    for _ in range(2000):
        deep = [deep]
    assert "13800138000" not in str(redact_value(deep))


def test_findings_are_shown_with_the_text_that_may_be_shown() -> None:
    segment = said(0, "打13800138000我要投诉")
    redacted = redact(call(segment))
    phone, complaint = segment.evidence(1, 12), segment.evidence(12, 16)
    half = segment.evidence(5, 14)
    found = TurnFindings(
        segment=0,
        route=Route(route="agent", probability=0.5, skill_group="x", evidence=(complaint, half)),
        mood=Mood(polarity="negative", anger=1, words=WordMood(polarity="negative", score=-1, anger=1)),
        entities=(Entity(kind="phone", value="13800138000", evidence=phone),),
    )
    shown = redact_findings(redacted, found)
    text = redacted.conversation.segments[0].text
    assert [one.text for one in shown.route.evidence] == ["我要投诉", "[电话号码]我要"]
    assert all(text[one.start : one.end] == one.text for one in shown.route.evidence)
    assert shown.entities[0].value == shown.entities[0].evidence.text == "[电话号码]"
    flag = Flag(flag="abuse", title="辱骂", severity="low", at_ms=0.0, evidence=(complaint,))
    assert redact_findings(redacted, flag).evidence[0].text == "我要投诉"


# ------------------------------------------------------------------------------------------------------------ the sound


def write(path: Path, samples: np.ndarray, rate_hz: int = 8000) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(samples.shape[1])
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        sound.writeframes(samples.astype("<i2").tobytes())
    return path


def samples(path: Path) -> np.ndarray:
    with wave.open(str(path), "rb") as sound:
        data = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
        return data.reshape(-1, sound.getnchannels())


def noise(seconds: float, channels: int, rate_hz: int = 8000) -> np.ndarray:
    loud = np.random.default_rng(7).integers(1000, 20_000, size=(round(seconds * rate_hz), channels))
    return loud.astype(np.int16)


def test_a_side_is_silent_where_it_must_be_and_untouched_elsewhere(tmp_path: Path) -> None:
    sound = noise(4, 2)
    source, target = write(tmp_path / "a.wav", sound), tmp_path / "b.wav"
    silences = [Silence("customer", 900.0, 2100.0), Silence("system", 3000.0, 3500.0)]
    redact_recording(source, target, silences)
    copy = samples(target)
    assert copy.shape == sound.shape
    assert not copy[7200:16_800, 0].any()
    assert (copy[: 7200 - 80, 0] == sound[: 7200 - 80, 0]).all()
    assert (copy[16_800 + 80 :, 0] == sound[16_800 + 80 :, 0]).all()
    assert not copy[24_000:28_000, 1].any()
    assert (copy[: 24_000 - 80, 1] == sound[: 24_000 - 80, 1]).all()
    assert (np.abs(copy[7120:7200, 0]) <= np.abs(sound[7120:7200, 0])).all()
    assert 0 < copy[7160, 0] < sound[7160, 0]
    assert target.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"a.wav", "b.wav"}


def test_the_caller_may_be_on_the_other_side_and_mono_is_silent_whoever_speaks(tmp_path: Path) -> None:
    stereo, mono = write(tmp_path / "s.wav", noise(1, 2)), write(tmp_path / "m.wav", noise(1, 1))
    redact_recording(stereo, tmp_path / "s2.wav", [Silence("customer", 0.0, 1000.0)], customer_channel=1)
    redact_recording(mono, mono, [Silence("agent", 0.0, 500.0), Silence("customer", 400.0, 800.0)])
    assert samples(tmp_path / "s2.wav")[:, 0].all()
    assert not samples(tmp_path / "s2.wav")[:, 1].any()
    assert not samples(mono)[:6400].any()
    assert samples(mono)[6480:].all()


def test_moments_beyond_the_recording_and_none_at_all_do_no_harm(tmp_path: Path) -> None:
    source, target = write(tmp_path / "a.wav", noise(1, 2)), tmp_path / "b.wav"
    redact_recording(source, target, [Silence("customer", -500.0, 5.0), Silence("customer", 9000.0, 9e9)])
    assert len(samples(target)) == 8000
    redact_recording(source, target, [])
    assert (samples(target) == samples(source)).all()


def test_a_long_recording_is_never_in_memory_at_once(tmp_path: Path) -> None:
    source = tmp_path / "long.wav"
    write(source, np.zeros((0, 2), np.int16))
    seconds, block = 600, noise(10, 2)
    with wave.open(str(source), "wb") as sound:
        sound.setparams((2, 2, 8000, 0, "NONE", ""))
        for _ in range(seconds // 10):
            sound.writeframes(block.tobytes())
    tracemalloc.start()
    redact_recording(source, tmp_path / "b.wav", [Silence("customer", 300_000.0, 305_000.0)])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000 < 16_000_000 < source.stat().st_size
    with wave.open(str(tmp_path / "b.wav"), "rb") as sound:
        assert sound.getnframes() == seconds * 8000


@pytest.mark.parametrize("content", [None, b"", b"not sound at all", b"RIFF\x00\x00\x00\x00WAVE"])
def test_a_file_that_is_no_sound_is_refused_and_nothing_is_left_behind(tmp_path: Path, content: bytes | None) -> None:
    source = tmp_path / "a.wav"
    if content is not None:
        source.write_bytes(content)
    before = set(tmp_path.iterdir())
    with pytest.raises(RecordingError) as refused:
        redact_recording(source, tmp_path / "b.wav", [])
    assert str(source) in str(refused.value)
    assert set(tmp_path.iterdir()) == before


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    source = write(tmp_path / "a.wav", noise(0.1, 1))
    with pytest.raises(RecordingError, match="nowhere"):
        redact_recording(source, tmp_path / "nowhere/b.wav", [])


def test_the_copy_lies_beside_the_original() -> None:
    copy = redacted_path(Path("r/a-message-1.wav"))
    assert copy == Path("r/a-message-1-redacted.wav")
    assert redacted_path(copy) == copy


def test_messages_are_silenced_by_their_own_clock(tmp_path: Path) -> None:
    recording, message = write(tmp_path / "a.wav", noise(30, 2)), write(tmp_path / "a-message-1.wav", noise(6, 1))
    words = (
        TimedWord(0, 2, 20_000.0, 20_900.0),
        TimedWord(2, 13, 21_000.0, 23_000.0),
        TimedWord(13, 15, 23_000.0, 25e3),
    )
    redacted = redact(call(said(0, "电话13800138000谢谢", begin_ms=20_000.0, end_ms=25_000.0, words=words)))
    told = [{"node": "m", "path": "data/recordings/a-message-1.wav", "start_ms": 20_000.0, "end_ms": 25_000.0}]
    lost = [{"node": "m", "path": "data/recordings/a-message-2.wav", "start_ms": 0.0, "end_ms": 1.0}]
    copies = write_copies(redacted, recording, told + lost)
    assert copies == (tmp_path / "a-redacted.wav", tmp_path / "a-message-1-redacted.wav")
    assert not samples(copies[0])[round(20.75 * 8000) : round(23.25 * 8000), 0].any()
    silent = samples(copies[1])[round(0.75 * 8000) : round((3.25 + 0.3) * 8000)]
    assert len(silent) > 20_000
    assert not silent.any()
    assert samples(copies[1])[: round(0.7 * 8000)].all()
    assert message.is_file()
