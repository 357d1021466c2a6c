"""What the caller says over a prompt: an answer, or only that they listen, or the prompt itself coming back."""

from __future__ import annotations

from asr.engine import Transcript
from asr.text import strip_punctuation
from gateway.dialogue.actions import BargeIn, Listen
from gateway.prompts.player import Player
from gateway.speech.events import SpeechStarted, Utterance
from gateway.speech.words import is_backchannel, resembles

_LEAST_CONFIDENCE = 0.35
"""A dialogue only asks about what the recogniser believes less. Over the menu 哦，好的 became 炮灯 or 费余额, with 0.2
to 0.3."""


class Overheard:
    """Follows one call's speech over its prompts. Pure."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._prompt_text = ""
        self._left_ms: float | None = None
        self._keyword_only = False
        self.uncut = False
        """What is being recognised has not cut the prompt: it does when it has a keyword, or says something."""

    def prompt_started(self, text: str) -> None:
        """The prompt that is said from now on."""
        self._prompt_text = text

    def speech_started(self, speech: SpeechStarted) -> None:
        """The caller began to speak, over a prompt of which so much was left, or over none."""
        self._left_ms = self._player.left_ms if speech.over_prompt else None

    def take(self, said: Utterance) -> None:
        """An utterance is over, and its words are to come."""
        self.uncut = not said.answers
        self._keyword_only = self.uncut and self._player.barge_in is BargeIn.KEYWORD

    def convinces(self, question: Listen, heard: Transcript) -> bool:
        """Whether these words mean something to the question; without words nothing does."""
        text = heard.text
        if self._keyword_only:
            return any(word in text for word in question.keywords)
        if self._left_ms is None or not text:
            return bool(text)
        if self.uncut and _is_too_little(heard, question):
            return False
        yes_no = question.answer is not None and question.answer.kind == "yes_no"
        listens = is_backchannel(text, yes_no=yes_no, prompt_left_ms=self._left_ms)
        return not listens and not resembles(text, self._prompt_text, question.hints)


def _is_too_little(heard: Transcript, question: Listen) -> bool:
    """What sounded like a back-channel and can't be understood is one; so is a syllable that no menu has (去 for 是).

    Then the prompt goes on, and whoever wanted something says it again.
    """
    said = strip_punctuation(heard.text)
    foreign_syllable = len(said) == 1 and question.answer is None and said not in question.hints
    return foreign_syllable or heard.confidence < _LEAST_CONFIDENCE
