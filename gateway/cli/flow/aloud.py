"""Test dialogues as whole calls: the callers' lines spoken through a telephone line into the real recogniser."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from asr.weights import cache_root
from gateway.app import Gateway
from gateway.call.lookups import LookupProvider
from gateway.clock import VirtualClock
from gateway.desk.dialogues.backend import CaseLookups, Samples, profile_lookups
from gateway.desk.dialogues.caller import AloudCaller, Wits
from gateway.desk.dialogues.examiner import Account, Examiner
from gateway.desk.dialogues.line import TelephoneLine
from gateway.desk.dialogues.load import TestDialogue
from gateway.desk.dialogues.model import DEFAULT_CLOCK
from gateway.desk.dialogues.text import Held, TextStage, number_of
from gateway.desk.dialogues.voices import Voices
from gateway.dialogue.actions import Understood
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.state import STANDARD
from gateway.engines import open_engine
from gateway.hotline import Hotline
from gateway.prompts.synthesis import Progress
from gateway.records import Records
from gateway.settings import Settings
from gateway.store import Store
from gateway.transport.leg import LegInfo

_VOICES = "callers"
"""Folder in the cache."""


class _Switchboard:
    """The hotline's back end, which is another one with every dialogue; and its clock."""

    def __init__(self) -> None:
        self.provider: LookupProvider | None = None
        self.clock = DEFAULT_CLOCK

    async def lookup(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Raises LookupFailedError."""
        if self.provider is None:
            raise RuntimeError("no dialogue is being held")
        return await self.provider.lookup(name, arguments)

    def now(self) -> dt.datetime:
        """The present dialogue's moment."""
        return self.clock


class AloudStage:
    """Holds a hotline's dialogues as calls on virtual time, one after another.

    Args:
        snr_db: how far the line's noise is below the speech.
        progress: told how many of the callers' lines have been spoken.

    Raises:
        PromptError: the hotline has sentences that nobody recorded, or a caller's line can't be said.
        AudioFileError: a caller's recording can't be heard.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        dialogues: Sequence[TestDialogue],
        *,
        snr_db: float,
        progress: Progress,
    ) -> None:
        self._settings = settings
        self._dialogues = dialogues
        self._switchboard = _Switchboard()
        self._hotline = replace(Hotline.load(settings, name), lookups=self._switchboard)
        self._samples = Samples(settings.flows_dir / name)
        self._profiles = profile_lookups(self._hotline.flow.flow)
        self._in_text = TextStage(self._hotline.flow, self._samples)
        self._line = TelephoneLine(snr_db)
        self._voices = Voices(settings.synthesiser, cache_root() / _VOICES)
        self._voices.prepare([dialogue for dialogue in dialogues if not _why_not(dialogue)], progress)

    async def hold_all(self, show: Callable[[Held], None]) -> None:
        """Each dialogue in turn.

        Raises:
            SpeechError, StoreError, RecordingError: as for any call.
        """
        with tempfile.TemporaryDirectory(prefix="voice-gateway-") as folder:
            engine, records = open_engine(self._settings), Records(Store.open(Path(folder)))
            async with Gateway(self._settings, self._hotline, engine, records, now=self._switchboard.now) as gateway:
                for dialogue in self._dialogues:
                    why_not = _why_not(dialogue)
                    show(Held(dialogue, None, skipped=why_not) if why_not else await self._call(gateway, dialogue))

    def _meant(self, dialogue: TestDialogue) -> dict[int, Understood]:
        """How each act is taken in text, by the step's identity: the same words may stand in two places."""
        acts = [step for step in dialogue.case.steps for _ in range(step.silent or 1) if step.act]
        exchanges = self._in_text.hold(dialogue).exchanges[1:]
        taken = zip(acts, exchanges, strict=False)
        return {id(step): exchange.understood[0] for step, exchange in taken if exchange.understood}

    async def _call(self, gateway: Gateway, dialogue: TestDialogue) -> Held:
        case, flow = dialogue.case, self._hotline.flow
        self._switchboard.clock = case.clock or DEFAULT_CLOCK
        lookups = CaseLookups(case, self._samples.fresh(self._switchboard.now), self._profiles)
        self._switchboard.provider = lookups
        examiner = Examiner(dialogue)
        meant = self._meant(dialogue)
        wits = Wits(
            lambda step: self._voices.sound(dialogue, step),
            self._voices.yes,
            lambda node: isinstance(flow.node(node, STANDARD), Question),
            lambda step: meant.get(id(step)),
        )
        info = LegInfo(number_of(case, self._samples), flow.flow.flow, "loopback")
        caller = AloudCaller(examiner, wits, self._line, info)
        ended = await gateway.take(caller, VirtualClock(), caller.tell)
        ending = caller.finish(ended)
        examiner.finish(Account(ending, ended.mode, ended.slots, ended.path, lookups.tickets, caller.survey))
        return Held(dialogue, examiner.difference, repeats=caller.repeats, tell=lambda: caller.lines)


def _why_not(dialogue: TestDialogue) -> str:
    """Why it can't be held as a call; empty when it can."""
    if dialogue.case.agents == "none":
        return "转接失败只能在文字测试里试"
    if any(step.confidence is not None for step in dialogue.case.steps):
        return "识别把握只能在文字测试里指定"
    return ""
