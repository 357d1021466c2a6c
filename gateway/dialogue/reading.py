"""What an answer means at a question: one of its choices, a value for its slot, yes or no, or nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from asr.text import correct_digits, parse_number, parse_yes_no, strip_punctuation
from gateway.dialogue.actions import Heard, Keys, Outcome
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.slots import KINDS, NO_KEY, YES_KEY, Kind
from gateway.dialogue.stage import Stage
from gateway.dialogue.state import Reading

SHORT_REQUEST = 8
"""Only an utterance of at most this many characters can be a universal where free words are collected, and a mere yes
or no where one is an option: more words mean more than that.
"""


_NO_FIRST = re.compile(r"^(?:不是的?|不对|错了|不(?=[，、,。！!\s我]))+[啊呀吧哦]*[，、,。！!\s]*")
"""不转人工 is no no and a wish for 转人工."""


def is_denied(said: str) -> bool:
    """Whether something was read back that is wrong: 不对，是一三九 ..."""
    return parse_yes_no(said) is False or _NO_FIRST.match(said.strip()) is not None


class Reader:
    """Reads answers to the present question; changes nothing."""

    def __init__(self, stage: Stage, question: Question) -> None:
        self._today = stage.today
        self._flow = stage.flow
        self._name = stage.state.node
        self._settings = stage.flow.settings(question)
        self._choices = stage.flow.choices(self._name)
        self._collect = question if isinstance(question, Collect) else None
        self._slot_type = stage.flow.slots[question.slot].type if isinstance(question, Collect) else None
        self._refused = stage.state.barred

    def read(self, given: Heard | Keys) -> Reading | None:
        """None when it is no answer to this question."""
        return self._keyed(given.digits) if isinstance(given, Keys) else self._spoken(given)

    def confirmation(self, given: Heard | Keys, pending: Reading) -> Reading | bool | None:
        """The same, or yes or no, while `pending` waits for it; another answer counts as one (`不是，我要查流量`)."""
        if isinstance(given, Keys):
            return given.digits == YES_KEY if given.digits in {YES_KEY, NO_KEY} else self.read(given)
        agreed = parse_yes_no(given.text)
        # beside a yes or a no, what else it may have been doesn't count: 是 sounds like 十
        reading = self.read(given if agreed is None else Heard(given.text, given.confidence))
        corrected = self._corrected(given, pending.value)
        if corrected and not (reading and reading.is_value and reading.value == corrected.value):
            reading = corrected
        if not agreed and not (reading and reading.is_value):
            instead = self._instead(given)
            if instead and (instead.matched, instead.value) == (pending.matched, pending.value):
                return False  # 不查话费, to 您是要查话费吗
            reading = instead or reading
        if agreed is None or (reading and self._is_other(reading, pending)):
            return reading
        return agreed

    def _instead(self, heard: Heard) -> Reading | None:
        """What follows a no: 不是，我要查流量. Nobody refuses at a confirmation what wasn't asked."""
        wanted, refused = _NO_FIRST.subn("", heard.text.strip())
        return self.read(Heard(wanted, heard.confidence)) if refused and wanted else None

    @staticmethod
    def _is_other(reading: Reading, pending: Reading) -> bool:
        """Not so for a bare 是的, though a menu may have 是的 among its phrases."""
        if reading.is_value:
            return bool(reading.value != pending.value)
        return reading.sure and reading.matched != pending.matched and parse_yes_no(reading.phrase or "") is None

    def _keyed(self, digits: str) -> Reading | None:
        if self._collect and self._kind:
            value = self._kind.keyed(digits, self._today)
            if self._fits(value):
                sure = self._settings.confirm != "always"
                return Reading(self._collect.slot, 1.0, sure, is_value=True, value=value)
        pressed = next((choice for choice in self._choices.values() if digits and choice.key == digits), None)
        if pressed is None:
            return None
        of_a_slot = self._collect is not None and pressed.value is not None
        sure = not of_a_slot or self._settings.confirm != "always"
        return self._chosen(Reading(pressed.name, 1.0, sure))

    def _spoken(self, heard: Heard) -> Reading | None:
        value = self._spoken_value(heard)
        if value and self._kind and self._kind.by_digits:  # a number outweighs any phrase that it may sound like
            return value
        if self._slot_type == "text" and len(strip_punctuation(heard.text)) > SHORT_REQUEST:
            return value
        choice = self._spoken_score(heard) or self._spoken_choice(heard)
        meant = self._yes_or_no(heard)
        if meant and (not (choice and choice.sure) or self._contradict(choice, meant)):
            choice = meant
        return choice if choice and (choice.sure or not value) else value

    def _spoken_choice(self, heard: Heard) -> Reading | None:
        match = self._flow.matcher(self._name).match(heard.text, heard.alternatives, heard.confidence)
        if match.option is None or match.outcome not in {Outcome.ACCEPT, Outcome.CONFIRM}:
            return None
        sure = match.outcome is Outcome.ACCEPT
        choice = self._choices[match.option]
        if choice.is_option or choice.value is not None:
            sure = {"always": False, "never": True}.get(self._settings.confirm, sure)
        return self._chosen(Reading(match.option, match.score, sure, match.phrase))

    def _spoken_score(self, heard: Heard) -> Reading | None:
        """To a survey, a bare number is a score."""
        score = parse_number(heard.text) if len(strip_punctuation(heard.text)) == 1 else None
        choice = self._choices.get(str(score))
        return Reading(choice.name, heard.confidence, sure=True) if choice and isinstance(choice.value, int) else None

    def _chosen(self, reading: Reading) -> Reading:
        """Of a choice slot's options: the value that it stands for."""
        value = self._choices[reading.matched].value
        if self._collect is None or value is None:
            return reading
        return replace(reading, matched=self._collect.slot, is_value=True, value=value)

    def _yes_or_no(self, heard: Heard) -> Reading | None:
        short = len(strip_punctuation(heard.text)) <= SHORT_REQUEST
        agreed = parse_yes_no(heard.text) if short else None
        meant = {True: "yes", False: "no", None: ""}[agreed]
        name = next((choice.name for choice in self._choices.values() if choice.means == meant), None)
        return Reading(name, 1.0, sure=self._settings.confirm != "always", phrase=heard.text) if name else None

    def _contradict(self, choice: Reading, meant: Reading) -> bool:
        """`不对，不是这个号码` has the words of 用这个号码 and is a no all the same.

        A phrase said to the letter stands.
        """
        if strip_punctuation(meant.phrase or "") in self._choices[choice.matched].phrases:
            return False
        return {self._choices[choice.matched].means, self._choices[meant.matched].means} == {"yes", "no"}

    def _spoken_value(self, heard: Heard) -> Reading | None:
        if not self._collect or not self._kind:
            return None
        if corrected := self._corrected(heard, self._refused[-1] if self._refused else None):
            return corrected
        readings = [self._kind.spoken(text, self._today) for text in (heard.text, *heard.alternatives)]
        values = [value for value in readings if self._fits(value)]
        if not values:
            return None
        value = self._first_not_refused(values)
        certain = heard.confidence >= self._settings.accept_score and not self._refused
        sure = {"always": False, "never": True}.get(self._settings.confirm, certain)
        can_be_confirmed = self._kind.says is not None
        return Reading(self._collect.slot, heard.confidence, sure or not can_be_confirmed, is_value=True, value=value)

    def _corrected(self, heard: Heard, wrong: object) -> Reading | None:
        """The number that was read back, its wrong part put right (不是，后四位是一二三四); to be confirmed again."""
        if not (self._collect and self._kind and self._kind.says == "digits" and isinstance(wrong, str)):
            return None
        values = [self._put_right(wrong, text) for text in (heard.text, *heard.alternatives)]
        if values[0] is None:
            return None
        value = self._first_not_refused([value for value in values if value is not None])
        sure = self._settings.confirm == "never"
        return Reading(self._collect.slot, heard.confidence, sure, is_value=True, value=value)

    def _first_not_refused(self, values: Sequence[object]) -> object:
        """Who repeats a number sounds as before: then the next likeliest, unless it could be nothing else."""
        return next((value for value in values if value not in self._refused), values[0])

    def _put_right(self, wrong: str, said: str) -> object | None:
        corrected = correct_digits(wrong, said)
        value = self._kind.keyed(corrected.replace("X", "*"), self._today) if corrected and self._kind else None
        return value if self._fits(value) else None

    @property
    def _kind(self) -> Kind | None:
        return KINDS[self._slot_type] if self._slot_type else None

    def _fits(self, value: object) -> bool:
        if self._collect and self._kind and self._kind.by_digits and isinstance(value, str):
            return self._collect.min_digits <= len(value) <= self._collect.max_digits
        return value is not None
