"""Every rule of the ears, on virtual time: what was said and pressed when, and what the call is told."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.dialogue.actions import BargeIn, KeyEntry, Listen, Record
from gateway.media.frames import FRAME_SAMPLES, SILENCE
from gateway.speech import events
from gateway.speech.bargein import BargeInJudge
from gateway.speech.listener import Listener
from tests.support.ears import Timeline
from tests.support.sound import ScriptedDetector

pytestmark = pytest.mark.unit

MENU = Listen(node="menu")
NUMBER = Listen(
    node="number",
    speech_timeout_ms=2000,
    keys=KeyEntry(min_digits=11, max_digits=11, finish_on_key="#"),
    timeout_ms=8000,
)


# ------------------------------------------------------------------------------------------------- silence and endpoint


def test_silence_is_no_input_when_its_time_is_up_and_only_once() -> None:
    line = Timeline().run(20_000, MENU)
    assert line.heard == [events.NoInput(5000)]
    assert not line.listener.armed


def test_the_time_to_answer_begins_when_the_prompt_has_ended() -> None:
    line = Timeline(prompt=(0, 12_000)).run(30_000, MENU)
    assert line.heard == [events.NoInput(17_000)]


def test_the_time_to_answer_does_not_run_while_the_caller_speaks() -> None:
    line = Timeline(speech=[(4900, 6900)]).run(20_000, MENU)
    assert line.names() == ["SpeechStarted", "Utterance"]


def test_an_utterance_ends_after_the_question_s_silence() -> None:
    line = Timeline(speech=[(1000, 2000)]).run(9000, MENU)
    (utterance,) = line.all(events.Utterance)
    assert (utterance.start_ms, utterance.end_ms, utterance.ended_at_ms) == (1000, 2000, 2600)
    assert utterance.answers
    assert not utterance.over_prompt
    assert line.all(events.SpeechStarted) == [events.SpeechStarted(1000, over_prompt=False)]


def test_an_utterance_carries_exactly_300_ms_before_its_onset_and_200_ms_after_its_end() -> None:
    line = Timeline(speech=[(1000, 2000)]).run(9000, MENU)
    (utterance,) = line.all(events.Utterance)
    frames = np.arange((1000 - 300) // 20, (2000 + 200) // 20)
    assert np.array_equal(utterance.pcm, np.repeat(frames, FRAME_SAMPLES))


def test_speech_at_the_very_beginning_has_the_pre_roll_there_is() -> None:
    line = Timeline(speech=[(100, 900)]).run(9000, MENU)
    (utterance,) = line.all(events.Utterance)
    assert utterance.start_ms == 100
    assert np.array_equal(utterance.pcm, np.repeat(np.arange(0, 1100 // 20), FRAME_SAMPLES))


def test_the_next_utterance_does_not_repeat_the_end_of_the_last() -> None:
    line = Timeline(speech=[(1000, 2000), (2700, 3700)]).run(2620, MENU).run(9000, MENU)
    first, second = line.all(events.Utterance)
    assert second.start_ms == 2700
    assert second.pcm[0] == (2700 - 300) // 20
    assert first.pcm[-1] == 2200 // 20 - 1


@pytest.mark.parametrize("pause_ms", [700, 1500, 1900])
def test_a_dictated_number_may_pause(pause_ms: float) -> None:
    line = Timeline(speech=[(1000, 2000), (2000 + pause_ms, 3000 + pause_ms)]).run(12_000, NUMBER)
    (utterance,) = line.all(events.Utterance)
    assert (utterance.start_ms, utterance.end_ms) == (1000, 3000 + pause_ms)


def test_a_pause_longer_than_the_question_allows_ends_the_utterance() -> None:
    line = Timeline(speech=[(1000, 2000), (3500, 4500)]).run(12_000, MENU)
    assert [utterance.end_ms for utterance in line.all(events.Utterance)] == [2000]


def test_speech_that_goes_on_as_the_silence_is_up_belongs_to_the_utterance() -> None:
    line = Timeline(speech=[(1000, 2000), (2580, 3500)]).run(9000, MENU)
    assert [utterance.end_ms for utterance in line.all(events.Utterance)] == [3500]


def test_a_blip_as_the_silence_is_up_does_not() -> None:
    line = Timeline(speech=[(1000, 2000), (2580, 2620)]).run(9000, MENU)
    (utterance,) = line.all(events.Utterance)
    assert (utterance.end_ms, utterance.ended_at_ms) == (2000, 2640)


def test_the_fading_that_a_detector_still_calls_speech_is_not_counted() -> None:
    line = Timeline(speech=[(1000, 2000)], faded=[(2000, 2140)]).run(9000, MENU)
    (utterance,) = line.all(events.Utterance)
    assert (utterance.end_ms, utterance.ended_at_ms) == (2000, 2600)
    assert utterance.pcm[-1] == 2200 // 20 - 1


def test_blips_of_noise_do_not_put_off_the_endpoint() -> None:
    blips = [(at, at + 40) for at in range(2200, 6000, 200)]
    line = Timeline(speech=[(1000, 2000), *blips]).run(9000, MENU)
    (utterance,) = line.all(events.Utterance)
    assert (utterance.end_ms, utterance.ended_at_ms) == (2000, 2600)


@pytest.mark.parametrize("length_ms", [20, 60, 100])
def test_a_click_is_no_speech(length_ms: float) -> None:
    line = Timeline(speech=[(1000, 1000 + length_ms)]).run(9000, MENU)
    assert line.heard == [events.NoInput(5000)]


def test_a_short_syllable_is_speech() -> None:
    line = Timeline(speech=[(1000, 1120)]).run(9000, MENU)
    assert [(heard.start_ms, heard.end_ms) for heard in line.all(events.Utterance)] == [(1000, 1120)]


def test_a_broken_onset_begins_with_its_first_sound() -> None:
    line = Timeline(speech=[(1000, 1040), (1080, 2000)]).run(9000, MENU)
    assert line.all(events.SpeechStarted) == [events.SpeechStarted(1000, over_prompt=False)]


def test_an_answer_that_begins_as_the_time_is_up_is_heard() -> None:
    line = Timeline(speech=[(4920, 5900)]).run(9000, MENU)
    assert line.names() == ["SpeechStarted", "Utterance"]


def test_scattered_noise_does_not_keep_a_question_open() -> None:
    noise = [(at, at + 60) for at in range(0, 20_000, 160)]
    line = Timeline(speech=noise).run(20_000, MENU)
    assert line.names() == ["NoInput"]
    assert line.all(events.NoInput)[0].at_ms <= 5160


def test_noise_that_sounds_like_speech_is_cut_at_the_longest_utterance() -> None:
    line = Timeline(speech=[(500, 10**9)]).run(60_000, MENU)
    (utterance,) = line.all(events.Utterance)
    assert (utterance.start_ms, utterance.ended_at_ms) == (500, 15_500)
    assert not line.listener.armed


def test_who_goes_on_speaking_after_the_longest_utterance_is_heard_on_from_there() -> None:
    short = Listen(node="short", max_speech_ms=2000)
    line = Timeline(speech=[(500, 4000)]).run(2500, short).run(9000, short)
    first, second = line.all(events.Utterance)
    assert (first.start_ms, first.end_ms, second.start_ms, second.end_ms) == (500, 2500, 2500, 4000)
    assert first.pcm[-1] + 1 == second.pcm[0]


def test_speech_begins_once_however_often_questions_change_meanwhile() -> None:
    line = Timeline(speech=[(500, 2000), (4000, 5000)]).run(1000, MENU)
    line.listener.disarm()
    line.run(1200).run(3000, MENU).run(9000, MENU)
    assert [event.at_ms for event in line.all(events.SpeechStarted)] == [500, 4000]
    assert [utterance.start_ms for utterance in line.all(events.Utterance)] == [500, 4000]


def test_speech_that_ends_while_nobody_asks_hides_no_later_beginning() -> None:
    line = Timeline(speech=[(500, 1500), (4000, 5000)]).run(1000, MENU)
    line.listener.disarm()
    line.run(3000).run(9000, MENU)
    assert [event.at_ms for event in line.all(events.SpeechStarted)] == [500, 4000]


def test_what_is_said_while_nobody_asks_is_no_answer() -> None:
    line = Timeline(speech=[(500, 1500)]).run(3000).run(9000, MENU)
    assert line.heard == [events.NoInput(8000)]


def test_speech_under_way_when_the_question_opens_counts_from_its_beginning() -> None:
    line = Timeline(speech=[(500, 2500)]).run(1500).run(9000, MENU)
    assert line.names() == ["SpeechStarted", "Utterance"]
    assert line.all(events.Utterance)[0].start_ms == 500


def test_a_closed_question_hears_nothing() -> None:
    line = Timeline(speech=[(1000, 2000)], keys={3000: "1"}).run(20, MENU)
    line.listener.disarm()
    assert line.run(20_000).heard == [events.KeyPressed("1", 3000)]


# ------------------------------------------------------------------------------------------------------------- barge-in


def test_speech_cuts_the_prompt_and_is_kept_whole() -> None:
    line = Timeline(prompt=(0, 8000), speech=[(3000, 4500)]).run(9000, MENU)
    assert line.names() == ["SpeechStarted", "BargeIn", "Utterance"]
    assert line.all(events.SpeechStarted) == [events.SpeechStarted(3000, over_prompt=True)]
    assert line.all(events.BargeIn) == [events.BargeIn(3280, "speech")]
    (utterance,) = line.all(events.Utterance)
    assert (utterance.start_ms, utterance.end_ms, utterance.over_prompt, utterance.answers) == (3000, 4500, True, True)
    assert utterance.pcm[0] == (3000 - 300) // 20


def test_a_prompt_that_does_not_stop_at_once_is_cut_only_once() -> None:
    line = Timeline(prompt=(0, 8000), speech=[(3000, 4500)], cuttable=False).run(9000, MENU)
    assert len(line.all(events.BargeIn)) == 1
    assert line.all(events.Utterance)[0].answers


@pytest.mark.parametrize("length_ms", [120, 200, 280])
def test_a_cough_does_not_cut_the_prompt_and_is_no_answer(length_ms: float) -> None:
    line = Timeline(prompt=(0, 8000), speech=[(3000, 3000 + length_ms)]).run(14_000, MENU)
    assert line.heard == [
        events.SpeechStarted(3000, over_prompt=True),
        events.SpeechDropped(3600 + length_ms, "brief"),
        events.NoInput(13_000),
    ]


def test_coughs_do_not_add_up() -> None:
    coughs = [(at, at + 160) for at in range(1000, 7000, 500)]
    line = Timeline(prompt=(0, 8000), speech=coughs).run(8000, MENU)
    assert not line.all(events.BargeIn)


def test_speech_that_began_before_the_prompt_cuts_it_only_by_going_on() -> None:
    line = Timeline(speech=[(100, 3000)], prompt=(1000, 8000)).run(980).run(9000, MENU)
    assert line.all(events.BargeIn) == [events.BargeIn(1280, "speech")]


@pytest.mark.parametrize("barge_in", [BargeIn.OFF, BargeIn.DTMF])
def test_speech_over_a_prompt_that_it_may_not_cut_is_no_answer(barge_in: BargeIn) -> None:
    line = Timeline(prompt=(0, 8000), speech=[(3000, 4500)], barge_in=barge_in).run(14_000, MENU)
    assert line.heard == [
        events.SpeechStarted(3000, over_prompt=True),
        events.SpeechDropped(5100, "not_allowed"),
        events.NoInput(13_000),
    ]


@pytest.mark.parametrize("barge_in", [BargeIn.OFF, BargeIn.DTMF])
@pytest.mark.parametrize("span", [(7000, 9000), (6800, 7900)], ids=["still speaking", "just finished"])
def test_who_answers_a_little_early_is_heard_from_the_beginning(barge_in: BargeIn, span: tuple[float, float]) -> None:
    line = Timeline(prompt=(0, 8000), speech=[span], barge_in=barge_in).run(14_000, MENU)
    assert line.names() == ["SpeechStarted", "Utterance"]
    (utterance,) = line.all(events.Utterance)
    assert (utterance.start_ms, utterance.end_ms, utterance.over_prompt) == (*span, True)
    assert utterance.pcm[0] == (span[0] - 300) // 20


def test_over_a_keyword_prompt_every_utterance_is_handed_out_and_the_question_stays_open() -> None:
    spans = [(1000, 2000), (4000, 5000), (9000, 10_000)]
    line = Timeline(prompt=(0, 8000), speech=spans, barge_in=BargeIn.KEYWORD).run(14_000, MENU)
    assert [heard.answers for heard in line.all(events.Utterance)] == [False, False, True]
    assert [(heard.start_ms, heard.end_ms) for heard in line.all(events.Utterance)] == spans
    assert not line.all(events.BargeIn)


@pytest.mark.parametrize("barge_in", [BargeIn.SPEECH, BargeIn.KEYWORD, BargeIn.OFF])
def test_an_echo_of_the_prompt_is_no_speech(barge_in: BargeIn) -> None:
    line = Timeline(prompt=(0, 8000), speech=[(0, 7900)], quiet=True, barge_in=barge_in).run(14_000, MENU)
    assert line.heard == [events.NoInput(13_000)]


def test_what_may_be_a_back_channel_is_handed_out_and_the_prompt_and_the_question_go_on() -> None:
    line = Timeline(prompt=(0, 8000), speech=[(3000, 3500)], backchannel=True).run(14_000, MENU)
    assert line.names() == ["SpeechStarted", "Utterance", "NoInput"]
    (utterance,) = line.all(events.Utterance)
    assert (utterance.start_ms, utterance.end_ms, utterance.over_prompt, utterance.answers) == (3000, 3500, True, False)
    (pause,) = line.all(events.Paused)
    assert (pause.start_ms, pause.end_ms) == (3000, 3500)


def test_what_goes_on_for_600_ms_is_no_back_channel() -> None:
    line = Timeline(prompt=(0, 8000), speech=[(3000, 4500)], backchannel=True).run(9000, MENU)
    assert line.all(events.BargeIn) == [events.BargeIn(3580, "speech")]
    assert [utterance.answers for utterance in line.all(events.Utterance)] == [True]


@pytest.mark.parametrize("barge_in", [BargeIn.OFF, BargeIn.DTMF])
def test_where_speech_may_not_cut_a_back_channel_is_no_answer_either(barge_in: BargeIn) -> None:
    line = Timeline(prompt=(0, 8000), speech=[(3000, 3500)], backchannel=True, barge_in=barge_in).run(8000, MENU)
    assert line.all(events.SpeechDropped) == [events.SpeechDropped(4100, "not_allowed")]


def test_a_back_channel_before_the_tone_is_no_message() -> None:
    line = Timeline(prompt=(0, 8000), speech=[(3000, 3500)], backchannel=True).run(8000, LEAVE)
    assert line.names() == ["SpeechStarted", "SpeechDropped"]


@pytest.mark.parametrize("barge_in", [BargeIn.SPEECH, BargeIn.KEYWORD, BargeIn.DTMF])
def test_what_was_taken_for_speech_until_it_was_known_as_an_echo_is_dropped(barge_in: BargeIn) -> None:
    played = np.random.default_rng(1).normal(0, 3000, (100, FRAME_SAMPLES)).astype(np.int16)
    detector = ScriptedDetector(speech=True, level_dbfs=-30.0)
    listener = Listener(detector, BargeInJudge(lambda _: False))
    listener.arm(MENU, 0)
    heard: list[events.ListenEvent] = []
    for number, frame in enumerate(played):
        listener.prompt(True, barge_in)
        came_in = played[number - 6] // 5 if number >= 6 else SILENCE  # 120 ms late, 14 dB down
        detector.speech = number >= 6
        if number >= 20:
            detector.level_dbfs = -55.0  # the canceller has found it
        heard += listener.tick(number * 20, came_in)
        listener.played(frame)
    assert [type(event).__name__ for event in heard] == ["SpeechStarted", "SpeechDropped"]
    assert heard[1] == events.SpeechDropped(heard[1].at_ms, "echo")
    assert heard[1].at_ms < 500


def test_a_faint_caller_is_heard_when_the_prompt_is_over() -> None:
    line = Timeline(prompt=(0, 3000), speech=[(4000, 5000)], quiet=True).run(9000, MENU)
    assert line.names() == ["SpeechStarted", "Utterance"]


def test_after_a_false_stop_the_question_can_be_opened_again() -> None:
    line = Timeline(prompt=(0, 8000), speech=[(1000, 2000), (5000, 6000)]).run(3000, MENU)
    assert line.names() == ["SpeechStarted", "BargeIn", "Utterance"]
    line._cut = False
    line.run(14_000, MENU)
    assert line.names() == ["SpeechStarted", "BargeIn", "Utterance"] * 2


# ----------------------------------------------------------------------------------------------------------------- keys


def test_a_key_is_the_answer_at_once_where_one_is_enough() -> None:
    line = Timeline(keys={1000: "2"}).run(9000, MENU)
    assert line.heard == [
        events.KeyPressed("2", 1000),
        events.KeysEntered("2", "length", start_ms=1000, end_ms=1000, ended_at_ms=1000),
    ]


@pytest.mark.parametrize("barge_in", [BargeIn.DTMF, BargeIn.SPEECH, BargeIn.KEYWORD])
def test_a_key_cuts_the_prompt_and_is_not_lost(barge_in: BargeIn) -> None:
    line = Timeline(prompt=(0, 8000), keys={1000: "2"}, barge_in=barge_in).run(9000, MENU)
    assert line.names() == ["KeyPressed", "BargeIn", "KeysEntered"]
    assert line.all(events.BargeIn) == [events.BargeIn(1000, "keys")]
    assert line.all(events.KeysEntered)[0].digits == "2"


def test_a_key_over_a_prompt_that_nothing_cuts_counts_when_it_ends() -> None:
    line = Timeline(prompt=(0, 8000), keys={1000: "2"}, barge_in=BargeIn.OFF).run(9000, MENU)
    assert line.heard == [
        events.KeyPressed("2", 1000),
        events.KeysEntered("2", "length", start_ms=1000, end_ms=1000, ended_at_ms=8000),
    ]


def test_a_long_number_over_the_prompt_arrives_whole() -> None:
    keys = {1000 + 200 * place: key for place, key in enumerate("13800138000")}
    line = Timeline(prompt=(0, 8000), keys=keys).run(9000, NUMBER)
    assert [entered.digits for entered in line.all(events.KeysEntered)] == ["13800138000"]
    assert len(line.all(events.BargeIn)) == 1
    assert line.all(events.KeysEntered)[0].start_ms == 1000
    assert line.all(events.KeysEntered)[0].end_ms == 3000


def test_a_prompt_that_does_not_stop_at_once_is_cut_only_once_by_keys() -> None:
    line = Timeline(prompt=(0, 8000), keys={1000: "1", 1200: "2"}, cuttable=False).run(3000, NUMBER)
    assert len(line.all(events.BargeIn)) == 1


def test_the_wait_between_digits_begins_with_the_key_that_cut_the_prompt() -> None:
    line = Timeline(prompt=(0, 8000), keys={1000: "1"}).run(9000, NUMBER)
    assert line.all(events.KeysEntered) == [events.KeysEntered("1", "timeout", 1000, 1000, ended_at_ms=4000)]


def test_keys_pressed_ahead_answer_one_question_after_another() -> None:
    line = Timeline(prompt=(2000, 8000), keys={500: "1", 700: "2", 900: "3"}).run(2000)
    line.run(2020, MENU).run(2040, MENU).run(2060, MENU).run(9000)
    assert [entered.digits for entered in line.all(events.KeysEntered)] == ["1", "2", "3"]


def test_two_keys_in_one_frame_keep_their_order() -> None:
    line = Timeline(keys={1000: "98"}).run(1020, MENU).run(9000, MENU)
    assert [entered.digits for entered in line.all(events.KeysEntered)] == ["9", "8"]


def test_a_key_wins_over_speech_under_way() -> None:
    line = Timeline(speech=[(1000, 4000)], keys={2000: "1"}).run(20_000, MENU)
    assert line.names() == ["SpeechStarted", "KeyPressed", "SpeechDropped", "KeysEntered"]
    assert line.all(events.SpeechDropped) == [events.SpeechDropped(2000, "keys")]


def test_a_key_in_the_frame_that_ends_the_utterance_wins() -> None:
    line = Timeline(speech=[(1000, 2000)], keys={2580: "1"}).run(9000, MENU)
    assert not line.all(events.Utterance)
    assert [entered.digits for entered in line.all(events.KeysEntered)] == ["1"]


def test_speech_between_two_keys_is_not_heard() -> None:
    question = Listen(node="n", keys=KeyEntry(max_digits=2))
    line = Timeline(speech=[(1200, 1800)], keys={1000: "1", 3000: "2"}).run(9000, question)
    assert [entered.digits for entered in line.all(events.KeysEntered)] == ["12"]
    assert not line.all(events.Utterance)


def test_no_input_is_not_reported_while_digits_come() -> None:
    keys = {4800 + 2900 * place: key for place, key in enumerate("1234")}
    question = Listen(node="n", keys=KeyEntry(min_digits=4, max_digits=4), timeout_ms=5000)
    line = Timeline(keys=keys).run(30_000, question)
    assert line.names()[-1] == "KeysEntered"
    assert not line.all(events.NoInput)


def test_a_half_made_entry_is_forgotten_when_another_question_opens() -> None:
    line = Timeline(keys={1000: "1", 3000: "2"}).run(2000, NUMBER).run(9000, MENU)
    assert [entered.digits for entered in line.all(events.KeysEntered)] == ["2"]


def test_waiting_means_a_question_whose_prompt_is_over() -> None:
    listener = Listener(ScriptedDetector())
    assert not listener.waiting
    listener.arm(MENU, 0)
    assert listener.waiting
    listener.prompt(True, BargeIn.SPEECH)
    assert not listener.waiting
    assert listener.armed
    listener.prompt(False)
    listener.tick(0, SILENCE, ("5",))
    assert not listener.armed


# ------------------------------------------------------------------------------------------------------------- messages

LEAVE = Record("leave", timeout_ms=8000, speech_timeout_ms=4000, max_speech_ms=60_000)


def the_message(line: Timeline) -> events.Message:
    (message,) = line.all(events.Message)
    assert not line.all(events.Utterance)
    assert not line.listener.armed
    return message


def test_a_message_goes_on_over_pauses_and_ends_with_a_longer_silence() -> None:
    line = Timeline(speech=[(1000, 4000), (7900, 12_000)]).run(30_000, LEAVE)
    message = the_message(line)
    assert (message.start_ms, message.end_ms, message.ended_at_ms) == (1000, 12_000, 16_000)
    assert message.keys is None
    assert np.array_equal(message.pcm[::FRAME_SAMPLES], np.arange(700 // 20, 12_200 // 20))


def test_the_finish_key_ends_a_message_and_is_part_of_it() -> None:
    line = Timeline(speech=[(1000, 6000)], keys={6200: "#"}).run(12_000, LEAVE)
    message = the_message(line)
    assert (message.start_ms, message.end_ms, message.ended_at_ms) == (1000, 6000, 6220)
    assert message.keys is not None
    assert (message.keys.digits, message.keys.finished_by) == ("", "finish_key")
    assert line.names() == ["SpeechStarted", "KeyPressed", "Message"]


def test_another_key_in_the_middle_of_a_word_keeps_what_was_said_before_it() -> None:
    line = Timeline(speech=[(1000, 9000)], keys={3000: "0"}).run(4000, LEAVE)
    message = the_message(line)
    assert (message.start_ms, message.end_ms) == (1000, 3000)
    assert message.keys is not None
    assert message.keys.digits == "0"


@pytest.mark.parametrize(("key", "digits"), [("#", ""), ("*", "*")])
def test_a_key_without_a_word_is_only_a_key(key: str, digits: str) -> None:
    line = Timeline(keys={2000: key}).run(12_000, LEAVE)
    (entered,) = line.all(events.KeysEntered)
    assert entered.digits == digits
    assert not line.all(events.Message)


def test_no_message_is_no_input() -> None:
    assert Timeline().run(20_000, LEAVE).heard == [events.NoInput(8000)]


def test_a_message_of_three_minutes_is_kept_whole_and_cut_at_its_longest_time() -> None:
    line = Timeline(speech=[(1000, 400_000)]).run(200_000, Record("leave", max_speech_ms=180_000))
    message = the_message(line)
    assert message.end_ms == 181_000
    assert len(message.pcm) == (180_000 + 300) * 16


def test_a_caller_who_hangs_up_has_left_a_message() -> None:
    line = Timeline(speech=[(1000, 9000)]).run(3000, LEAVE)
    message = line.listener.hang_up(line.now_ms)
    assert isinstance(message, events.Message)
    assert (message.start_ms, message.end_ms) == (1000, 3000)
    assert line.listener.hang_up(line.now_ms) is None


@pytest.mark.parametrize("barge_in", [BargeIn.OFF, BargeIn.DTMF, BargeIn.KEYWORD])
def test_speech_before_the_tone_is_no_message_but_who_begins_early_is_heard_whole(barge_in: BargeIn) -> None:
    early = Timeline(speech=[(1000, 2000), (9500, 12_000)], prompt=(0, 10_000), barge_in=barge_in).run(20_000, LEAVE)
    message = the_message(early)
    assert (message.start_ms, message.end_ms) == (9500, 12_000)
    short = Timeline(speech=[(1000, 2000)], prompt=(0, 10_000), barge_in=barge_in).run(30_000, LEAVE)
    assert not short.all(events.Message)
    assert short.heard[-1] == events.NoInput(18_000)


def test_a_key_over_the_prompt_is_an_answer_and_the_speech_before_it_is_dropped() -> None:
    line = Timeline(speech=[(1000, 2000)], keys={1800: "0"}, prompt=(0, 10_000), barge_in=BargeIn.DTMF)
    line.run(20_000, LEAVE)
    assert not line.all(events.Message)
    (entered,) = line.all(events.KeysEntered)
    assert entered.digits == "0"


def test_who_talks_over_a_prompt_that_may_be_cut_leaves_the_message_then() -> None:
    line = Timeline(speech=[(2000, 5000)], keys={5100: "#"}, prompt=(0, 10_000)).run(20_000, LEAVE)
    message = the_message(line)
    assert (message.start_ms, message.end_ms) == (2000, 5000)
    assert len(line.all(events.BargeIn)) == 1
