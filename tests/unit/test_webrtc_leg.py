"""A browser's leg: sound, keys by either way, a page that has gone, and the way to a human."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.media.frames import SILENCE, to_frames
from gateway.transport.leg import HandOver
from gateway.transport.webrtc.messages import Said
from tests.support.sound import tone
from tests.support.webrtc_leg import EVENT_PACKETS, TICK_MS, Talk

pytestmark = pytest.mark.unit


def ticks_of(ms: float) -> int:
    return int(ms / TICK_MS)


def loud(frame: np.ndarray) -> bool:
    return bool(np.abs(frame.astype(int)).max() > 1000)


def test_sound_comes_through_whole_and_within_three_ticks() -> None:
    talk = Talk()
    talk.tick()
    heard = [talk.tick(talk.sound(frame)).frame for frame in to_frames(tone(1000))]
    assert all(map(loud, heard[3:]))
    assert talk.leg.line is not None
    assert (talk.leg.line["packets_received"], talk.leg.line["concealed_ms"], talk.leg.line["ice"]) == (
        50,
        0,
        "host/prflx",
    )


def test_only_lost_packets_are_made_up_and_delay_stays() -> None:
    talk = Talk()
    talk.tick()
    packets = [talk.sound(frame) for frame in to_frames(tone(4000))]
    lost = {20, 21, 60, 100, 101, 102, 150}
    for number, packet in enumerate(packets):
        talk.tick(*(() if number in lost else (packet,)))
    for _ in range(3):
        talk.tick(talk.sound(SILENCE))
    line = talk.leg.line
    assert line is not None
    assert (line["lost"], line["late"]) == (7, 0)
    assert line["concealed_ms"] == 7 * TICK_MS
    assert line["playout_delay_ms"] <= 20


def test_packets_in_another_order_lose_nothing() -> None:
    talk = Talk()
    talk.tick()
    packets = [talk.sound(frame) for frame in to_frames(tone(4000))]
    concealed_ms = []
    for first in range(0, 200, 2):
        talk.tick(packets[first + 1])
        talk.tick(packets[first])
        concealed_ms.append((talk.leg.line or {})["concealed_ms"])
    assert talk.leg.line is not None
    assert talk.leg.line["lost"] == 0
    assert concealed_ms[-1] == concealed_ms[10], "once the buffer knows this line, nothing comes too late"
    assert concealed_ms[-1] <= 5 * TICK_MS


def test_sound_from_before_the_call_is_not_heard() -> None:
    talk = Talk()
    for frame in to_frames(tone(400)):
        talk.stream.accept(talk.sound(frame))
    assert not any(loud(talk.tick().frame) for _ in range(30))


def test_a_key_told_by_sound_and_by_message_is_one_press() -> None:
    talk = Talk()
    talk.tick()
    talk.leg.said(Said("key", "5"))
    pressed = [talk.tick(talk.key("5", part)).keys for part in range(EVENT_PACKETS)]
    talk.leg.said(Said("key", "6"))
    pressed.append(talk.tick(talk.sound(SILENCE)).keys)
    assert "".join("".join(keys) for keys in pressed) == "56"


def test_the_same_key_pressed_twice_is_two_presses() -> None:
    talk = Talk()
    talk.tick()
    talk.leg.said(Said("key", "1"))
    talk.leg.said(Said("key", "1"))
    assert talk.tick(talk.sound(SILENCE)).keys == ("1", "1")


def test_a_page_from_which_nothing_comes_has_gone_within_three_seconds_and_not_within_two() -> None:
    talk = Talk()
    for _ in range(50):
        assert not talk.tick(talk.sound(SILENCE)).hung_up
    silent = 0
    while not talk.tick().hung_up:
        silent += 1
        assert silent < ticks_of(3000)
    assert silent > ticks_of(2100)
    assert talk.page.hung_up == ["connection_lost"]
    assert talk.tick().reason == "connection_lost"
    assert talk.page.seen("ended") == [{"type": "ended", "reason": "connection_lost"}]


def test_an_outage_of_two_seconds_is_survived_and_the_sound_comes_back() -> None:
    talk = Talk()
    frames = to_frames(tone(5000))
    heard = []
    for number, frame in enumerate(frames):
        packet = talk.sound(frame)
        out = ticks_of(1000) <= number < ticks_of(3000)
        heard.append(talk.tick(*(() if out else (packet,))))
    assert not any(one.hung_up for one in heard)
    assert all(loud(one.frame) for one in heard[ticks_of(3000) + 3 :])
    assert talk.leg.line is not None
    assert talk.leg.line["playout_delay_ms"] <= 40


def test_a_page_that_lives_but_sends_no_sound_is_waited_for_much_longer() -> None:
    talk = Talk(rtp_timeout_s=10)
    talk.tick(talk.sound(SILENCE))
    quiet = 0
    while True:
        if quiet % 50 == 0:
            talk.leg.said(Said("alive"))
        if talk.tick().hung_up:
            break
        quiet += 1
    assert ticks_of(9_900) < quiet < ticks_of(10_500)
    assert talk.page.hung_up == ["rtp_timeout"]


def test_a_late_loop_does_not_take_a_page_for_gone() -> None:
    talk = Talk()
    for _ in range(50):
        talk.tick(talk.sound(SILENCE))
    waiting = [talk.sound(SILENCE) for _ in range(200)]
    real_ms = talk.now_ms + 4000
    for packet in waiting:  # 4 s late, it catches up: a packet, a tick, a packet, ...
        call_ms = talk.now_ms
        talk.now_ms = real_ms
        talk.stream.accept(packet)
        talk.now_ms = call_ms
        assert not talk.tick().hung_up
    assert talk.leg.line is not None
    assert (talk.leg.line["late"], talk.leg.line["concealed_ms"]) == (0, 0)


def test_a_human_whom_nobody_can_reach_is_told_at_once() -> None:
    talk = Talk()
    talk.leg.transfer("general")
    assert talk.tick().handed_over == HandOver(ok=False, reason="unknown_queue")
    assert talk.page.seen("transfer") == [{"type": "transfer", "queue": "general", "to": None}]


def test_who_follows_the_link_is_handed_over() -> None:
    talk = Talk(queues={"*": "tel:10086"})
    talk.leg.transfer("general")
    assert talk.page.seen("transfer") == [{"type": "transfer", "queue": "general", "to": "tel:10086"}]
    assert talk.tick(talk.sound(SILENCE)).handed_over is None
    talk.leg.said(Said("transferred"))
    assert talk.tick(talk.sound(SILENCE)).handed_over == HandOver(ok=True)
    talk.leg.said(Said("transferred"))
    assert talk.tick(talk.sound(SILENCE)).handed_over is None


def test_who_does_not_follow_it_is_not() -> None:
    talk = Talk(queues={"general": "tel:10086"}, transfer_timeout_s=2)
    talk.tick()
    talk.leg.transfer("general")
    told = [talk.tick(talk.sound(SILENCE)).handed_over for _ in range(ticks_of(2500))]
    assert [outcome for outcome in told if outcome] == [HandOver(ok=False, reason="timeout")]


def test_the_page_is_told_the_state_once_and_every_second_that_we_live() -> None:
    talk = Talk()
    for _ in range(ticks_of(5000)):
        talk.tick(talk.sound(SILENCE))
    assert talk.page.seen("state") == [{"type": "state", "state": "listening"}]
    assert len(talk.page.seen("alive")) == 4


def test_our_hanging_up_is_told_once() -> None:
    talk = Talk()
    talk.tick()
    talk.leg.hang_up("call_ended")
    talk.leg.hang_up("shutdown")
    assert talk.page.seen("ended") == [{"type": "ended", "reason": "call_ended"}]
    assert talk.page.hung_up == ["call_ended"]
    assert talk.tick().reason == "call_ended"


def test_another_microphone_goes_on_at_once() -> None:
    talk = Talk()
    talk.tick()
    for frame in to_frames(tone(1000)):
        talk.tick(talk.sound(frame))
    talk.ssrc, talk.number = 5, 40_000
    heard = [talk.tick(talk.sound(frame)).frame for frame in to_frames(tone(1000))]
    assert all(map(loud, heard[3:]))
    assert talk.leg.line is not None
    assert (talk.leg.line["packets_received"], talk.leg.line["lost"]) == (100, 0)
